"""What comes next in a deployment: a pure answer to the history so far.

    plan (all of a wave) -> consent -> plan again where the plan at hand is not ours -> backup -> apply -> snapshot
    ... next wave ... -> smoke -> tag -> finished

Whoever is asked again after a crash gets the same answer, because nothing but the history is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from terrace.gates.model import Outcome, Verdict
from terrace.rollout.model import Deployment, Result, Step, StepRecord


@dataclass(frozen=True, slots=True)
class Task:
    """One step to perform now. `resumes` is the record of an attempt that was begun and has no result: look what
    became of it, and never begin it anew."""

    step: Step
    stack: str = ""
    resumes: StepRecord | None = None


@dataclass(frozen=True, slots=True)
class Perform:
    """Do these; they do not depend on each other."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done until somebody acts or time passes."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Finish:
    """It is over."""

    result: Result
    reasons: tuple[str, ...] = ()


Next = Perform | Wait | Finish

Consent = Callable[[tuple[StepRecord, ...]], Verdict]
"""The verdict of the gates on the plans of one wave, given as the records of their plan steps."""


def next_step(deployment: Deployment, consent: Consent, in_hand: frozenset[str]) -> Next:
    """The next thing to do. `in_hand` are the attempts whose saved plan file this process made and still has.

    A saved plan is applied only by the process that made it moments ago; anybody else plans again and compares
    digests first.
    """
    if deployment.result is not None:
        return Finish(deployment.result, deployment.reasons)
    doubtful = deployment.in_doubt
    if any(record.result == "unknown" for record in doubtful):
        return Finish("unknown", tuple(f"{r.stack}: {r.message}" for r in doubtful if r.result == "unknown"))
    if doubtful:
        return Perform(tuple(Task(Step.APPLY, r.stack, resumes=r) for r in doubtful))
    for wave in deployment.waves:
        answer = _wave(deployment, wave, consent, in_hand)
        if answer is not None:
            return answer
    return _environment(deployment)


def _wave(deployment: Deployment, wave: tuple[str, ...], consent: Consent, in_hand: frozenset[str]) -> Next | None:
    """What a wave needs, or None when it is done."""
    left = tuple(key for key in wave if not _done(deployment, key))
    if not left:
        return None
    failed = _failures(deployment, left)
    unplanned = tuple(key for key in left if not _planned(deployment, key))
    applying = tuple(key for key in left if _applied(deployment, key))
    if applying:
        # Something of this wave is applied: take its snapshot, whatever became of its neighbours.
        return Perform(tuple(Task(Step.SNAPSHOT, key) for key in applying))
    if failed:
        return Finish("failed", failed)
    if unplanned:
        return Perform(tuple(Task(Step.PLAN, key) for key in unplanned))
    verdict = consent(tuple(_plan(deployment, key) for key in wave))
    if verdict.outcome is Outcome.BLOCK:
        return Finish("blocked", tuple(r.reason for r in verdict.open))
    if verdict.outcome is Outcome.WAIT:
        return Wait(verdict)
    stale = tuple(key for key in left if _plan(deployment, key).attempt not in in_hand)
    if stale:
        return Perform(tuple(Task(Step.PLAN, key) for key in stale))
    bare = tuple(key for key in left if not _backed_up(deployment, key))
    if bare:
        return Perform(tuple(Task(Step.BACKUP, key) for key in bare))
    return Perform(tuple(Task(Step.APPLY, key) for key in left))


def _environment(deployment: Deployment) -> Next:
    """What is left once every stack is done."""
    for step in (Step.SMOKE, Step.TAG):
        record = deployment.last(step)
        if record is None or record.open:
            return Perform((Task(step),))
        if record.result != "succeeded":
            return Finish("failed", (f"{step.value}: {record.message}",))
    return Finish("succeeded")


def _plan(deployment: Deployment, key: str) -> StepRecord:
    record = deployment.last(Step.PLAN, key)
    assert record is not None, "asked only for stacks that were planned"
    return record


def _planned(deployment: Deployment, key: str) -> bool:
    record = deployment.last(Step.PLAN, key)
    return record is not None and record.result == "succeeded"


def _since_plan(deployment: Deployment, step: Step, key: str) -> StepRecord | None:
    """The newest record of that step, if it came after the newest plan of the stack."""
    planned = deployment.last(Step.PLAN, key)
    record = deployment.last(step, key)
    if planned is None or record is None:
        return None
    order = deployment.steps
    return record if order.index(record) > order.index(planned) else None


def _backed_up(deployment: Deployment, key: str) -> bool:
    record = _since_plan(deployment, Step.BACKUP, key)
    return record is not None and record.result == "succeeded"


def _applied(deployment: Deployment, key: str) -> bool:
    """Whether its apply ended, and the state after it is not saved yet."""
    record = _since_plan(deployment, Step.APPLY, key)
    if record is None or record.open:
        return False
    snapshot = _since_plan(deployment, Step.SNAPSHOT, key)
    return snapshot is None or snapshot.open


def _done(deployment: Deployment, key: str) -> bool:
    planned = deployment.last(Step.PLAN, key)
    if planned is None or planned.result != "succeeded":
        return False
    if planned.detail.get("empty"):
        return True
    applied = _since_plan(deployment, Step.APPLY, key)
    snapshot = _since_plan(deployment, Step.SNAPSHOT, key)
    return (
        applied is not None
        and applied.result == "succeeded"
        and snapshot is not None
        and snapshot.result == "succeeded"
    )


def _failures(deployment: Deployment, keys: tuple[str, ...]) -> tuple[str, ...]:
    """What failed for good in these stacks: a failed step ends the deployment once its neighbours have ended."""
    found = []
    for key in keys:
        for record in reversed([r for r in deployment.steps if r.stack == key]):
            if record.result == "failed":
                found.append(f"{key}: {record.step.value} failed: {record.message}")
            break
    for key in keys:
        applied = _since_plan(deployment, Step.APPLY, key)
        if applied is not None and applied.result == "failed" and not any(f.startswith(f"{key}:") for f in found):
            found.append(f"{key}: apply failed: {applied.message}")
    return tuple(found)
