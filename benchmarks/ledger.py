"""Measures how the cost of a ledger grows with its age: ledgers of several sizes, made of a recorded cycle.

    python benchmarks/ledger.py [EVENTS ...]        default: 1000 10000 100000, which takes some minutes

`status` and `hold` are processes of their own: the first one reads the whole ledger and writes a snapshot, later ones
start from it. Reading and appending are measured in one process as well, and a deployment without changes in memory.
Prints CPU seconds with those of child processes, the peak memory in MiB, and the ratio of the largest ledger to the
smallest one for each.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from simulation.aged import Counted, aged, counted, released
from simulation.people import People
from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.snapshots import SnapshotFile
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.apps.wiring.ledger import folds_of_snapshots
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import encode
from terrace.ledger.event import Event
from terrace.ledger.events.people import EnvironmentHeld
from terrace.ledger.model import Draft, Ledger
from terrace.report.markdown.ledger_page import changed_page

CONFIGURATION = "version: 1\nenvironments:\n  dev: {}\n  staging: {after: dev}\n"
AN_APPEND = 3
"""Events that are written at once, on the average."""


def main() -> None:
    """Make a ledger of each size and measure what is done with it."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("events", nargs="*", type=int, default=[1000, 10000, 100000], help="how many events")
    sizes: Sequence[int] = given.parse_args().events
    table = [_measured(size) for size in sizes]
    width = max(len(name) for name in table[0])
    print(f"{'events':{width}}  " + "".join(f"{size:>12}" for size in sizes))
    for name in table[0]:
        print(f"{name:{width}}  " + "".join(f"{row[name]:12.3f}" for row in table))
    print(f"\n{sizes[-1]} events against {sizes[0]}, {sizes[-1] / sizes[0]:.0f} times as many:")
    for name in table[0]:
        # Below ten milliseconds a ratio says nothing.
        least = 0.01 if name.endswith(" s") else 1.0
        print(f"{name:{width}}  {max(table[-1][name], least) / max(table[0][name], least):12.1f} times")


def _measured(size: int) -> dict[str, float]:
    people = released()
    events = aged(people.world.ledger.events, size)
    people.world.ledger.events = counted(events)
    found = _deployed(people)
    with tempfile.TemporaryDirectory(prefix="terrace-benchmark-") as place:
        found |= _commands(Path(place), events)
        found |= _appends(Path(place), events)
    return found


def _deployed(people: People) -> dict[str, float]:
    """Deployments of two stacks without changes, with the events in memory."""
    began = time.process_time()
    Counted.looks = 0
    people.deploy("dev", machine=0)
    first = time.process_time()
    looks = Counted.looks / len(people.world.ledger.events)
    people.deploy("dev", machine=0)
    return {
        "deploy without a snapshot: CPU s": first - began,
        "deploy: looks at each old event": looks,
        "deploy, events known: CPU s": time.process_time() - first,
    }


def _commands(place: Path, events: Sequence[Event]) -> dict[str, float]:
    """Commands of a repository whose ledger has these events."""
    repository = place / "repository"
    for name in ("dev", "staging"):
        (repository / "environments" / name).mkdir(parents=True)
        (repository / "environments" / name / "main.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    (repository / "terrace.yaml").write_text(CONFIGURATION)
    _git(repository, "init", "--quiet", "--initial-branch=main")
    _git(repository, "add", ".")
    _git(repository, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "first")
    _git(repository, "fast-import", "--quiet", content=b"".join(_commits(events)))
    env = {**os.environ, "TERRACE_HOME": str(place / "home"), "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c"}
    env |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c"}
    found: dict[str, float] = {}
    for title in ("status, first", "status, again"):
        seconds, memory = _process(repository, env, "status")
        found |= {f"{title}: CPU s": seconds, f"{title}: MiB": memory}
    found["ledger verify: CPU s"] = _process(repository, env, "ledger", "verify")[0]
    found |= _fetched(repository, place)
    found["hold (one append): CPU s"] = _process(repository, env, "hold", "dev", "--reason", "measured")[0]
    return found


def _process(repository: Path, env: dict[str, str], *words: str) -> tuple[float, float]:
    """The CPU seconds of a command and its children, and the peak memory of the largest of them in MiB."""
    # A process of its own: what the largest child had is never forgotten.
    argv = [sys.executable, "-c", _WATCHED, sys.executable, "-P", "-m", "terrace", *words]
    done = subprocess.run(argv, cwd=repository, env=env, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"terrace {' '.join(words)}:\n{done.stdout.decode()}{done.stderr.decode()}")
    seconds, kilobytes = json.loads(done.stdout.splitlines()[-1])
    return seconds, kilobytes / 1024


_WATCHED = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.buffer.write(done.stdout + done.stderr)
print()
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))
sys.exit(done.returncode)
"""


def _appends(place: Path, events: Sequence[Event]) -> dict[str, float]:
    """Reading and appending in one process, that read the ledger before."""
    file = place / "ledger.db"
    sqlite = SqliteLedger(file, clock=_now, new_id=_id, key=NO_KEY)
    sqlite.append([Draft("ledger.opened", "ledger", "ann")], head=sqlite.read().head)
    _fill(file, events)
    found: dict[str, float] = {}
    for state in ("no snapshot", "snapshot"):
        kept = {kind: SnapshotFile(lambda: place / "snapshots", kind, NO_KEY, folds_of_snapshots) for kind in _KINDS}
        git = GitLedger(
            place / "repository",
            remote=None,
            clock=_now,
            new_id=_id,
            page=changed_page,
            snapshots=kept["git"],
            key=NO_KEY,
        )
        sqlite = SqliteLedger(file, clock=_now, new_id=_id, snapshots=kept["sqlite"], key=NO_KEY)
        found |= _in_process(f"git, {state}", git)
        found |= _in_process(f"sqlite, {state}", sqlite)
    return found


def _fetched(repository: Path, place: Path) -> dict[str, float]:
    """The size of the ledger branch that a new clone fetches, complete and in a shallow clone."""
    found = {}
    for title, options in (("full", ()), ("shallow", ("--depth=1",))):
        clone = place / title
        clone.mkdir()
        _git(clone, "init", "--quiet")
        spec = "terrace/ledger:refs/heads/ledger"
        _git(clone, "fetch", "--quiet", "--no-tags", *options, f"file://{repository}", spec)
        size = sum(path.stat().st_size for path in (clone / ".git" / "objects").rglob("*.pack"))
        found[f"fetch of a {title} clone: MiB"] = size / (1 << 20)
    return found


_KINDS = ("git", "sqlite")


def _in_process(name: str, ledger: Ledger) -> dict[str, float]:
    first = _spent()
    history = ledger.read()
    changed_page(history, history.events[:1])
    again = _spent()
    ledger.read()
    began = _spent()
    for number in range(10):
        draft = Draft(EnvironmentHeld.KIND, "dev", "ann", {"reason": f"{number}"})
        history = ledger.append([draft], head=history.head)
    ended = _spent()
    return {
        f"{name}: read and fold: CPU s": again - first,
        f"{name}: read again: CPU s": began - again,
        f"{name}: append: CPU s": (ended - began) / 10,
    }


def _spent() -> float:
    """The CPU seconds of this process and of the programs that it ran."""
    return sum(os.times()[:4])


def _fill(file: Path, events: Sequence[Event]) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT")
        connection.executemany("INSERT INTO events VALUES (?, ?)", [(e.position, encode(e)) for e in events])


def _commits(events: Sequence[Event]) -> Iterator[bytes]:
    """Yields the input of `git fast-import` for the branch: a commit for every few events, as appends write them."""
    for first in range(0, len(events), AN_APPEND):
        content = b"".join(encode(event) + b"\n" for event in events[first : first + AN_APPEND])
        yield b"commit refs/heads/terrace/ledger\ncommitter t <t@localhost> 1767600000 +0000\ndata 1\nx\n"
        yield f"M 100644 inline events/{first // 1000:06d}/{first:09d}.jsonl\ndata {len(content)}\n".encode()
        yield content + b"\n"


def _git(repository: Path, *args: str, content: bytes | None = None) -> None:
    subprocess.run(["git", *args], cwd=repository, input=content, check=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _id() -> str:
    return os.urandom(6).hex()


if __name__ == "__main__":
    main()
