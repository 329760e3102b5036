"""Health by counting: nothing is healthy before its bake is over, and doubt is neither health nor sickness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.config.model import Rollout
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.steps import Detail
from terrace.rollout.health import Health, Healthy, Measure, Reading, Rest, Unclear, Unhealthy, health, reading
from terrace.stacks.model import Manual

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
RULE = Rollout(bake=timedelta(seconds=100), every=timedelta(seconds=10), passes=2, of=3)

P: Reading = "passed"
F: Reading = "failed"
U: Reading = "unclear"

readings = st.sampled_from([P, F, U])


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def measured(said: Reading, began: datetime) -> StepRecord:
    detail = Detail() if said == "unclear" else Detail(reading=said)
    return StepRecord(Step.HEALTH, "", f"h{began}", began, began, "succeeded", f"it {said}", detail)


def baking(*made: tuple[Reading, float]) -> Deployment:
    """A deployment whose smoke tests ended at START, measured at these seconds after."""
    smoke = StepRecord(Step.SMOKE, "", "s", at(-1), START, "succeeded")
    steps = (smoke, *(measured(said, at(seconds)) for said, seconds in made))
    return Deployment("d1", "prod", "c" * 40, Manual("ann"), "ann", at(-60), (("prod",),), "policy", steps)


def asked(seconds: float, *made: tuple[Reading, float], rule: Rollout = RULE) -> Health:
    return health(rule, baking(*made), at(seconds), probed=True)


def test_without_a_probe_it_only_bakes() -> None:
    assert health(RULE, baking(), at(99.9), probed=False) == Rest(at(100), "bakes until 2026-01-05 12:01:40 UTC")
    assert health(RULE, baking(), at(100), probed=False) == Healthy()


def test_the_first_measurement_is_due_at_once_and_the_next_after_its_interval() -> None:
    assert asked(0) == Measure()
    assert asked(5, (P, 0)) == Rest(
        at(10), "1 of the last 1 measurements passed, 2 of 3 must; bakes until 2026-01-05 12:01:40 UTC"
    )
    assert asked(10, (P, 0)) == Measure()


def test_a_measurement_is_due_at_the_end_of_the_bake_whatever_the_rhythm() -> None:
    assert isinstance(asked(99, (P, 80), (P, 95)), Rest)
    assert asked(100, (P, 80), (P, 95)) == Measure()


def test_what_passed_during_the_bake_is_no_word_on_its_end() -> None:
    assert asked(200, (P, 70), (P, 80), (P, 90)) == Measure()
    assert asked(200, (P, 80), (P, 90), (P, 100)) == Healthy()


def test_it_is_sick_as_soon_as_too_few_can_pass_and_says_what_was_seen() -> None:
    assert isinstance(asked(11, (F, 0), (P, 10)), Rest)
    sick = asked(11, (F, 0), (F, 10))
    assert sick == Unhealthy("0 of the last 2 measurements passed, 2 of 3 must: it failed")


def test_an_old_failure_is_forgotten_once_it_leaves_the_window() -> None:
    assert asked(100, (F, 0), (F, 10), (P, 20), (P, 30), (P, 100)) == Healthy()


def test_too_many_unclear_ones_pause_it_and_it_is_measured_again() -> None:
    paused = asked(11, (U, 0), (U, 10))
    assert isinstance(paused, Unclear)
    assert "inconclusive" in paused.reason
    assert asked(20, (U, 0), (U, 10)) == Measure()
    assert asked(100, (U, 0), (U, 10), (P, 90), (P, 100)) == Healthy()


def test_a_failure_and_a_doubt_are_no_sickness() -> None:
    assert isinstance(asked(11, (F, 0), (U, 10)), Unclear)


def test_without_a_bake_as_many_measurements_are_needed_all_the_same() -> None:
    rule = replace(RULE, bake=timedelta(0))
    assert asked(0, rule=rule) == Measure()
    assert asked(0, (P, 0), rule=rule) == Rest(
        at(10), "1 of the last 1 measurements passed, 2 of 3 must; bakes until 2026-01-05 12:00:00 UTC"
    )
    assert asked(10, (P, 0), (P, 10), rule=rule) == Healthy()


def test_a_measurement_that_has_no_end_is_not_counted() -> None:
    deployment = baking((P, 100))
    open_one = StepRecord(Step.HEALTH, "", "open", at(101))
    begun = replace(deployment, steps=(*deployment.steps, open_one))
    assert health(replace(RULE, passes=1, of=1), begun, at(101), probed=True) == Healthy()
    assert health(RULE, begun, at(110), probed=True) == Measure()


@pytest.mark.parametrize(
    ("result", "detail", "said"),
    [
        ("succeeded", Detail(reading="passed"), "passed"),
        ("succeeded", Detail(reading="failed"), "failed"),
        ("succeeded", Detail(reading="unclear"), "unclear"),
        ("succeeded", Detail(), "unclear"),
        ("failed", Detail(reading="passed"), "unclear"),
    ],
)
def test_a_measurement_that_broke_or_has_no_reading_is_unclear(result: str, detail: Detail, said: str) -> None:
    record = replace(measured(P, START), result="failed" if result == "failed" else "succeeded", detail=detail)
    assert reading(record) == said


def told(seconds: Sequence[tuple[Reading, int]]) -> list[tuple[Reading, float]]:
    """Gaps between measurements as moments."""
    now = 0.0
    found: list[tuple[Reading, float]] = []
    for said, gap in seconds:
        now += gap
        found.append((said, now))
    return found


rules = st.integers(1, 5).flatmap(
    lambda of: st.builds(
        Rollout,
        bake=st.sampled_from([timedelta(seconds=s) for s in (0, 30, 100)]),
        every=st.sampled_from([timedelta(seconds=s) for s in (1, 10, 1000)]),
        passes=st.integers(1, of),
        of=st.just(of),
    )
)
made_so_far = st.lists(st.tuples(readings, st.integers(0, 40)), max_size=8).map(told)


@given(rules, made_so_far, st.integers(0, 400))
def test_it_is_sick_exactly_when_too_many_of_the_last_failed(
    rule: Rollout, made: list[tuple[Reading, float]], now: int
) -> None:
    last = [said for said, _ in made][-rule.of :]
    sick = isinstance(asked(now, *made, rule=rule), Unhealthy)
    assert sick == (last.count("failed") > rule.of - rule.passes)


@given(rules, made_so_far, st.integers(-400, 400), st.booleans())
def test_it_is_never_healthy_before_its_bake_is_over(
    rule: Rollout, made: list[tuple[Reading, float]], now: int, probed: bool
) -> None:
    """Over by the clock of whoever asks, or by the clock that read the last measurement: it may be set back since."""
    if isinstance(health(rule, baking(*made), at(now), probed=probed), Healthy):
        seen = max(now, made[-1][1]) if probed else now
        assert seen >= rule.bake.total_seconds()
        if probed:
            assert [said for said, _ in made][-rule.of :].count("passed") >= rule.passes


@given(rules, made_so_far, st.integers(-400, 400), st.integers(0, 10_000))
def test_a_clock_that_is_set_back_makes_nothing_healthy_earlier(
    rule: Rollout, made: list[tuple[Reading, float]], now: int, back: int
) -> None:
    if isinstance(asked(now - back, *made, rule=rule), Healthy):
        assert isinstance(asked(now, *made, rule=rule), Healthy)
    bare = replace(rule)
    if isinstance(health(bare, baking(), at(now - back), probed=False), Healthy):
        assert isinstance(health(bare, baking(), at(now), probed=False), Healthy)


@given(rules, st.lists(readings, min_size=1, max_size=12))
def test_whoever_measures_when_asked_comes_to_an_end_or_to_a_doubt(rule: Rollout, said: list[Reading]) -> None:
    """Each rest has a moment at which something is due, and what passes always ends healthy."""
    now = 0.0
    made: list[tuple[Reading, float]] = []
    answers = [*said, *[P] * (rule.of + int(rule.bake / rule.every) + 2)]
    while answers:
        answer = asked(now, *made, rule=rule)
        if isinstance(answer, Healthy | Unhealthy):
            return
        if isinstance(answer, Measure):
            made.append((answers.pop(0), now))
        elif isinstance(answer, Rest):
            assert answer.until > at(now)
            now = (answer.until - START).total_seconds()
        else:
            now += rule.every.total_seconds()
    raise AssertionError("it never ends")
