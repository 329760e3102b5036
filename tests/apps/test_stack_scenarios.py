"""What people see of refused stacks, workspaces and one root module for several environments, to the letter."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from support.cli import World, world
from support.git import git

pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).parent.parent / "stack_scenarios"
NAMES = sorted(path.name for path in SCENARIOS.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_print_what_the_golden_file_has(name: str, tmp_path: Path) -> None:
    folder = SCENARIOS / name
    repository = folder / "repository"
    files = {str(p.relative_to(repository)): p.read_text() for p in repository.rglob("*") if p.is_file()}
    shop = world(tmp_path, files)
    lines = [line.partition(": ")[::2] for line in (folder / "scenario.txt").read_text().splitlines()]
    git(shop.work, "switch", "--quiet", "--create", "change")
    for path in (path for key, words in lines if key == "edit" for path in words.split()):
        (shop.work / path).write_text((shop.work / path).read_text() + "# edited\n")
    told = "\n".join(printed(shop, command) for key, command in lines if key == "run")
    golden = folder / "golden.txt"
    if os.environ.get("GOLDEN"):
        golden.write_text(told)
    assert told == golden.read_text(), "look at it, then GOLDEN=1"


def printed(shop: World, command: str) -> str:
    """The command, its exit code, and what it printed on both streams, without what differs each time."""
    done = shop.run(*command.split(), COLUMNS="120")
    text = f"$ terrace {command}\n{done.out}{done.err}exit {done.code}\n"
    text = text.replace(str(shop.work), "WORK")
    text = re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", text)
    text = re.sub(r"\bdigest [0-9a-f]{12}\b", "digest DIGEST", text)
    return re.sub(r"\b[0-9a-f]{7}\b", "COMMIT", text)
