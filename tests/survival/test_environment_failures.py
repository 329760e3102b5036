"""Failures of the environment of Terrace: concurrent processes, a full disk, a lost network, a wrong clock."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.backends import S3, http, local, s3
from support.disks import SmallDisk, small_disk
from support.git import clone, git, with_remote
from support.marks import Workplace, workplace
from support.stage import Stage
from support.waiting import until
from terrace.adapters.artifacts import Artifacts
from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.errors import NotReady
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import verify
from terrace.ledger.model import Draft, History, Ledger

pytestmark = pytest.mark.slow

ONCE = {"first": 1, "second": 1}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    with local() as backend:
        yield workplace(tmp_path, backend)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted


# --- others are at work --------------------------------------------------------------------------------------------


def test_of_two_machines_that_deploy_at_once_one_goes_and_all_is_made_once(tmp_path: Path) -> None:
    with http() as backend:
        here = workplace(tmp_path, backend)
        there = replace(here.stage, work=clone(here.work, tmp_path / "there"))
        there = replace(there, variables={**there.variables, "TERRACE_HOME": str(tmp_path / "their-home")})
        for name in ("a", "b", "c"):
            here.release(name)
            actors = [stage.start("deploy", "dev", "--json") for stage in (here.stage, there)]
            told = [done for actor in actors if (done := actor.ended()) is not None]
            assert sorted(done.code for done in told) in ([0, 0], [0, 1]), told
            for done in told:
                if done.code:
                    # Busy when it came, or in the very moment in which both took it up.
                    said = done.json.get("error") or " ".join(done.json["reasons"])
                    assert "deployment" in said, done
            assert here.made(name) == ONCE
        assert verify(here.events()).ok


def test_writers_from_two_clones_lose_nothing(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    clones = [clone(work, tmp_path / name) for name in ("one", "two")]
    script = """
import secrets, sys
from datetime import UTC, datetime
from pathlib import Path
from terrace.adapters.ledgers.git import GitLedger
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import Draft, History
from terrace.pipelines.journal import append
who = sys.argv[1]
clock, new_id = lambda: datetime.now(UTC), lambda: secrets.token_hex(6)
ledger = GitLedger(Path(who), remote="origin", clock=clock, new_id=new_id, key=NO_KEY)
history = ledger.read()
for number in range(12):
    history = append(ledger, history, lambda seen: (Draft("environment.held", f"{number}", who),))
"""
    writers = [subprocess.Popen([sys.executable, "-P", "-c", script, str(folder)]) for folder in clones]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    events = _ledger(clones[0]).read().events
    assert verify(events).ok
    for folder in clones:
        assert [e.subject for e in events if e.actor == str(folder)] == [str(n) for n in range(12)]


def test_a_foreign_lock_in_s3_is_named_and_left_alone(tmp_path: Path) -> None:
    with s3() as backend:
        assert isinstance(backend, S3)
        here = workplace(tmp_path, backend)
        info = {"ID": "1234", "Operation": "OperationTypeApply", "Who": "bob@laptop", "Created": "2026-01-01T08:00:00Z"}
        backend.lock(here.key, info)
        done = here.stage.run("deploy", "dev", "--json")
        assert (done.code, done.json["result"]) == (1, "failed")
        assert "locked by bob@laptop since 2026-01-01" in done.json["reasons"][0]
        assert backend.locked(here.key), "it is not ours to break"
        assert here.made("0") == {}
        backend.unlock(here.key)
        here.stage.ok("deploy", "dev")
        assert here.made("0") == ONCE


def test_a_foreign_lock_of_a_local_state_is_named_and_left_alone(place: Workplace) -> None:
    place.stage.ok("deploy", "dev")
    (state,) = place.home.glob("data/*/states/dev/dev/terraform.tfstate")
    info = {"ID": "1234", "Operation": "OperationTypeApply", "Who": "bob@laptop", "Created": "2026-01-01T08:00:00Z"}
    lock = state.with_name(".terraform.tfstate.lock.info")
    lock.write_text(json.dumps(info))
    script = f"""
import fcntl, sys
file = open({str(state)!r}, "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        place.release("r")
        done = place.stage.run("deploy", "dev", "--json")
        assert (done.code, done.json["result"]) == (1, "failed")
        assert "locked by bob@laptop since 2026-01-01" in done.json["reasons"][0]
        assert json.loads(lock.read_text()) == info
        assert place.made("r") == {}
        holder.kill()
    place.stage.ok("deploy", "dev")
    assert place.made("r") == ONCE


# --- the ledger's remote is gone -----------------------------------------------------------------------------------


def test_the_remote_goes_in_the_middle_of_an_apply_and_its_end_is_found_afterwards(place: Workplace) -> None:
    remote, away = place.folder / "work.git", place.folder / "away.git"
    place.stage.ok("deploy", "dev")
    place.release("r")
    before = place.events()
    place.within(f"mv {remote} {away}")
    done = place.stage.run("deploy", "dev", "--json")
    assert done.code == 2
    assert "the remote 'origin'" in done.json["error"]
    assert place.made("r") == ONCE
    assert place.stage.run("deploy", "dev").code == 2, "nothing is done where the ledger cannot be read"
    away.rename(remote)
    found = place.stage.ok("resume", "dev", "--json")
    assert found.json["result"] == "succeeded"
    assert place.made("r") == ONCE
    assert place.events()[: len(before)] == before


# --- the disk is full ----------------------------------------------------------------------------------------------


def test_no_half_an_artifact_is_left_on_a_full_disk(disk: SmallDisk) -> None:
    store = Artifacts(disk.path / "artifacts")
    store.put("states/dev/one.enc", b"one")
    disk.fill()
    with pytest.raises(NotReady, match="No space left"):
        store.put("states/dev/two.enc", bytes(2**20))
    assert store.names("states") == ("states/dev/one.enc",)
    assert [p.name for p in (disk.path / "artifacts/states/dev").iterdir()] == ["one.enc"]
    disk.free()
    store.put("states/dev/two.enc", bytes(2**20))
    assert store.get("states/dev/two.enc") == bytes(2**20)


def _ledger(work: Path) -> GitLedger:
    return GitLedger(
        work, remote="origin", clock=lambda: datetime.now(UTC), new_id=lambda: os.urandom(6).hex(), key=NO_KEY
    )


def _sqlite(work: Path) -> SqliteLedger:
    return SqliteLedger(work / "l.db", clock=lambda: datetime.now(UTC), new_id=lambda: os.urandom(6).hex(), key=NO_KEY)


@pytest.mark.parametrize("kind", ["git, clone", "git, remote", "sqlite"])
def test_no_half_an_event_is_left_on_a_full_disk(disk: SmallDisk, tmp_path: Path, kind: str) -> None:
    work = with_remote((disk.path if kind != "git, clone" else tmp_path) / "work")
    folder = clone(work, tmp_path / "clone" if kind == "git, remote" else disk.path / "clone")
    opened: Ledger = _sqlite(folder) if kind == "sqlite" else _ledger(folder)
    draft = Draft("environment.held", "dev", "ann", {"reason": os.urandom(2**15).hex()})
    history = opened.append([draft], head=opened.read().head)
    disk.fill()
    with pytest.raises(NotReady, match=r"No space left|disk.* full|write error") as told:
        opened.append([draft], head=history.head)
    assert told.value.hint
    disk.free()
    again: Ledger = _sqlite(folder) if kind == "sqlite" else _ledger(folder)
    assert again.read() == history
    assert len(again.append([draft], head=history.head).events) == 2


def test_a_full_disk_before_an_apply_is_said_and_nothing_is_made(place: Workplace, disk: SmallDisk) -> None:
    stage = _at_home(place, disk)
    stage.ok("deploy", "dev")
    place.release("r")
    disk.fill()
    done = stage.run("deploy", "dev", "--json")
    assert done.code in (1, 2), done.out + done.err
    assert "No space left" in done.out + done.err or "no space left" in done.out + done.err
    assert "Traceback" not in done.err
    assert place.made("r") == {}
    disk.free()
    if stage.run("resume", "dev", "--json").code:
        stage.ok("deploy", "dev")
    stage.ok("deploy", "dev")
    assert place.made("r") == ONCE


def test_a_disk_that_fills_up_in_an_apply_makes_nothing_twice(place: Workplace, disk: SmallDisk) -> None:
    stage = _at_home(place, disk)
    stage.ok("deploy", "dev")
    place.release("r")
    place.within(f"cat /dev/zero > {disk.path}/filler || true")
    told = stage.run("deploy", "dev", "--json")
    assert told.code in (1, 2), told.out
    assert place.made("r") == ONCE
    disk.free()
    found = stage.run("resume", "dev", "--json")
    results = {done.json.get("result") for done in (told, found) if done.out.startswith("{")}
    assert "succeeded" in results or "unknown" in results, (told, found)
    assert place.made("r") == ONCE
    if "unknown" in results:
        assert stage.run("deploy", "dev").code == 1
        assert place.made("r") == ONCE


def _at_home(place: Workplace, disk: SmallDisk) -> Stage:
    return replace(place.stage, variables={**place.stage.variables, "TERRACE_HOME": str(disk.path / "home")})


# --- the clock -----------------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)


def test_a_clock_that_was_set_back_breaks_neither_chain_nor_order(place: Workplace) -> None:
    assert place.stage.deploy_with_shifted_clock(24 * HOUR, "dev") == "succeeded: []"
    place.release("r")
    before = len(place.events())
    assert "the clock of this machine says" in place.stage.deploy_with_shifted_clock(-24 * HOUR, "dev")
    assert len(place.events()) == before
    assert place.stage.run("deploy", "dev").code == 1, "a day later on that clock is still to come on this one"
    ahead = next(event for event in place.events() if event.time > datetime.now(UTC) + HOUR)
    place.stage.ok("ledger", "dismiss", str(ahead.position), "--reason", "its clock was wrong", "--yes")
    assert place.stage.deploy_with_shifted_clock(timedelta(minutes=-4), "dev") == "succeeded: []"
    events = place.events()
    assert all(
        later.time >= earlier.time for earlier, later in itertools.pairwise(History(events, key=NO_KEY).readable)
    )
    assert verify(events).ok
    assert place.stage.ok("ledger", "verify", "--json").json["ok"]
    (row,) = place.stage.ok("status", "--json").json["environments"]
    assert row["commit"] == git(place.work, "rev-parse", "HEAD"), "what was written last is what is there"
    place.stage.ok("deploy", "dev")
    assert place.made("r") == ONCE


def test_a_lease_never_ends_by_time(place: Workplace) -> None:
    place.stage.ok("deploy", "dev")
    place.release("r")
    place.within(f"touch {place.folder}/begun; while [ ! -e {place.folder}/go ]; do sleep 0.02; done")
    actor = place.stage.start("deploy", "dev", "--json")
    until((place.folder / "begun").exists)
    assert place.stage.deploy_with_shifted_clock(24 * 365 * HOUR, "dev").startswith("refused: ")
    (place.folder / "go").touch()
    done = actor.ended()
    assert done is not None
    assert done.json["result"] == "succeeded"
    assert place.made("r") == ONCE


# --- a runner without its parent -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ended", [False, True], ids=["it still runs", "it ended meanwhile"])
def test_a_runner_whose_parent_is_gone_for_an_hour_is_found_again(place: Workplace, *, ended: bool) -> None:
    place.stage.ok("deploy", "dev")
    place.release("r")
    place.within(f"touch {place.folder}/begun; while [ ! -e {place.folder}/go ]; do sleep 0.02; done")
    actor = place.stage.start("deploy", "dev", "--json")
    until((place.folder / "begun").exists)
    actor.kill()
    (run,) = (p.parent for p in place.home.glob("data/*/runs/*/started.json") if not (p.parent / "exit.json").exists())
    if ended:
        (place.folder / "go").touch()
        until((run / "exit.json").exists)
    hour_ago = time.time() - 3600
    for path in [run, *run.iterdir()]:
        os.utime(path, (hour_ago, hour_ago))
    if not ended:
        threading.Timer(1.0, (place.folder / "go").touch).start()
    assert place.stage.deploy_with_shifted_clock(HOUR, "dev") == "succeeded: []"
    assert place.made("r") == ONCE
