"""Evaluates whether a deployed release is healthy, unhealthy, not decided yet, or unknown. Counting only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from terrace.config.model import Rollout
from terrace.ledger.deployment import Deployment, Step, StepRecord

Reading = Literal["passed", "failed", "unclear"]
"""The result of one measurement. `unclear`: it could not be made, which is neither healthy nor unhealthy."""


@dataclass(frozen=True, slots=True)
class Healthy:
    """It baked, and enough measurements passed."""


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """So many of the last measurements failed that too few can pass."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Too many measurements failed: the result is unknown, and the deployment pauses for a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A measurement is due."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is due before `until`."""

    until: datetime
    reason: str


Health = Healthy | Unhealthy | Unclear | Measure | Rest


def health(rule: Rollout, deployment: Deployment, now: datetime, *, probed: bool) -> Health:
    """How a release does. It bakes from the end of its smoke tests; `probed` says whether there is anything to measure.

    Unhealthy as soon as it can no longer pass, healthy only after the whole bake time. A clock that was set back
    lengthens the wait and shortens nothing.
    """
    smoke = deployment.last(Step.SMOKE)
    assert smoke is not None and smoke.ended_at is not None, "asked only after the smoke tests"
    over = smoke.ended_at + rule.bake
    if not probed:
        return Healthy() if now >= over else Rest(over, f"bakes until {_clock(over)}")
    probes = [r for r in deployment.steps if r.step is Step.HEALTH and not r.open]
    last = probes[-rule.of :]
    passed, failed, unclear = (_count(last, outcome) for outcome in ("passed", "failed", "unclear"))
    spare = rule.of - rule.passes
    result = f"{passed} of the last {len(last)} measurements passed, {rule.passes} of {rule.of} must"
    if failed > spare:
        return Unhealthy(f"{result}: {_words(last, 'failed')}")
    # The decision is made at the end of the bake time: earlier measurements do not replace it.
    if passed >= rule.passes and probes[-1].began_at >= over:
        return Healthy()
    due = _next_time(probes[-1].began_at, rule, over) if probes else now
    if now >= due:
        return Measure()
    if failed + unclear > spare:
        return Unclear(f"inconclusive: {result}, and {unclear} could not be made: {_words(last, 'unclear')}")
    return Rest(due, f"{result}; bakes until {_clock(over)}")


def _next_time(last: datetime, rule: Rollout, over: datetime) -> datetime:
    """When to measure after `last`: in time for the end of the bake, whatever the rhythm."""
    return min(last + rule.every, over) if last < over else last + rule.every


def reading(record: StepRecord) -> Reading:
    """Returns the result of a measurement; an interrupted one has none."""
    outcome = record.detail.reading
    if record.result != "succeeded" or outcome not in ("passed", "failed"):
        return "unclear"
    return "passed" if outcome == "passed" else "failed"


def _count(records: list[StepRecord], outcome: Reading) -> int:
    return sum(1 for record in records if reading(record) == outcome)


def _words(records: list[StepRecord], outcome: Reading) -> str:
    return next((r.message for r in reversed(records) if reading(r) == outcome and r.message), outcome)


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
