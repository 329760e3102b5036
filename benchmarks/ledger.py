"""Appending to and reading ledgers, against the same number of bare `git commit`s. Prints ratios."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.sqlite import SqliteLedger
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
        ledgers: dict[str, Ledger] = {
            "git, local": GitLedger(work, remote=None, clock=_now, new_id=_id),
            "git, pushed": GitLedger(work, remote="origin", clock=_now, new_id=_id, branch="terrace/pushed"),
            "sqlite": SqliteLedger(Path(place) / "ledger.db", clock=_now, new_id=_id),
        }
        print(f"{APPENDS} appends; git commit alone: {plain / APPENDS * 1000:.1f} ms each")
        for name, ledger in ledgers.items():
            append, read = _measured(ledger)
            print(f"{name:12} append {append / plain:.2f} of git commit   read of all {read / plain:.3f}")


def _measured(ledger: Ledger) -> tuple[float, float]:
    began = time.monotonic()
    history = ledger.read()
    for number in range(APPENDS):
        history = ledger.append([Draft("step.begun", "d", "ann", {"number": number})], head=history.head)
    append = time.monotonic() - began
    began = time.monotonic()
    ledger.read()
    return append, time.monotonic() - began


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
