"""Who lives on this machine, as /proc tells it: for tests that kill."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

PARTS = {
    "-m terrace.adapters.runner.child": "runner",
    "-m terrace.adapters.terraform.fast.serve": "lane",
    "terraform-provider-": "provider",
    "terraform": "terraform",
    "git": "git",
}
"""What a command line has in it, and what such a process is called; the first that fits."""


@dataclass(frozen=True, slots=True)
class Living:
    """A process that lived when it was looked at. `part` is what it is to Terrace, "" for others."""

    pid: int
    parent: int
    born: str
    part: str

    @property
    def alive(self) -> bool:
        """Whether this very process still lives."""
        now = _look(self.pid)
        return now is not None and now.born == self.born

    def kill(self) -> None:
        """SIGKILL, if it is still there."""
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it is still there: a game goes through all process numbers within two minutes."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def find_process(pid: int, part: str) -> list[Living]:
    """The process of that number, and what it is to Terrace; none when it has ended."""
    process = _look(pid)
    return [] if process is None else [replace(process, part=part)]


def descendants(pid: int) -> list[Living]:
    """All that live below a process, parents first."""
    processes = [living for path in Path("/proc").glob("[0-9]*") if (living := _look(int(path.name))) is not None]
    below: list[Living] = []
    known = {pid}
    while fresh := [process for process in processes if process.parent in known and process.pid not in known]:
        below += fresh
        known |= {process.pid for process in fresh}
    return below


def end_all(pid: int) -> None:
    """Kills a process and all that live below it. Each is stopped before the next look, so that none starts another
    one that nobody saw, whose parent is gone when it is looked for.
    """
    stopped: list[Living] = []
    while fresh := [
        process
        for process in (*find_process(pid, ""), *descendants(pid))
        if process.pid not in {known.pid for known in stopped}
    ]:
        for process in fresh:
            process.signal(signal.SIGSTOP)
        stopped += fresh
    for process in stopped:
        process.kill()


def until_dead(processes: Iterable[Living], seconds: float) -> bool:
    """Wait until none of them lives; False when some still do after so many seconds."""
    alive = list(processes)
    for _ in _ticks(seconds):
        alive = [process for process in alive if process.alive]
        if not alive:
            return True
    return False


def _ticks(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.01)


def _look(pid: int) -> Living | None:
    """A process, unless it is gone or only waits to be buried."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return None
    # The name may hold anything, a bracket too: the fields are counted from the last one.
    fields = stat.rpartition(")")[2].split()
    if fields[0] == "Z":
        return None
    part = next((part for sign, part in PARTS.items() if sign in words), "")
    return Living(pid, int(fields[1]), fields[19], part)
