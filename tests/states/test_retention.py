"""What stays of many copies: the rules one by one, and what holds for every history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from terrace.states.backups import BackupRecord, Moment
from terrace.states.retention import ALL, DAYS, GOOD, retention

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def copy(
    hours: float, serial: int = 0, stack: str = "prod", lineage: str = "l1", moment: Moment = "poll"
) -> BackupRecord:
    """A copy that was taken so many hours ago."""
    name = f"states/prod/{stack}/{hours:010.3f}-{serial}-{lineage}-{moment}"
    return BackupRecord(
        name=name,
        environment="prod",
        stack=stack,
        lineage=lineage,
        serial=serial,
        sha256="",
        size=1,
        key_id="k",
        moment=moment,
        commit="c",
        deployment="d",
        taken_at=NOW - timedelta(hours=hours),
        original=name,
    )


COPIES = st.lists(
    st.builds(
        copy,
        st.floats(-5, 24 * 50),
        st.integers(0, 50),
        st.sampled_from(["prod", "app"]),
        st.sampled_from(["l1", "l1", "l1", "l2"]),
        st.sampled_from(["poll", "before", "after", "final"]),
    ),
    unique_by=lambda record: record.name,
    max_size=60,
)


def names(records: Sequence[BackupRecord]) -> set[str]:
    return {record.name for record in records}


def kept(records: Sequence[BackupRecord], good: Sequence[BackupRecord] = ()) -> set[str]:
    return {r.name for r, _ in retention(records, frozenset(r.original for r in good), NOW).kept}


def test_of_a_day_long_ago_one_copy_stays() -> None:
    day = [copy(24 * 10 + hours) for hours in range(8)]
    newest = copy(1)
    assert kept([*day, newest]) == {day[0].name, newest.name}


def test_everything_of_the_last_48_hours_stays_and_older_days_go_for_good() -> None:
    fresh = [copy(hours) for hours in range(0, 48, 3)]
    ancient = [copy(24 * 40 + hours) for hours in range(5)]
    assert kept([*fresh, *ancient]) == names(fresh) | {ancient[0].name}, "the last ancient one was the state for weeks"
    weekly = [copy(24 * 60), copy(24 * 50), copy(24 * 45), copy(1)]
    assert kept(weekly) == {weekly[2].name, weekly[3].name}


def test_a_copy_that_was_the_state_until_an_hour_ago_stays_however_old_it_is() -> None:
    old, replaced = copy(24 * 300), copy(1)
    assert kept([old, replaced]) == {old.name, replaced.name}


def test_the_newest_good_releases_stay_for_good() -> None:
    good = [copy(24 * (100 + n), serial=n) for n in range(8)]
    others = [copy(24 * (100 + n) - 1, serial=n) for n in range(8)]
    stay = kept([*good, *others, copy(0)], good)
    assert stay & names(good) == names(good[:GOOD])


def test_the_last_copy_of_what_was_destroyed_stays() -> None:
    final, more = copy(24 * 400, moment="final"), [copy(24 * 399), copy(0)]
    assert final.name in kept([final, *more])


def test_a_lineage_that_was_lost_keeps_its_newest_copy() -> None:
    lost = [copy(24 * 200, 1), copy(24 * 199, 2)]
    started_over = [copy(24 * 198, 1, lineage="l2"), copy(24 * 197, 2, lineage="l2"), copy(0, 3, lineage="l2")]
    assert lost[1].name in kept([*lost, *started_over])


@given(COPIES, st.data())
def test_nothing_is_lost_and_what_must_stay_stays(records: list[BackupRecord], data: st.DataObject) -> None:
    good = data.draw(st.sets(st.sampled_from([r.original for r in records]))) if records else set()
    answer = retention(records, good, NOW)
    stay, go = names([r for r, _ in answer.kept]), names(answer.dropped)
    assert stay | go == names(records)
    assert not stay & go
    for stack in {r.stack for r in records}:
        mine = sorted((r for r in records if r.stack == stack), key=lambda r: (r.taken_at, r.serial, r.name))
        assert mine[-1].name in stay
        assert {r.name for r in mine if r.taken_at >= NOW - ALL or r.moment == "final"} <= stay
        assert {r.name for r in mine if r.original in good} & go <= names(
            [r for r in mine if r.original in good][:-GOOD]
        )
        for lineage in {r.lineage for r in mine}:
            assert names([r for r in mine if r.lineage == lineage]) & stay


@given(COPIES)
def test_for_each_of_the_last_days_the_state_at_its_end_can_be_had(records: list[BackupRecord]) -> None:
    stay = names([r for r, _ in retention(records, (), NOW).kept])
    midnight = NOW.replace(hour=0)
    for stack in {r.stack for r in records}:
        mine = sorted((r for r in records if r.stack == stack), key=lambda r: (r.taken_at, r.serial, r.name))
        for n in range(DAYS):
            before = [r for r in mine if r.taken_at <= midnight - timedelta(days=n)]
            assert not before or before[-1].name in stay


@given(COPIES)
def test_deciding_again_drops_nothing_more(records: list[BackupRecord]) -> None:
    left = [r for r, _ in retention(records, (), NOW).kept]
    assert retention(left, (), NOW).dropped == ()
