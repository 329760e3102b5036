"""The ledger on a real remote: concurrent writers, refused pushes, rewritten branches."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.git import clone, git, with_remote
from terrace.adapters.ledgers.git import GitLedger
from terrace.errors import Conflict, Corrupt, NotReady
from terrace.ledger.chain import verify
from terrace.ledger.model import GENESIS, Draft, History
from terrace.pipelines.journal import append


def ledger_of(work: Path, remote: str | None = "origin") -> GitLedger:
    return GitLedger(
        work, remote=remote, clock=lambda: datetime(2026, 1, 5, tzinfo=UTC), new_id=lambda: os.urandom(6).hex()
    )


def draft(text: str) -> Draft:
    return Draft("step.begun", "d1", "ann", {"text": text})


@pytest.mark.slow
def test_writers_in_several_clones_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    clones = [clone(work, tmp_path / f"clone{n}") for n in range(4)]
    failures: list[BaseException] = []

    def write(name: int, folder: Path) -> None:
        try:
            ledger = ledger_of(folder)
            for number in range(5):
                text = f"{name}-{number}"

                def decide(history: History, text: str = text) -> tuple[Draft, ...]:
                    return (draft(text),)

                append(ledger, ledger.read(), decide)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n, folder)) for n, folder in enumerate(clones)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    events = ledger_of(work).read().events
    assert verify(events).ok
    texts = [event.payload["text"] for event in events]
    assert sorted(texts) == sorted(f"{n}-{i}" for n in range(4) for i in range(5))
    for n in range(4):
        assert [t for t in texts if t.startswith(f"{n}-")] == [f"{n}-{i}" for i in range(5)]


def test_nothing_of_the_users_is_touched(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    (work / "unsaved.txt").write_text("mine\n")
    hook = work / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    before = git(work, "status", "--porcelain"), git(work, "branch", "--list"), git(work, "rev-parse", "HEAD")
    ledger_of(work).append([draft("x")], head=GENESIS)
    assert (git(work, "status", "--porcelain"), git(work, "branch", "--list"), git(work, "rev-parse", "HEAD")) == before


def test_a_remote_that_refuses_the_push_says_why_and_nothing_is_written(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    hook = tmp_path / "work.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'this branch is closed' >&2\nexit 1\n")
    hook.chmod(0o755)
    ledger = ledger_of(work)
    with pytest.raises(NotReady, match="this branch is closed") as caught:
        ledger.append([draft("x")], head=GENESIS)
    assert "terrace/ledger" in (caught.value.hint or "")
    assert ledger.read().events == ()


def test_a_remote_out_of_reach_is_told(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    git(work, "remote", "set-url", "origin", "https://user:secret-token@localhost:1/nothing.git")
    with pytest.raises(NotReady, match="cannot be read") as caught:
        ledger_of(work).read()
    assert "secret-token" not in str(caught.value)


def test_a_rewritten_branch_is_no_ledger_any_more(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    ledger = ledger_of(work)
    history = ledger.append([draft("first")], head=GENESIS)
    early = git(tmp_path / "work.git", "rev-parse", "terrace/ledger")
    ledger.append([draft("second")], head=history.head)
    git(tmp_path / "work.git", "update-ref", "refs/heads/terrace/ledger", early)
    with pytest.raises(Corrupt, match="does not continue"):
        ledger_of(work).read()
    git(tmp_path / "work.git", "update-ref", "-d", "refs/heads/terrace/ledger")
    with pytest.raises(Corrupt, match="was deleted"):
        ledger_of(work).read()


def test_foreign_files_on_the_branch_are_noticed(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    ledger_of(work).append([draft("x")], head=GENESIS)
    other = clone(work, tmp_path / "other")
    git(other, "switch", "--quiet", "terrace/ledger")
    (other / "events/000000/notes.txt").write_text("hello")
    git(other, "add", "--all")
    git(other, "commit", "--quiet", "-m", "notes")
    git(other, "push", "--quiet", "origin", "terrace/ledger")
    with pytest.raises(Corrupt, match=r"notes\.txt"):
        ledger_of(work).read()


def test_an_append_on_a_stale_reading_conflicts_before_it_writes(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    other = clone(work, tmp_path / "other")
    mine, theirs = ledger_of(work), ledger_of(other)
    mine.read()
    theirs.append([draft("theirs")], head=GENESIS)
    with pytest.raises(Conflict):
        mine.append([draft("mine")], head=GENESIS)
    assert [e.payload["text"] for e in mine.read().events] == ["theirs"]
