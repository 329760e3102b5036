"""Appending to and reading ledgers, against the same number of bare `git commit`s. Prints ratios.

"Anew" is a process that reads the ledger for the first time, "again" one that read it before and finds nothing new.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import Draft, Ledger

APPENDS = 60


def main() -> None:
    """A deployment's worth of appends to each ledger."""
    with tempfile.TemporaryDirectory(prefix="terrace-benchmark-") as place:
        work, bare = Path(place) / "work", Path(place) / "bare.git"
        _git("init", "--quiet", str(work))
        _git("init", "--quiet", "--bare", str(bare))
        _git("-C", str(work), "remote", "add", "origin", str(bare))
        plain = _bare(work)
        file = Path(place) / "ledger.db"
        ledgers: dict[str, Callable[[], Ledger]] = {
            "git, local": lambda: GitLedger(work, remote=None, clock=_now, new_id=_id, key=NO_KEY),
            "git, pushed": lambda: GitLedger(
                work, remote="origin", clock=_now, new_id=_id, branch="terrace/pushed", key=NO_KEY
            ),
            "sqlite": lambda: SqliteLedger(file, clock=_now, new_id=_id, key=NO_KEY),
        }
        print(f"{APPENDS} appends; git commit alone: {plain / APPENDS * 1000:.1f} ms each")
        for name, opened in ledgers.items():
            append, anew, again = (seconds / plain for seconds in _measured(opened))
            print(f"{name:12} appends {append:.2f} of the commits   reading all anew {anew:.3f}   again {again:.3f}")


def _measured(opened: Callable[[], Ledger]) -> tuple[float, float, float]:
    writer, reader = opened(), opened()
    history = writer.read()
    began = time.monotonic()
    for number in range(APPENDS):
        history = writer.append([Draft("step.begun", "d", "ann", {"number": number})], head=history.head)
    return time.monotonic() - began, _seconds(reader), _seconds(reader)


def _seconds(ledger: Ledger) -> float:
    began = time.monotonic()
    assert len(ledger.read().events) == APPENDS
    return time.monotonic() - began


def _bare(work: Path) -> float:
    began = time.monotonic()
    for number in range(APPENDS):
        (work / "file").write_text(str(number))
        _git("-C", str(work), "add", "file")
        _git("-C", str(work), "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", str(number))
    return time.monotonic() - began


def _git(*args: str) -> None:
    subprocess.run(["git", *args], check=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _id() -> str:
    return os.urandom(6).hex()


if __name__ == "__main__":
    main()
