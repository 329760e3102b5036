"""A clock that is wrong decides nothing: dates in the future hold what depends on time until they are dismissed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ledgers import MemoryLedger
from support.requests import at_entry, before_planning
from terrace.adapters.ledgers.dismissals import DatedLedger
from terrace.config.model import Environment
from terrace.errors import BadInput
from terrace.gates.facts import Facts, Upstream
from terrace.gates.model import Outcome
from terrace.ledger import folds, kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import TOLERANCE, seal, strange_times, verify
from terrace.ledger.dates import DatesDismissal, Reference, ahead, doubt, without_dismissed_dates
from terrace.ledger.event import Event
from terrace.ledger.model import GENESIS, Draft, History
from terrace.pipelines.journal import preview
from terrace.pipelines.ledger.dismissals import dismiss_dates
from terrace.stacks.model import AutomaticRollback, Destruction, Manual, Origin, Recovery, Remediation, Rollback

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
OPENED = {
    "environment": "staging",
    "commit": "c" * 40,
    "origin": {"kind": "manual", "by": "ann"},
    "waves": [["staging"]],
    "policy": "p",
}
FIRST = Draft(kinds.LEDGER_OPENED, "ledger", "ann", {"version": 1})
D1 = Draft(kinds.DEPLOYMENT_OPENED, "d1", "ann", OPENED)
D2 = Draft(kinds.DEPLOYMENT_OPENED, "d2", "ann", {**OPENED, "environment": "prod", "waves": [["prod"]]})
ENDED = Draft(kinds.DEPLOYMENT_ENDED, "d1", "ann", {"result": "succeeded", "reasons": []})
HELD = Draft(kinds.ENVIRONMENT_HELD, "prod", "mallory", {"reason": "none"})


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def ledger(clock: Clock) -> MemoryLedger:
    ids = iter(range(1000))
    made = MemoryLedger(clock=clock, new_id=lambda: f"e{next(ids)}", key=NO_KEY)
    made.append([FIRST], head=GENESIS)
    return made


def write(made: MemoryLedger, clock: Clock, at: datetime, *drafts: Draft) -> History:
    clock.now = at
    return made.append(drafts, head=made.read().head)


def chain(*entries: tuple[Draft, datetime]) -> History:
    """Events with any dates at all, as somebody who writes into the ledger makes them."""
    events: list[Event] = []
    for position, (draft, at) in enumerate(entries):
        previous = events[-1].hash if events else GENESIS
        events.append(seal(draft, position=position, previous=previous, id=f"e{position}", time=at, key=NO_KEY))
    assert verify(events).ok
    return History(tuple(events), key=NO_KEY)


def everybody(said: DatesDismissal) -> bool:
    return True


def signed(text: bytes) -> str:
    return "a signature"


def ended_at(history: History) -> datetime:
    (deployment,) = (one for one in folds.deployments(history) if one.id == "d1")
    assert deployment.ended_at is not None
    return deployment.ended_at


@pytest.mark.parametrize("late", [2 * TOLERANCE, HOUR, YEAR, 70 * YEAR], ids=str)
def test_an_event_dated_in_the_future_is_dismissed_and_soak_counts_from_when_it_can_have_happened(
    late: timedelta,
) -> None:
    clock = Clock()
    made = ledger(clock)
    write(made, clock, NOON, D1)
    write(made, clock, NOON + late, ENDED)
    history = made.read()
    assert ended_at(history) == NOON + late, "before anybody looked at it, it waits"
    found = doubt(history, NOON + timedelta(minutes=1), None)
    assert found is not None
    assert "event 2 of the ledger" in found[0]
    assert f"{NOON + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}" in found[0]
    assert f"{NOON + late:%Y-%m-%d %H:%M:%S}" in found[0]
    assert "terrace ledger dismiss 2" in found[1]
    clock.now = NOON + timedelta(minutes=2)
    gone = dismiss_dates(
        DatedLedger(made, everybody, lambda one: True),
        2,
        "ann",
        "the clock of ci-1 was wrong",
        signed,
        everybody,
        clock,
    )
    assert [event.position for event in gone] == [2]
    seen = without_dismissed_dates(made.read(), everybody)
    assert doubt(seen, clock.now, None) is None
    assert ended_at(seen) == clock.now, "when it was dismissed it had happened: it soaks from there"
    assert strange_times(seen.events, clock.now, seen.undated) == ()
    refused = without_dismissed_dates(made.read(), lambda said: said.actor == "bob")
    assert doubt(refused, clock.now, None) is not None, "it is asked of the trust root each time"


def test_an_event_dated_in_the_future_makes_no_later_event_wrong() -> None:
    clock = Clock()
    made = ledger(clock)
    write(made, clock, NOON + YEAR, HELD)
    history = write(made, clock, NOON + HOUR, D1)
    assert history.events[-1].time == NOON + HOUR
    assert [event.position for event in ahead(history, NOON + HOUR)] == [1]
    slow = write(made, clock, NOON + HOUR - TOLERANCE, ENDED)
    assert slow.events[-1].time == NOON + HOUR, "clocks differ a little, and the order of events stays that of times"


def test_many_events_of_a_clock_that_was_wrong_are_dismissed_at_once() -> None:
    clock = Clock()
    made = ledger(clock)
    write(made, clock, NOON + YEAR, D1, ENDED)
    write(made, clock, NOON, D2)
    write(made, clock, NOON + YEAR, HELD)
    clock.now = NOON
    found = doubt(made.read(), NOON, None)
    assert found is not None
    assert "2 more" in found[0]
    gone = dismiss_dates(made, 1, "ann", "a clock", signed, everybody, clock)
    assert [event.position for event in gone] == [1, 2, 4]
    seen = without_dismissed_dates(made.read(), everybody)
    assert ahead(seen, NOON) == ()
    assert [event.record for event in seen.readable] == [event.record for event in made.read().readable], (
        "what they say counts as before"
    )


def test_a_dismissal_takes_away_no_date_that_may_be_right() -> None:
    """Else the dates of what soaks could be dismissed, by a ledger writer where nobody signs, to end the soak."""
    honest = chain((FIRST, NOON), (D1, NOON), (ENDED, NOON + HOUR), (HELD, NOON + HOUR))
    for last in (1, 2, 3):
        said = {"position": 1, "last": last, "hash": honest.events[last].hash, "reason": "r", "signature": None}
        history = chain(
            (FIRST, NOON),
            (D1, NOON),
            (ENDED, NOON + HOUR),
            (HELD, NOON + HOUR),
            (Draft(kinds.DATES_DISMISSED, "ledger", "mallory", said), NOON + HOUR),
        )
        assert without_dismissed_dates(history, everybody).undated == {}
    clock = Clock()
    made = ledger(clock)
    write(made, clock, NOON, D1, ENDED)
    for position in (0, 1, 2, 3, 99):
        with pytest.raises(BadInput, match="is not dated in the future"):
            dismiss_dates(made, position, "ann", "r", signed, everybody, clock)


def dismissed(history: History, position: int, last: int) -> Draft:
    said = {"position": position, "last": last, "hash": history.events[last].hash, "reason": "r", "signature": "s"}
    return Draft(kinds.DATES_DISMISSED, "ledger", "ann", said)


def test_an_event_dated_too_early_does_not_shorten_what_soaks_after_a_wrong_clock() -> None:
    entries = ((FIRST, NOON - YEAR), (D1, NOON + YEAR), (ENDED, NOON + YEAR), (HELD, NOON - YEAR))
    written = chain(*entries)
    history = without_dismissed_dates(chain(*entries, (dismissed(written, 1, 2), NOON)), everybody)
    assert ended_at(history) == NOON, "it had ended when it was dismissed, and nothing says that it was earlier"


def test_a_copy_of_a_dismissal_of_dates_takes_away_no_more_than_the_dismissal() -> None:
    entries = ((FIRST, NOON - YEAR), (HELD, NOON + YEAR), (D1, NOON), (ENDED, NOON + HOUR), (HELD, NOON + YEAR))
    said = dismissed(chain(*entries), 1, 4)
    once = chain(*entries, (said, NOON + 2 * HOUR))
    copied = chain(*entries, (said, NOON + 2 * HOUR), (said, NOON - YEAR), (said, NOON - HOUR))
    assert without_dismissed_dates(copied, everybody).undated == without_dismissed_dates(once, everybody).undated
    assert ended_at(without_dismissed_dates(copied, everybody)) == NOON + 2 * HOUR, (
        "what follows a wrong date waits too long, never too short"
    )


def test_a_dismissal_of_dates_is_for_those_events_of_that_ledger_by_a_signer() -> None:
    clock = Clock()
    made = ledger(clock)
    write(made, clock, NOON + YEAR, D1)
    clock.now = NOON
    with pytest.raises(BadInput, match="not a signer"):
        dismiss_dates(made, 1, "mallory", "fine", signed, lambda said: False, clock)
    with pytest.raises(BadInput, match="no reason was given"):
        dismiss_dates(made, 1, "ann", " ", signed, everybody, clock)
    assert len(made.read().events) == 2
    wrong = {"position": 1, "last": 1, "hash": "0" * 64, "reason": "r", "signature": None}
    write(made, clock, NOON, Draft(kinds.DATES_DISMISSED, "ledger", "ann", wrong))
    later = {**wrong, "last": 7}
    write(made, clock, NOON, Draft(kinds.DATES_DISMISSED, "ledger", "ann", later))
    assert doubt(without_dismissed_dates(made.read(), everybody), NOON, None) is not None
    one = DatesDismissal("l1", 1, 2, "0" * 64, "r", "ann")
    others = (
        DatesDismissal("l2", 1, 2, "0" * 64, "r", "ann"),
        DatesDismissal("l1", 0, 2, "0" * 64, "r", "ann"),
        DatesDismissal("l1", 1, 3, "0" * 64, "r", "ann"),
        DatesDismissal("l1", 1, 2, "0" * 64, "r", "bob"),
    )
    assert one.text not in [other.text for other in others]


@pytest.mark.parametrize("off", [HOUR, -HOUR, YEAR, -YEAR, TOLERANCE + timedelta(seconds=1)], ids=str)
def test_a_clock_that_differs_from_that_of_the_remote_is_told_with_both_times(off: timedelta) -> None:
    found = doubt(History(key=NO_KEY), NOON + off, Reference(NOON, "the server github.com"))
    assert found is not None
    assert f"{NOON:%Y-%m-%d %H:%M:%S} UTC" in found[0]
    assert f"{NOON + off:%Y-%m-%d %H:%M:%S} UTC" in found[0]
    assert "github.com" in found[0]
    assert doubt(History(key=NO_KEY), NOON + TOLERANCE, Reference(NOON, "the server github.com")) is None


ORIGINS: tuple[Origin, ...] = (
    Manual("ann"),
    Rollback("d1", "ann", "bad"),
    AutomaticRollback("d1", "smoke"),
    Recovery("d1", "ann"),
    Remediation("d1", "ann"),
    Destruction("ann", "moved"),
)


@pytest.mark.parametrize("origin", ORIGINS, ids=lambda one: type(one).__name__)
def test_an_untrusted_clock_passes_no_soak_and_no_approval(origin: Origin) -> None:
    environment = Environment("prod", after="staging", soak=HOUR)
    upstream = Upstream("staging", "c" * 40, NOON - YEAR)
    facts = Facts(
        "c" * 40, (), "ann", "main", True, upstream, None, None, origin, clock=("the clock is wrong", "set the clock")
    )
    for verdict in (at_entry(environment, facts, NOON), before_planning(environment, facts, NOON)):
        assert verdict.outcome is not Outcome.PASS
        said = [(one.outcome, one.reason, one.satisfy) for one in verdict.results if one.gate == "clock"]
        assert said == [(Outcome.WAIT, "the clock is wrong", "set the clock")]


MOMENTS = st.timedeltas(min_value=-YEAR, max_value=YEAR)


@given(st.lists(st.tuples(MOMENTS, st.booleans()), min_size=1, max_size=8))
def test_corrected_dates_never_decrease_and_never_shorten_a_wait(
    given_dates: Sequence[tuple[timedelta, bool]],
) -> None:
    history = chain((FIRST, NOON), *((HELD, NOON + off) for off, _ in given_dates))
    undated = {position: NOON for position, (_, gone) in enumerate(given_dates, 1) if gone}
    seen = History(history.events, undated, key=NO_KEY)
    times = [event.time for event in seen.readable]
    assert times == sorted(times)
    for event in seen.readable:
        if event.position not in undated:
            assert event.time >= history.events[event.position].time
    assert preview(seen, [HELD], NOON).undated == undated
