"""Checks in a row, told as a story: opened, updated, closed, reopened, flapping; what is unknown is never clean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.model import Severity
from terrace.drift.checks import Check, drift_status, in_a_row
from terrace.drift.issues import StackDrift, drift_by_stack
from terrace.drift.model import DriftKind, Observation, ResourceDrift, Status
from terrace.plans.model import Action

START = datetime(2026, 11, 23, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)


def resource(fingerprint: str = "f", value: str = "1") -> ResourceDrift:
    return ResourceDrift(
        "dev",
        "a.b",
        "a",
        DriftKind.ACTIONABLE,
        Severity.MEDIUM,
        ("x",),
        Action.UPDATE,
        fingerprint,
        observed={"x": value},
    )


def look(at: datetime, status: Status, *seen: ResourceDrift) -> Check:
    found = seen or ((resource(),) if status == "drifted" else ())
    return Check(at.isoformat(), "dev", at, (Observation("dev", "environments/dev", status, resources=found),))


def looks(*statuses: Status, every: timedelta = HALF_AN_HOUR) -> tuple[Check, ...]:
    return tuple(look(START + n * every, status) for n, status in enumerate(statuses))


def told(checks: tuple[Check, ...]) -> list[str]:
    return [turn.word for record in drift_by_stack(checks) for turn in record.turns]


def only(checks: tuple[Check, ...]) -> StackDrift:
    (record,) = drift_by_stack(checks)
    return record


def test_a_stack_that_was_always_clean_has_no_record() -> None:
    assert drift_by_stack(looks("clean", "unknown", "clean")) == ()


def test_it_is_closed_after_two_good_clean_checks() -> None:
    assert told(looks("drifted", "clean")) == ["opened"]
    assert told(looks("drifted", "clean", "unknown")) == ["opened"]
    assert told(looks("drifted", "clean", "unknown", "clean")) == ["opened", "closed"]
    assert not only(looks("drifted", "clean", "clean")).open


def test_a_check_that_could_not_tell_leaves_it_open_and_says_so() -> None:
    record = only(looks("drifted", "unknown", "unknown", "unknown"))
    assert (record.open, record.blind, record.clean) == (True, True, 0)


def test_another_difference_or_another_value_is_an_update() -> None:
    first = look(START, "drifted", resource())
    assert told((first, look(START + HALF_AN_HOUR, "drifted", resource()))) == ["opened"]
    assert told((first, look(START + HALF_AN_HOUR, "drifted", resource(value="2")))) == ["opened", "updated"]
    assert told((first, look(START + HALF_AN_HOUR, "drifted", resource("g")))) == ["opened", "updated"]


def test_what_comes_back_within_a_week_is_the_same_story() -> None:
    checks = looks("drifted", "clean", "clean", every=timedelta(days=1))
    soon = look(START + timedelta(days=9), "drifted")
    late = look(START + timedelta(days=9, seconds=1), "drifted")
    assert told((*checks, soon)) == ["opened", "closed", "reopened"]
    assert told((*checks, late)) == ["opened"]
    assert only((*checks, late)).id != only((*checks, soon)).id


def test_flapping_is_told_once_and_ends_when_a_day_was_quiet() -> None:
    flapping = looks("drifted", "clean", "drifted", "clean", "drifted", "clean", "drifted", "clean", "clean", "clean")
    assert told(flapping) == ["opened", "flapping"]
    assert only(flapping).open, "two clean checks mean little now"
    quiet = look(flapping[-1].at + timedelta(hours=25), "clean")
    assert told((*flapping, quiet)) == ["opened", "flapping", "closed"]


def test_sightings_in_a_row_are_of_the_same_difference() -> None:
    assert in_a_row(looks("drifted", "drifted"), resource()) == 2
    assert in_a_row(looks("drifted", "clean", "drifted"), resource()) == 1
    assert in_a_row(looks("drifted", "unknown", "drifted"), resource()) == 2
    assert in_a_row(looks("drifted", "drifted"), resource("g")) == 0


def test_a_good_check_that_is_too_old_is_an_alarm() -> None:
    checks = looks("clean", "unknown", "unknown")
    for minutes, expected in ((60, False), (61, True)):
        how = drift_status(reversed(checks), START + timedelta(minutes=minutes), HALF_AN_HOUR)
        assert how is not None
        assert (bool(how.overdue), how.status, how.checked_at) == (expected, "unknown", START)
    never = drift_status(reversed(checks), START + timedelta(days=9))
    assert never is not None
    assert never.overdue == "", "nobody meant to look regularly"
    assert drift_status((), START, HALF_AN_HOUR) is None


STATUSES = st.lists(st.sampled_from(["clean", "drifted", "unknown"]), max_size=30)


@given(STATUSES, st.sampled_from([HALF_AN_HOUR, timedelta(hours=7), timedelta(days=3)]))
def test_whatever_happens_the_record_says_how_it_stands(statuses: list[Status], every: timedelta) -> None:
    checks = looks(*statuses, every=every)
    known = [status for status in statuses if status != "unknown"]
    for record in drift_by_stack(checks):
        words = [turn.word for turn in record.turns]
        assert words[0] == "opened"
        assert all(not (one == other == "closed") for one, other in pairwise(words))
        if known[-1] == "drifted":
            assert record.open
            assert record.resources
        if not record.open:
            assert known[-2:] == ["clean", "clean"]
    assert bool(drift_by_stack(checks)) == ("drifted" in statuses)


@given(STATUSES)
def test_unknown_checks_change_no_story(statuses: list[Status]) -> None:
    checks = looks(*statuses)
    assert told(checks) == told(tuple(c for c in checks if c.status != "unknown"))
