"""Discovery of 10,000 root modules in mixed layouts: the proposal, and the stacks of its patterns, cold and warm."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from terrace.adapters.git.facts_cache import FactsCache
from terrace.adapters.git.trees import GitTree
from terrace.apps.cli.proposed_config import terrace_yaml
from terrace.checks.all import CHECKS
from terrace.config.load import load
from terrace.hcl.facts_store import FactsStore
from terrace.stacks.discovery import environments
from terrace.stacks.inventory import Inventory
from terrace.stacks.proposals import propose

ROOTS, MODULES = 10_000, 2_000
STEPS = ("dev", "test", "staging", "prod")
LAYOUTS = (
    "live/{step}/r{region}/s{number}",
    "stacks/s{number}/{step}",
    "environments/{step}/s{number}",
    "infra/envs/{step}/s{number}",
    "accounts/acme-{step}/s{number}",
    "platform/{step}/r{region}/s{number}",
    "lost/s{number}",
)


def main() -> None:
    """Generate, measure each in turn, print seconds of this process."""
    with tempfile.TemporaryDirectory(prefix="terrace-benchmark-") as place:
        repository = Path(place) / "repository"
        commit = _generated(repository)
        store = FactsCache(Path(place) / "facts.db")
        for name in ("cold", "warm"):
            _measured(name, repository, commit, store)


def _measured(name: str, repository: Path, commit: str, store: FactsStore) -> None:
    tree = GitTree(repository, commit)
    began = time.process_time()
    proposal = propose(tree, store)
    proposed = time.process_time() - began
    text = terrace_yaml(proposal.environments, proposal.entries).encode()
    config = load(text, discovered=environments(tree), checks=CHECKS)
    began = time.process_time()
    inventory = Inventory.of_tree(commit, config, tree, store)
    surveyed = time.process_time() - began
    lost = len(inventory.outside)
    print(f"{name}: {len(inventory.stacks)} stacks by {len(proposal.entries)} entries, {lost} root modules in no stack")
    print(f"  proposal {proposed:.1f} s   discovery, graph and root modules in no stack {surveyed:.1f} s")


def _generated(repository: Path) -> str:
    files = {f"modules/m{number}/main.tf": f'variable "v{number}" {{}}\n' for number in range(MODULES)}
    for number in range(ROOTS):
        layout = LAYOUTS[number % len(LAYOUTS)]
        folder = layout.format(step=STEPS[number % len(STEPS)], region=number % 3, number=number)
        up = "../" * (folder.count("/") + 1)
        block = f'terraform {{\n  backend "s3" {{\n    key = "{number}"\n  }}\n}}\n'
        files[f"{folder}/main.tf"] = f'{block}module "m" {{\n  source = "{up}modules/m{number % MODULES}"\n}}\n'
    lines = ["commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 1\nx\n"]
    lines += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in files.items()]
    subprocess.run(["git", "init", "--quiet", repository], check=True)
    command = ["git", "-C", str(repository), "fast-import", "--quiet"]
    subprocess.run(command, input="".join(lines).encode(), check=True)
    found = subprocess.run(["git", "-C", repository, "rev-parse", "main"], check=True, capture_output=True, text=True)
    return found.stdout.strip()


if __name__ == "__main__":
    main()
