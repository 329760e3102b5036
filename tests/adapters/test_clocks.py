"""The time by a server, and by what passed since the start: what is set on this machine changes neither."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from terrace.adapters.clocks import GOOD_FOR, SINCE_START, ReferenceClock
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.dates import doubt
from terrace.ledger.model import History

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Machine:
    """A machine whose clock is set by a test, and its server. `asked` are the requests that it got."""

    def __init__(self, date: str | None = "Mon, 05 Jan 2026 12:00:00 GMT") -> None:
        self.now, self.passed, self.date = NOON, 1000.0, date
        self.asked: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.date is None:
            raise httpx.ConnectError("certificate verify failed", request=request)
        return httpx.Response(404, headers={"date": self.date} if self.date else {})

    def clock(self, *servers: str) -> ReferenceClock:
        transport = httpx.MockTransport(self.answer)
        return ReferenceClock(lambda: self.now, lambda: servers, transport=transport, passed=lambda: self.passed)

    def go_on(self, span: timedelta, *, clock: timedelta | None = None) -> None:
        self.passed += span.total_seconds()
        self.now += span if clock is None else clock


def test_a_clock_that_was_set_forward_on_one_machine_is_noticed_by_the_server_of_the_remote() -> None:
    machine = Machine()
    machine.now = NOON + timedelta(days=2)
    reference = machine.clock("https://ann:s3cret@git.example.com:8443/acme/infra.git")()
    assert (reference.time, reference.source) == (NOON, "the server git.example.com:8443")
    assert doubt(History(key=NO_KEY), machine.now, reference) is not None
    (request,) = machine.asked
    assert str(request.url) == "https://git.example.com:8443/"
    assert "authorization" not in request.headers


def test_a_clock_that_is_set_while_a_command_runs_is_noticed_without_any_server() -> None:
    machine = Machine()
    clock = machine.clock("git@github.com:acme/infra.git", "/srv/git/infra.git", "http://127.0.0.1/infra.git")
    assert doubt(History(key=NO_KEY), machine.now, clock()) is None
    machine.go_on(timedelta(hours=3))
    assert doubt(History(key=NO_KEY), machine.now, clock()) is None, "time that passes is no doubt"
    machine.go_on(timedelta(minutes=1), clock=timedelta(hours=2))
    found = doubt(History(key=NO_KEY), machine.now, clock())
    assert found is not None
    assert SINCE_START in found[0]
    assert machine.asked == [], "what is not asked by https may be answered by anybody in between"


def test_one_answer_of_a_server_is_used_for_a_while_and_measured_on() -> None:
    machine = Machine()
    clock = machine.clock("https://github.com/acme/infra")
    clock()
    machine.go_on(timedelta(minutes=30), clock=timedelta(days=1))
    assert clock().time == NOON + timedelta(minutes=30)
    assert len(machine.asked) == 1
    machine.go_on(GOOD_FOR)
    machine.date = "Mon, 05 Jan 2026 13:30:00 GMT"
    assert clock().time == NOON + timedelta(minutes=90)
    assert len(machine.asked) == 2


def test_a_server_that_does_not_say_the_time_is_no_reference() -> None:
    for date in (None, "", "yesterday", "Mon, 05 Jan 2026 12:00:00 -0000", "Mon, 99 Jan 2026 12:00:00 GMT"):
        reference = Machine(date).clock("https://github.com/acme/infra", "https://", "https://[")()
        assert reference.source == SINCE_START
