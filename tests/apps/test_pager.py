"""Long output on a terminal is shown in the user's pager."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import MODULE, World, root, world

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> World:
    files = {"environments/dev/main.tf": root("dev"), "modules/thing/main.tf": MODULE, "terrace.yaml": "version: 1\n"}
    created = world(tmp_path / "shop", files)
    (created.work / "modules/thing/main.tf").write_text(MODULE.replace("-1", "-2"))
    return created


def run_on_terminal(shop: World, pager: str, *arguments: str, **variables: str) -> tuple[int, str]:
    """Runs a command whose streams are a terminal. Returns its exit code and what the terminal shows."""
    ours, theirs = pty.openpty()
    environment = {**shop.environment, "TERRACE_PAGER": pager, "TERM": "xterm", **variables}
    environment.pop("CI", None) if "CI" not in variables else None
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "terrace", *arguments],
        cwd=shop.work,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return child.wait(), shown.decode()


def test_a_pager_gets_the_output_with_its_colors(shop: World, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    code, shown = run_on_terminal(shop, shlex.join(["sh", "-c", f"cat > {shlex.quote(str(kept))}"]), "impact")
    assert (code, shown) == (0, "")
    assert "1 stack impacted" in kept.read_text()
    assert "\x1b[" in kept.read_text()


def test_a_user_who_leaves_the_pager_early_ends_the_output_and_not_the_command(shop: World) -> None:
    assert run_on_terminal(shop, "true", "impact") == (0, "")


@pytest.mark.parametrize("pager", ["", "cat", "no-such-program", "'unfinished"])
def test_without_a_usable_pager_the_output_is_printed(shop: World, pager: str) -> None:
    code, shown = run_on_terminal(shop, pager, "impact")
    assert (code, "1 stack impacted" in shown) == (0, True)


def test_a_job_of_ci_with_a_terminal_has_no_pager(shop: World) -> None:
    code, shown = run_on_terminal(shop, "false", "impact", CI="true")
    assert (code, "1 stack impacted" in shown) == (0, True)


def test_output_that_is_piped_is_not_paged(shop: World) -> None:
    piped = shop.run("impact", TERRACE_PAGER="false")
    assert (piped.code, "1 stack impacted" in piped.out) == (0, True)


def test_a_reader_that_exits_early_is_no_success(shop: World) -> None:
    """As with any other program: a pipeline with pipefail does not pass because nobody read the verdict."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "terrace", "impact"],
        cwd=shop.work,
        env=shop.environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
