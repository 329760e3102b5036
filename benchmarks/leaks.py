"""The search for secrets in 200 changed files: seconds, ratio to `git log --patch` alone, recall on a planted set."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.git import commit, git, repository
from support.planted import look_alikes, secrets
from terrace.adapters.git.patches import log_args, patches_between
from terrace.checks.secrets.model import Leak, fingerprints, leaks

FILES, SEEDS = 200, 25


def main() -> None:
    """Plant, measure, print."""
    with tempfile.TemporaryDirectory(prefix="terrace-benchmark-") as place:
        work = repository(Path(place) / "work")
        base = git(work, "rev-parse", "HEAD")
        commit(work, {f"stacks/s{n}/main.tf": _file(n) for n in range(FILES)})
        head = git(work, "rev-parse", "HEAD")
        began = time.monotonic()
        subprocess.run(["git", "-C", work, *log_args(f"{base}..{head}")], check=True, capture_output=True)
        plain = time.monotonic() - began
        began = time.monotonic()
        quiet = _found(work, base, head)
        took = time.monotonic() - began
        planted = {
            f"{seed}/{number}/{path}": (kind, text)
            for seed in range(SEEDS)
            for number, (kind, path, text) in enumerate(secrets(seed).values())
        }
        commit(work, {path: f"{text}\n" for path, (_, text) in planted.items()})
        found = {(leak.path, leak.kind.name) for leak in _found(work, head, git(work, "rev-parse", "HEAD"))}
        right = sum((path, kind) in found for path, (kind, _) in planted.items())
    print(f"{FILES} files, {sum(len(_file(n)) for n in range(FILES)) / 1e6:.1f} MB of Terraform and look-alikes")
    print(f"{took:.2f} s   ratio to git log --patch alone {took / plain:.1f}   false alarms {len(quiet)}")
    print(f"recall {right / len(planted):.3f} ({right} of {len(planted)} planted, {len(found)} told)")


def _found(work: Path, base: str, head: str) -> list[Leak]:
    return list(leaks(patches_between(work, base, head), fingerprints(b"benchmark")))


def _file(number: int) -> str:
    """A file of a usual size: resources, and every look-alike."""
    block = 'resource "aws_s3_bucket" "b{0}" {{\n  bucket = "app-{0}"\n  tags = {{ secret_name = "s{0}" }}\n}}\n'
    likes = "\n".join(text for _, text in look_alikes(number).values() if "getpass" not in text)
    return "".join(block.format(n) for n in range(60)) + likes + "\n"


if __name__ == "__main__":
    main()
