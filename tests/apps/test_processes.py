"""How many processes a command starts: each costs a user time, over and over."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from support.cli import LADDER, MODULE, World, root, world
from support.git import commit, git

pytestmark = pytest.mark.slow


def counted(shop: World, log: Path, *arguments: str) -> Counter[str]:
    """How often a command started git and terraform itself, by their commands."""
    log.unlink(missing_ok=True)
    shop.ok(*arguments)
    return Counter(log.read_text().splitlines())


def total(counts: Counter[str], program: str) -> int:
    return sum(times for name, times in counts.items() if name.startswith(f"{program} "))


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs in front of git and terraform write which command they were asked for."""
    programs, log = tmp_path / "programs", tmp_path / "log"
    programs.mkdir()
    for name in ("git", "terraform"):
        real = shutil.which(name)
        options = 'while [ "$1" = -c ] || [ "$1" = -C ]; do shift 2; done'
        # What git starts by itself is its own: only its first process counts.
        told = f'[ -n "$COUNTED" ] || {{ COUNTED=1; ({options}; echo "{name} $1" >> {log}); }}'
        (programs / name).write_text(f'#!/bin/sh\n{told}\nexport COUNTED\nexec {real} "$@"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return log


@pytest.fixture
def shop(tmp_path: Path) -> World:
    """dev has two stacks, the second after the first; staging has one."""
    stacks = {f"environments/dev/{name}/main.tf": root(name, "../../../modules/thing") for name in ("a", "b")}
    others = {f"environments/{name}/main.tf": root(name) for name in ("staging", "prod")}
    return world(tmp_path, {**stacks, **others, "modules/thing/main.tf": MODULE, "terrace.yaml": LADDER})


def test_commands_start_few_processes(shop: World, log: Path) -> None:
    shop.ok("deploy", "dev")
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    deploy = counted(shop, log, "deploy", "dev")
    assert total(deploy, "git") <= 95, deploy
    assert total(deploy, "terraform") <= 17, deploy
    assert deploy["git config"] <= 2, "the configuration is read once, and once by the ledger"
    assert deploy["terraform version"] == 1

    status = counted(shop, log, "status")
    assert total(status, "git") <= 20, status
    assert total(status, "terraform") == 0

    git(shop.work, "switch", "--quiet", "--create", "change")
    commit(shop.work, {"modules/thing/main.tf": MODULE.replace("-1", "-3")})
    check = counted(shop, log, "check")
    assert total(check, "git") <= 42, check
    assert total(check, "terraform") <= 14, check
