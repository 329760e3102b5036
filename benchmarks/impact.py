"""Impact in a repository of 10,000 stacks and 2,000 modules, cold and warm, against `git diff --name-only` alone."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from terrace.adapters.git.facts_cache import FactsCache
from terrace.adapters.git.trees import GitTree
from terrace.apps.cli.main import collect_rarely
from terrace.config.model import Config, Environment
from terrace.stacks.discovery import discover
from terrace.stacks.graph import Graph
from terrace.stacks.impact import change_set_between
from terrace.stacks.inventory import Inventory

STACKS, MODULES, ENVIRONMENTS = 10_000, 2_000, 10


def main() -> None:
    """Generate, measure each way in turn, print seconds and ratios."""
    collect_rarely()
    with tempfile.TemporaryDirectory(prefix="terrace-benchmark-") as place:
        repository = Path(place) / "repository"
        base, head = _generated(repository)
        began = time.monotonic()
        _git(repository, "diff", "--name-only", base, head)
        plain = time.monotonic() - began
        cold, count = _measured(repository, base, head, FactsCache(Path(place) / "facts.db"))
        _forget_listings()
        warm, _ = _measured(repository, base, head, FactsCache(Path(place) / "facts.db"))
    print(f"{STACKS} stacks, {MODULES} modules; one module changed, {count} stacks impacted")
    print(f"cold {cold:.1f} s   warm {warm:.1f} s   ratio {warm / cold:.2f}   (git diff alone {plain:.2f} s)")


def _forget_listings() -> None:
    """As a new process would start."""
    for module in [name for name in sys.modules if name.startswith("terrace.adapters.git")]:
        for value in vars(sys.modules[module]).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def _measured(repository: Path, base: str, head: str, cache: FactsCache) -> tuple[float, int]:
    config = Config(environments=tuple(Environment(f"e{n}") for n in range(ENVIRONMENTS)))
    began = time.monotonic()
    inventories = []
    for commit in (base, head):
        tree = GitTree(repository, commit)
        stacks = discover(tree, config)
        inventories.append((Inventory(commit, config, stacks, Graph.of(tree, stacks, cache)), tree))
    (before, base_tree), (after, head_tree) = inventories
    found = change_set_between(before, after, base_tree, head_tree)
    return time.monotonic() - began, len(found.impacts)


def _generated(repository: Path) -> tuple[str, str]:
    """Two commits, made without a checkout."""
    chance = random.Random(1)
    files = {}
    for number in range(MODULES):
        calls = "".join(_call(f"../m{chance.randrange(number)}", n) for n in range(2)) if number > 50 else ""
        files[f"modules/m{number}/main.tf"] = f'variable "v{number}" {{}}\n{calls}'
    for number in range(STACKS):
        module = f"../../../modules/m{chance.randrange(MODULES)}"
        text = _call(module, 0) + f'output "o{number}" {{\n  value = "{number}"\n}}\n'
        files[f"environments/e{number % ENVIRONMENTS}/s{number}/main.tf"] = text
    subprocess.run(["git", "init", "--quiet", repository], check=True)
    changed = {"modules/m100/main.tf": files["modules/m100/main.tf"] + "# changed\n"}
    stream = _commit(1, files) + _commit(2, changed)
    subprocess.run(["git", "-C", repository, "fast-import", "--quiet"], input=stream.encode(), check=True)
    return _git(repository, "rev-parse", "main~1"), _git(repository, "rev-parse", "main")


def _call(source: str, number: int) -> str:
    return f'module "m{number}" {{\n  source = "{source}"\n}}\n'


def _commit(number: int, files: dict[str, str]) -> str:
    lines = [f"commit refs/heads/main\ncommitter a <a@b> {number} +0000\ndata 1\nx\n"]
    lines += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in files.items()]
    return "".join(lines)


def _git(repository: Path, *args: str) -> str:
    done = subprocess.run(["git", "-C", repository, *args], check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
