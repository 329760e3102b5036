"""`terrace check` and `terrace drift` over many stacks, against `terraform plan` of the same stacks.

The plain way is measured twice: one stack after another, and as many at a time as Terrace uses. Everything is
initialised before the clock starts, for both. Prints seconds, ratios and the peak memory of all processes together.

    python benchmarks/fleet.py [--stacks 30,300] [--plain 30] [--at-once N]

The plain way over 300 stacks takes a quarter of an hour: `--plain` of them are measured, and the time is scaled.
"""

from __future__ import annotations

import argparse
import base64
import compileall
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import terrace
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.adapters.host import FAST_LANE_MEMORY, concurrent_processes
from terrace.adapters.terraform.cli_config import cli_config

STACK = """\
terraform {{
  required_providers {{
    aws = {{
      source = "hashicorp/aws"
    }}
  }}
  backend "s3" {{
    bucket         = "fleet-states"
    key            = "{name}/terraform.tfstate"
    region         = "eu-central-1"
    use_path_style = true
  }}
}}

provider "aws" {{}}

module "service" {{
  source = "../../../modules/service"
  prefix = "{name}"
}}
"""

MODULE = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "prefix" {
  type = string
}

resource "aws_ssm_parameter" "setting" {
  count = 3
  name  = "/${var.prefix}/setting-${count.index}"
  type  = "String"
  value = "first"
}
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """How long something took, and how much memory all its processes had at once at most."""

    seconds: float
    peak: int


def main() -> None:
    """Measure every size in turn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stacks", default="30,300")
    parser.add_argument("--plain", type=int, default=30)
    parser.add_argument("--at-once", type=int, default=concurrent_processes(FAST_LANE_MEMORY))
    given = parser.parse_args()
    # What is installed is compiled.
    compileall.compile_dir(Path(terrace.__file__).parent, quiet=1)
    for number in (int(part) for part in given.stacks.split(",")):
        with tempfile.TemporaryDirectory(prefix="terrace-fleet-") as place, EmbeddedAws() as aws:
            aws.make_bucket("fleet-states")
            _compare(Path(place), aws, number, min(given.plain, number), given.at_once)


def _compare(place: Path, aws: EmbeddedAws, number: int, plain: int, at_once: int) -> None:
    repository = place / "fleet"
    names = [f"s{i:03}" for i in range(number)]
    folders = _lay(repository, names, aws, at_once)
    env = _environment(place, aws)
    _committed(repository, place, env)
    # What is compared is a fleet that stands: every stack is deployed, and nothing is to be done.
    program = [sys.executable, "-P", "-m", "terrace"]
    # An emulated cloud on a busy machine refuses one creation in a thousand; then the rest is deployed once more.
    if subprocess.run([*program, "deploy", "dev"], cwd=repository, env=env, capture_output=True).returncode != 0:
        _run([*program, "deploy", "dev"], repository, env)
    config = {"TF_CLI_CONFIG_FILE": str(cli_config(os.environ, place / "cache").path)}
    usual = {**os.environ, **aws.variables, **config, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    some = folders[:plain]
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda folder: _run(["terraform", "init", "-input=false"], folder, usual), some))
    plan = ["terraform", "plan", "-input=false", "-lock=false"]
    scale = number / plain
    with _measuring() as serial:
        for folder in some:
            _run(plan, folder, usual)
    with _measuring() as parallel, ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda folder: _run(plan, folder, usual), some))
    said = "" if plain == number else f" ({plain} measured, scaled)"
    one, many = serial[0], parallel[0]
    print(f"{number} stacks, 3 resources each; {at_once} at a time")
    print(f"  plan, one after another {one.seconds * scale:7.1f} s{said}, {one.peak >> 20} MB")
    print(f"  plan, {at_once} at a time       {many.seconds * scale:7.1f} s{said}, {many.peak >> 20} MB")
    module = repository / "modules/service/main.tf"
    module.write_text(module.read_text() + "\n# The same, in other words.\n")
    for what, argv in (("check", ["check", "--json"]), ("drift", ["drift", "dev", "--json"])):
        with _measuring() as ours:
            _run([*program, *argv], repository, env)
        mine = ours[0]
        serially, side_by_side = mine.seconds / one.seconds / scale, mine.seconds / many.seconds / scale
        print(
            f"  terrace {what:6}          {mine.seconds:7.1f} s, {mine.peak >> 20} MB"
            f"   ratio {serially:.2f} of one after another, {side_by_side:.2f} of {at_once} at a time"
        )


def _lay(repository: Path, names: list[str], aws: EmbeddedAws, at_once: int) -> list[Path]:
    files = {f"environments/dev/{name}/main.tf": STACK.format(name=name) for name in names}
    files["modules/service/main.tf"] = MODULE
    variables = ", ".join(aws.variables)
    files["terrace.yaml"] = (
        f"version: 1\nterraform: {{fast: auto, parallel: {at_once}}}\nenvironments:\n  dev: {{env: [{variables}]}}\n"
    )
    for name, text in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [repository / "environments/dev" / name for name in names]


def _environment(place: Path, aws: EmbeddedAws) -> dict[str, str]:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {**os.environ, **aws.variables, "TERRACE_HOME": str(place / "home"), "TERRACE_BACKUP_KEY": key}


def _committed(repository: Path, place: Path, env: Mapping[str, str]) -> None:
    for argv in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "ann"),
        ("config", "user.email", "ann@example.com"),
        ("add", "--all"),
        ("commit", "--quiet", "-m", "first"),
        ("init", "--quiet", "--bare", "--initial-branch=main", str(place / "remote.git")),
        ("remote", "add", "origin", str(place / "remote.git")),
        ("push", "--quiet", "origin", "main"),
    ):
        _run(["git", *argv], repository, env)
    (repository / ".git/info/exclude").write_text(".terraform*\n")


@contextmanager
def _measuring() -> Iterator[list[Measured]]:
    """Time what happens, and look all the while how much memory our descendants have."""
    found: list[Measured] = []
    peak = 0
    over = threading.Event()

    def look() -> None:
        nonlocal peak
        while not over.wait(0.1):
            peak = max(peak, _memory())

    thread = threading.Thread(target=look)
    thread.start()
    began = time.monotonic()
    yield found
    seconds = time.monotonic() - began
    over.set()
    thread.join()
    found.append(Measured(seconds, peak))


def _memory() -> int:
    """Memory of every descendant that no other process has too (proportional set size), without the emulated cloud."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    below, fresh = set[int](), {os.getpid()}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - below
        below |= fresh
    total = 0
    for pid in below:
        try:
            if b"embedded_aws" in Path(f"/proc/{pid}/cmdline").read_bytes():
                continue
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def _run(argv: list[str], cwd: Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(argv, cwd=cwd, env=dict(env), capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout.decode()}\n{done.stderr.decode()}")


if __name__ == "__main__":
    main()
