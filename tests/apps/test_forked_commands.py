"""A command that the tests fork is what a command that a shell starts is; otherwise those tests would prove little."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.cli import World
from support.forking import server
from support.git import with_remote

pytestmark = pytest.mark.slow

COMMANDS = [
    ("--help",),
    ("status", "--json"),
    ("status", "--no-such"),
    ("check", "--no-color"),
    ("-C", "gone", "status"),
]


@pytest.fixture
def shop(tmp_path: Path) -> World:
    rules = "version: 1\nenvironments: {dev: {}}\n"
    return World(with_remote(tmp_path / "work", {"terrace.yaml": rules, "environments/dev/main.tf": "# ä\n"}))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_it_says_what_a_started_one_says_and_ends_with_its_code(shop: World, command: tuple[str, ...]) -> None:
    with shop.start(*command) as child:
        out, err = child.communicate(timeout=60)
    forked = server().run(command, shop.work, shop.environment, 60)
    assert (forked.returncode, forked.stdout, forked.stderr) == (child.returncode, out, err)
    server().put_program(shop.work.with_name("bin"))
    program = [str(shop.work.with_name("bin") / "terrace"), *command]
    asked = subprocess.run(program, cwd=shop.work, env=shop.environment, capture_output=True, text=True)
    assert (asked.returncode, asked.stdout, asked.stderr) == (child.returncode, out, err)


def test_it_knows_nothing_of_the_server_and_of_the_command_before(shop: World) -> None:
    """`git` on PATH is ours here: it tells how it was called."""
    folder = shop.work.with_name("bin")
    folder.mkdir()
    told = folder / "told"
    (folder / "git").write_text(f"#!/bin/sh\n{{ pwd; env; ps -o sid= -p $$; }} >> {told}\nexit 1\n")
    (folder / "git").chmod(0o755)
    for name in ("GIT_ONE", "GIT_TWO"):
        server().run(("status",), shop.work, {"PATH": f"{folder}:{os.environ['PATH']}", name: "x"}, 60)
    first, second = told.read_text().split("GIT_TWO", 1)
    assert "GIT_ONE=x" in first
    assert "GIT_ONE" not in second
    assert "HOME" not in second, "it was not given"
    assert str(shop.work) in first
    assert str(os.getsid(0)) not in told.read_text().split()


def test_one_that_never_ends_is_killed_and_the_next_one_runs(shop: World) -> None:
    (shop.work.with_name("bin")).mkdir()
    slow = shop.work.with_name("bin") / "git"
    slow.write_text("#!/bin/sh\nexec sleep 30 >/dev/null 2>&1\n")
    slow.chmod(0o755)
    with pytest.raises(subprocess.TimeoutExpired):
        server().run(("status",), shop.work, {"PATH": f"{slow.parent}:{os.environ['PATH']}"}, 1)
    assert shop.run("--version").code == 0


def test_an_environment_that_an_interpreter_reads_at_its_start_takes_a_start(shop: World) -> None:
    assert server().fits(shop.environment)
    assert not server().fits({**shop.environment, "PYTHONUTF8": "0"})
