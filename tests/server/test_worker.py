"""Deliveries are worked off one after the other, each until its end, whatever becomes of the worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from forge.answers import NOW
from terrace.apps.server.inbox import KEPT, PAUSE, TRIES, Delivery, Inbox
from terrace.apps.server.worker import Outcome, Worker
from terrace.errors import BadInput, Interrupted, NotReady

EVERY = timedelta(minutes=5)


class Clock:
    """A time that only tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Script:
    """A handler that does what it is told to, and remembers what it was called for."""

    def __init__(self, *ends: BaseException | Outcome) -> None:
        self._ends = list(ends)
        self.seen: list[str] = []

    def __call__(self, delivery: Delivery) -> Outcome:
        self.seen.append(delivery.id)
        end = self._ends.pop(0) if self._ends else Outcome("done", "looked after")
        if isinstance(end, BaseException):
            raise end
        return end


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(tmp_path: Path, clock: Clock) -> Iterator[Inbox]:
    made = Inbox(tmp_path / "inbox.db", clock)
    yield made
    made.close()


def delivery(id_: str, event: str = "push") -> Delivery:
    return Delivery(id_, event, f"a private remark, {id_}".encode())


def worker(inbox: Inbox, clock: Clock, script: Script, lines: list[str] | None = None) -> Worker:
    said = [] if lines is None else lines
    return Worker(inbox, {"push": script}, lambda: "nothing is due", EVERY, clock, said.append)


def until_idle(made: Worker) -> None:
    while made.step():
        pass


def states(inbox: Inbox) -> dict[str, tuple[str, int]]:
    return {entry.id: (entry.state, entry.attempts) for entry in inbox.entries()}


def test_the_oldest_goes_first_and_its_body_is_forgotten(inbox: Inbox, clock: Clock, tmp_path: Path) -> None:
    script = Script()
    for id_ in ("zz", "aa", "mm"):
        inbox.take(delivery(id_))
    until_idle(worker(inbox, clock, script))
    assert script.seen == ["zz", "aa", "mm"]
    assert set(states(inbox).values()) == {("done", 1)}
    assert inbox.take(delivery("zz")) == "known"
    assert (tmp_path / "inbox.db").stat().st_mode & 0o777 == 0o600
    inbox.close()
    assert b"a private remark" not in (tmp_path / "inbox.db").read_bytes()


def test_what_fails_is_tried_again_later_and_holds_up_nobody(inbox: Inbox, clock: Clock) -> None:
    script = Script(NotReady("GitHub does not answer"))
    for id_ in ("first", "second"):
        inbox.take(delivery(id_))
    one = worker(inbox, clock, script)
    until_idle(one)
    assert (script.seen, states(inbox)["first"]) == (["first", "second"], ("failed", 1))
    clock.now += PAUSE
    until_idle(one)
    assert (script.seen, states(inbox)["first"]) == (["first", "second", "first"], ("done", 2))


def test_what_never_works_is_given_up_and_can_be_tried_again(inbox: Inbox, clock: Clock) -> None:
    script = Script(*[BadInput("not as GitHub tells it")] * (TRIES - 1), ZeroDivisionError())
    inbox.take(delivery("one"))
    lines: list[str] = []
    made = worker(inbox, clock, script, lines)
    for _ in range(2 * TRIES):
        until_idle(made)
        clock.now += timedelta(days=1)
    assert (len(script.seen), states(inbox)) == (TRIES, {"one": ("dead", TRIES)})
    assert any("dead: a bug in Terrace: ZeroDivisionError()" in line for line in lines)
    inbox.retry("one")
    until_idle(made)
    assert states(inbox) == {"one": ("done", 1)}
    with pytest.raises(BadInput, match="no delivery one has failed permanently"):
        inbox.retry("one")


def test_one_whose_worker_died_is_begun_again_by_the_next(inbox: Inbox, clock: Clock, tmp_path: Path) -> None:
    inbox.take(delivery("one"))
    assert inbox.begin() is not None
    after = Inbox(tmp_path / "inbox.db", clock)
    script = Script()
    until_idle(worker(after, clock, script))
    assert (script.seen, states(after)) == (["one"], {"one": ("done", 2)})
    after.close()


def test_one_that_takes_every_worker_along_is_given_up(inbox: Inbox, clock: Clock) -> None:
    inbox.take(delivery("deadly"))
    for _ in range(TRIES):
        assert inbox.begin() is not None
    script = Script()
    until_idle(worker(inbox, clock, script))
    assert (script.seen, states(inbox)) == ([], {"deadly": ("dead", TRIES)})


@pytest.mark.parametrize("end", [Interrupted("interrupted"), KeyboardInterrupt()])
def test_being_asked_to_stop_is_no_attempt(inbox: Inbox, clock: Clock, end: BaseException) -> None:
    inbox.take(delivery("one"))
    with pytest.raises(type(end)):
        worker(inbox, clock, Script(end)).step()
    assert states(inbox) == {"one": ("waiting", 0)}


def test_an_event_that_nothing_is_called_for_by_is_ignored(inbox: Inbox, clock: Clock) -> None:
    inbox.take(delivery("one", "star"))
    until_idle(worker(inbox, clock, Script()))
    assert states(inbox) == {"one": ("ignored", 1)}


def test_time_makes_things_due_between_deliveries(inbox: Inbox, clock: Clock) -> None:
    lines: list[str] = []
    made = worker(inbox, clock, Script(), lines)
    until_idle(made)
    clock.now += EVERY - timedelta(seconds=1)
    until_idle(made)
    assert lines == ["nothing is due"]
    clock.now += timedelta(seconds=1)
    until_idle(made)
    assert lines == ["nothing is due"] * 2


def test_what_is_due_and_cannot_be_done_is_said_and_tried_at_the_next_time(inbox: Inbox, clock: Clock) -> None:
    def broken() -> str:
        raise NotReady("no key")

    lines: list[str] = []
    made = Worker(inbox, {}, broken, EVERY, clock, lines.append)
    until_idle(made)
    assert lines == ["scheduled work failed: no key"]
    assert made.trouble


def test_what_was_given_up_stays_until_somebody_looks(inbox: Inbox, clock: Clock) -> None:
    inbox.take(delivery("sick"))
    inbox.begin()
    for _ in range(TRIES - 1):
        inbox.fail("sick", "no")
        clock.now += timedelta(hours=1)
        inbox.begin()
    assert inbox.fail("sick", "no") == "dead"
    clock.now += 2 * KEPT
    inbox.take(delivery("other"))
    until_idle(worker(inbox, clock, Script()))
    assert states(inbox)["sick"] == ("dead", TRIES)
