"""What befalls the files and processes of a machine beyond a kill: copies, snapshots, losses, other namespaces.

Only what Terrace keeps about runs and leases is touched: a local state that goes back is another matter, and is found
by its serial.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from support.cli import Done
from support.marks import Workplace

Mishap = Literal["none", "copied", "restored", "lost", "cut", "elsewhere", "stopped"]

MISHAPS: tuple[Mishap, ...] = ("none", "copied", "restored", "lost", "cut", "elsewhere", "stopped")

ELSEWHERE = 'mount -t tmpfs none /dev/shm && hostname elsewhere && exec "$@"'
"""Run first in namespaces of its own: another host name, other process ids, another memory."""


def possible() -> tuple[Mishap, ...]:
    """The mishaps that this machine lets us play: namespaces take root."""
    if os.getuid() == 0 and shutil.which("unshare") is not None:
        return MISHAPS
    return tuple(mishap for mishap in MISHAPS if mishap not in ("elsewhere", "stopped"))


def elsewhere(place: Workplace, *arguments: str, home: Path | None = None) -> Done:
    """Run a command as on another machine, which has the same data folder, or one of its own."""
    stage = place.stage
    variables = {**stage.variables, **({"TERRACE_HOME": str(home)} if home is not None else {})}
    command = ["unshare", "-mpuf", "--mount-proc", "--kill-child", "sh", "-c", ELSEWHERE, "sh"]
    done = subprocess.run(
        [*command, sys.executable, "-P", "-m", "terrace", *arguments],
        cwd=stage.work,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Folders:
    """The folders of runs and leases of a workplace, and a snapshot of them."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._kept = place.folder / "snapshot"

    def _all(self) -> Iterator[Path]:
        for name in ("runs", "leases"):
            yield from self._place.home.glob(f"data/*/{name}")

    def keep(self) -> None:
        """Take a snapshot, as a cache or a backup does: while others write."""
        shutil.rmtree(self._kept, ignore_errors=True)
        for folder in self._all():
            goal = self._kept / folder.relative_to(self._place.home)
            goal.parent.mkdir(parents=True, exist_ok=True)
            _copy(folder, goal)

    def bring_back(self) -> None:
        """Put the snapshot in the place of what is there."""
        for folder in [*self._all()]:
            shutil.rmtree(folder, ignore_errors=True)
            copy = self._kept / folder.relative_to(self._place.home)
            if copy.is_dir():
                _copy(copy, folder)

    def lose(self, chance: random.Random) -> str:
        """Lose one file of the newest run, a whole folder, or the lock of the lease; which."""
        runs = sorted(self._place.home.glob("data/*/runs/*"), key=lambda path: path.stat().st_mtime)
        files = list(runs[-1].iterdir()) if runs else []
        victims = [*files, *files, *runs[-1:], *self._place.home.glob("data/*/leases/*")]
        if not victims:
            return "nothing"
        victim = chance.choice(sorted(victims))
        if victim.is_dir():
            shutil.rmtree(victim, ignore_errors=True)
        else:
            victim.unlink(missing_ok=True)
        return victim.name

    def cut(self, chance: random.Random) -> str:
        """Cut or zero the log of the newest run, as a machine that went down leaves it."""
        logs = sorted(self._place.home.glob("data/*/runs/*/log.jsonl"), key=lambda path: path.stat().st_mtime)
        if not logs:
            return "nothing"
        text = logs[-1].read_bytes()
        at = chance.randint(0, len(text))
        at = text.rfind(b"\n", 0, at) + 1 if chance.random() < 0.5 else at
        logs[-1].write_bytes(text[:at] + (bytes(len(text) - at) if chance.random() < 0.5 else b""))
        return f"log from {len(text)} to {at}"

    def of_another_machine(self) -> Path:
        """A home where nothing is known of runs and leases; states and their copies are those of the workplace."""
        home = self._place.folder / "other-home"
        shutil.rmtree(home, ignore_errors=True)
        for data in self._place.home.glob("data/*"):
            other_data = home / "data" / data.name
            other_data.mkdir(parents=True)
            for name in ("states", "artefacts"):
                (data / name).mkdir(exist_ok=True)
                (other_data / name).symlink_to(data / name)
        return home


def _copy(folder: Path, goal: Path) -> None:
    # What is written meanwhile may be missing from a copy: that is how copies are.
    with contextlib.suppress(shutil.Error, OSError):
        shutil.copytree(folder, goal, dirs_exist_ok=True)
