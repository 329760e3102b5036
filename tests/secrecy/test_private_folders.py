"""Folders in memory: gone with their owner, however that ends, and nobody else's are touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from terrace.adapters.terraform import private

OWNER = """
import signal, sys
# Under nohup this test would inherit that it is ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from terrace.adapters.terraform.private import removed_on_signals, private_folder
with removed_on_signals():
    folder = private_folder("plan")
    (folder / "plan").write_text("secret")
    print(folder, flush=True)
    sys.stdin.read()
"""


def owner() -> tuple[subprocess.Popen[str], Path]:
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    return child, Path(child.stdout.readline().strip())


def ended(child: subprocess.Popen[str]) -> int:
    with child:
        return child.wait(10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_told_to_end_takes_its_saved_plans_along(number: signal.Signals) -> None:
    child, folder = owner()
    assert (folder / "plan").is_file()
    assert folder.stat().st_mode & 0o777 == 0o700
    child.send_signal(number)
    assert ended(child) == -number
    assert not folder.exists()


def test_a_process_that_ends_takes_its_saved_plans_along() -> None:
    child, folder = owner()
    assert child.stdin is not None
    child.stdin.close()
    assert ended(child) == 0
    assert not folder.exists()


def test_what_a_killed_process_left_is_removed_by_the_next_and_nothing_of_a_living_one() -> None:
    dead, left = owner()
    living, kept = owner()
    # Once it is dead, any process of Terrace on this machine may sweep, those of other tests too.
    assert (left / "plan").is_file()
    dead.kill()
    ended(dead)
    mine = private.private_folder("plan")
    try:
        private.sweep()
        assert (left.exists(), (kept / "plan").is_file(), mine.is_dir()) == (False, True, True)
    finally:
        private.discard(mine)
        living.kill()
        ended(living)
        private.sweep()
    assert not kept.exists()
    assert not mine.exists()


DIES = """
import os, sys, tempfile
from pathlib import Path
from terrace.adapters.terraform import private
private._MEMORY = Path(sys.argv[1]) / "none"
tempfile.tempdir = sys.argv[1]
folder = private.private_folder("plan")
for name in ("plan", "a", "zz", "said", "state"):
    (folder / name).write_text("secret")
(folder / "sub").mkdir()
(folder / "sub" / "deep").write_text("secret")
left = int(sys.argv[2])
def hook(event, arguments):
    global left
    if event in ("os.remove", "os.rmdir"):
        left -= 1
        if left < 0:
            os._exit(9)
sys.addaudithook(hook)
private.discard(folder)
os._exit(0)
"""


def test_a_process_that_dies_while_it_removes_its_saved_plans_leaves_them_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "_MEMORY", tmp_path / "none")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for removals in range(12):
        done = subprocess.run([sys.executable, "-c", DIES, tmp_path, str(removals)], check=False)
        (left,) = tmp_path.glob("terrace-*") if done.returncode else (None,)
        private.sweep()
        assert not any(tmp_path.glob("terrace-*/*")), (removals, left)
        if left is not None and left.is_dir():
            left.rmdir()
    assert done.returncode == 0, "it was left to end once"


def test_a_plan_that_a_runner_has_outlives_the_process_that_made_it() -> None:
    folder = private.private_folder("plan")
    with subprocess.Popen(["sleep", "60"], pass_fds=private.lock_of(folder)) as runner:
        private.hand_over(folder)
        private.discard_all()
        private.sweep()
        assert folder.is_dir()
        runner.kill()
    private.sweep()
    assert not folder.exists()


def test_a_sweep_follows_no_link_and_takes_only_what_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, outside = tmp_path / "place", tmp_path / "outside"
    for folder in (place, outside):
        folder.mkdir()
    (outside / ".terrace-private").touch()
    (outside / "precious").touch()
    (place / "terrace-link").symlink_to(outside)
    (place / "terrace-file").touch()
    (place / "terrace-none").mkdir()
    (place / "terrace-linked").mkdir()
    (place / "terrace-linked/.terrace-private").symlink_to(outside / "precious")
    (place / "terrace-pipe").mkdir()
    os.mkfifo(place / "terrace-pipe/.terrace-private")
    (place / "terrace-of-a-person").mkdir()
    (place / "terrace-of-a-person/.lock").touch()
    (place / "other").mkdir()
    (place / "other/.terrace-private").touch()
    (place / "terrace-left").mkdir()
    (place / "terrace-left/.terrace-private").touch()
    (place / "terrace-left/in").symlink_to(outside)
    before = sorted(p.name for p in place.iterdir())
    monkeypatch.setattr("tempfile.tempdir", str(place))
    private.sweep()
    assert sorted(p.name for p in place.iterdir()) == [name for name in before if name != "terrace-left"]
    assert sorted(p.name for p in outside.iterdir()) == [".terrace-private", "precious"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_sweep_leaves_folders_of_other_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "terrace-theirs").mkdir()
    (tmp_path / "terrace-theirs/.terrace-private").touch()
    os.chown(tmp_path / "terrace-theirs", 65534, 65534)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    private.sweep()
    assert (tmp_path / "terrace-theirs").is_dir()
