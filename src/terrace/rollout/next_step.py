"""The next step of a deployment: a pure function of its history.

    plan (all of a wave) -> consent -> plan again if the plan is not fresh -> backup -> apply -> snapshot
    ... next wave ... -> smoke -> health, repeatedly during the bake time -> tag -> finished

If approvals are required, the later waves are planned ahead, so that people approve once: every stack that can be
planned already is part of the approval, and is planned again in its wave.

After a crash the result is the same, because it depends on the history only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from terrace.gates.all import HEALTH, OPENING
from terrace.gates.gate import passes, waits
from terrace.gates.model import Outcome, Verdict
from terrace.ledger.deployment import Deployment, Result, Step, StepRecord
from terrace.rollout.health import Health, Healthy, Measure, Rest, Unclear, Unhealthy
from terrace.rollout.steps_by_origin import SMOKE_AND_TAG, EnvironmentSteps


@dataclass(frozen=True, slots=True)
class Task:
    """One step to perform now. `resumes` is the record of an attempt that was begun and has no result: find out its
    result, and never start it again.
    """

    step: Step
    stack: str = ""
    resumes: StepRecord | None = None


@dataclass(frozen=True, slots=True)
class Perform:
    """Do these; they do not depend on each other."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """The deployment needs an action by a person, or waits for a timer."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Finish:
    """The deployment has ended."""

    result: Result
    reasons: tuple[str, ...] = ()


Next = Perform | Wait | Finish

Consent = Callable[[tuple[StepRecord, ...]], Verdict]
"""The verdict of the gates on the plans of one wave, given as the records of their plan steps."""


class Horizon(Enum):
    """How far plans are made at first: of the wave whose turn it is, or of all, because people will be asked."""

    WAVE = "wave"
    ALL = "all"


Entry = Callable[[], Verdict]
"""The verdict of the gates before anything is planned: the opening event itself is not trusted."""


def always_admitted() -> Verdict:
    """The verdict without gates before planning."""
    return Verdict("", (OPENING.add_name(passes("there are no gates before planning")),))


Condition = Callable[[Deployment], Health]
"""The condition of the deployed release, after its smoke tests."""


def always_healthy(deployment: Deployment) -> Health:
    """The condition of an environment without health checks."""
    return Healthy()


@dataclass(frozen=True, slots=True)
class Asked:
    """The sources of decisions in a deployment: the gates, the health of the release, the steps of its environment."""

    consent: Consent
    condition: Condition = always_healthy
    environment_steps: EnvironmentSteps = SMOKE_AND_TAG
    horizon: Horizon = Horizon.WAVE
    entry: Entry = always_admitted


def next_step(deployment: Deployment, questions: Asked, in_hand: frozenset[str]) -> Next:
    """The next thing to do. `in_hand` are the attempts of this process: the plans whose saved file it made and still
    has, and the backups that it made.

    A saved plan is applied only by the process that made it moments ago; any other process plans again and compares
    digests first. A record of another process never replaces a plan or a backup: anyone who can write to the ledger can
    write one.
    """
    if deployment.result is not None:
        return Finish(deployment.result, deployment.reasons)
    doubtful = deployment.in_doubt
    if any(record.result == "unknown" for record in doubtful):
        return Finish("unknown", tuple(f"{r.stack}: {r.message}" for r in doubtful if r.result == "unknown"))
    if doubtful:
        return Perform(tuple(Task(Step.APPLY, r.stack, resumes=r) for r in doubtful))
    admitted = questions.entry()
    if admitted.outcome is Outcome.BLOCK:
        # Nothing of it is planned either: planning runs what its commit says, with the credentials of the environment.
        return Finish("blocked", _refusals(admitted))
    if admitted.outcome is Outcome.WAIT:
        return Wait(admitted)
    for wave in deployment.waves:
        answer = _wave(deployment, wave, questions, in_hand)
        if answer is not None:
            return answer
    return _environment(deployment, questions)


def _wave(deployment: Deployment, wave: tuple[str, ...], questions: Asked, in_hand: frozenset[str]) -> Next | None:
    """Returns the next step of a wave, or None if it is done."""
    remaining = tuple(key for key in wave if not _is_done(deployment, key))
    if not remaining:
        return None
    failed = _failures(deployment, remaining)
    unplanned = tuple(key for key in remaining if not _is_planned(deployment, key))
    applying = tuple(key for key in remaining if _is_applied(deployment, key))
    if applying:
        # Something of this wave is applied: take its snapshot, whatever became of its neighbours.
        return Perform(tuple(Task(Step.SNAPSHOT, key) for key in applying))
    if failed:
        return Finish("failed", failed)
    ahead = tuple(key for key in deployment.stacks if key not in wave and _not_looked_at(deployment, key))
    if unplanned:
        keys = (*unplanned, *ahead) if questions.horizon is Horizon.ALL else unplanned
        return Perform(tuple(Task(Step.PLAN, key) for key in keys))
    verdict = questions.consent(plans_awaiting_consent(deployment))
    if verdict.outcome is Outcome.BLOCK:
        # The deployment has ended then, so its hints are not repeated.
        return Finish("blocked", _refusals(verdict))
    if verdict.outcome is Outcome.WAIT:
        return Perform(tuple(Task(Step.PLAN, key) for key in ahead)) if ahead else Wait(verdict)
    stale = tuple(key for key in remaining if not _is_fresh(deployment, key, in_hand))
    if stale:
        return Perform(tuple(Task(Step.PLAN, key) for key in stale))
    first = next((s for s in questions.environment_steps.opening if (r := deployment.last(s)) is None or r.open), None)
    if first is not None:
        return Perform((Task(first),))
    bare = tuple(key for key in remaining if not _is_backed_up(deployment, key, in_hand))
    if bare:
        return Perform(tuple(Task(Step.BACKUP, key) for key in bare))
    return Perform(tuple(Task(Step.APPLY, key) for key in remaining))


def _refusals(verdict: Verdict) -> tuple[str, ...]:
    return tuple(f"{r.reason}; {r.satisfy}" if r.satisfy else r.reason for r in verdict.open)


def _not_looked_at(deployment: Deployment, key: str) -> bool:
    """Returns whether a stack was never planned, or its planning process terminated."""
    record = deployment.last(Step.PLAN, key)
    return record is None or record.open


def plans_awaiting_consent(deployment: Deployment) -> tuple[StepRecord, ...]:
    """The plans that consent is needed for now: those of the wave whose turn it is, and those made ahead of theirs.

    Empty once every wave is done.
    """
    for index, wave in enumerate(deployment.waves):
        if all(_is_done(deployment, key) for key in wave):
            continue
        later = [key for after in deployment.waves[index + 1 :] for key in after]
        plans = [_plan(deployment, key) for key in wave if _is_planned(deployment, key)]
        return (*plans, *(_plan(deployment, key) for key in later if _is_planned(deployment, key)))
    return ()


def is_ahead(deployment: Deployment, key: str) -> bool:
    """Returns whether an earlier wave than the stack's own is not done."""
    for wave in deployment.waves:
        if key in wave:
            return False
        if not all(_is_done(deployment, other) for other in wave):
            return True
    return False


def _environment(deployment: Deployment, questions: Asked) -> Next:
    """Returns the next step after every stack is done."""
    for step in questions.environment_steps.closing:
        if step is Step.HEALTH:
            answer = _health(deployment, questions.condition(deployment))
            if answer is not None:
                return answer
            continue
        if step is Step.TAG and _changes_nothing(deployment):
            continue
        record = deployment.last(step)
        if record is None or record.open:
            return Perform((Task(step),))
        if record.result != "succeeded":
            return Finish("failed", (f"{step.value}: {record.message}",))
    return Finish("succeeded")


def _changes_nothing(deployment: Deployment) -> bool:
    """Returns whether the commit was deployed there before and every plan is empty: it has its tag already."""
    return deployment.live == deployment.commit and not deployment.touched


def _health(deployment: Deployment, condition: Health) -> Next | None:
    """Returns the step that the health of the release requires, or None if it is healthy."""
    match condition:
        case Healthy():
            return None
        case Measure():
            return Perform((Task(Step.HEALTH),))
        case Unhealthy(reason):
            return Finish("failed", (f"health: {reason}",))
        case Rest(until, reason):
            result = HEALTH.add_name(waits(reason, "`terrace tick` continues", until))
        case Unclear(reason):
            how = f"look at it: `terrace resume {deployment.environment}` measures again"
            result = HEALTH.add_name(waits(reason, how))
    return Wait(Verdict(deployment.environment, (result,)))


def _plan(deployment: Deployment, key: str) -> StepRecord:
    record = deployment.last(Step.PLAN, key)
    assert record is not None, "asked only for stacks that were planned"
    return record


def _is_planned(deployment: Deployment, key: str) -> bool:
    record = deployment.last(Step.PLAN, key)
    return record is not None and record.result == "succeeded" and not record.detail.later


def _is_fresh(deployment: Deployment, key: str, in_hand: frozenset[str]) -> bool:
    """Returns whether the latest plan of a stack was made by this process, and nothing was applied since."""
    record = _plan(deployment, key)
    order = deployment.steps
    applied = [order.index(r) for r in order if r.step is Step.APPLY and r.stack not in _wave_of(deployment, key)]
    return record.attempt in in_hand and all(at < order.index(record) for at in applied)


def _wave_of(deployment: Deployment, key: str) -> tuple[str, ...]:
    return next(wave for wave in deployment.waves if key in wave)


def _since_plan(deployment: Deployment, step: Step, key: str) -> StepRecord | None:
    """Returns the latest record of that step, if it is newer than the latest plan of the stack."""
    planned = deployment.last(Step.PLAN, key)
    record = deployment.last(step, key)
    if planned is None or record is None:
        return None
    order = deployment.steps
    return record if order.index(record) > order.index(planned) else None


def _is_backed_up(deployment: Deployment, key: str, in_hand: frozenset[str]) -> bool:
    record = _since_plan(deployment, Step.BACKUP, key)
    return record is not None and record.result == "succeeded" and record.attempt in in_hand


def _is_applied(deployment: Deployment, key: str) -> bool:
    """Returns whether its apply has finished, and the state after it is not backed up yet."""
    record = _since_plan(deployment, Step.APPLY, key)
    if record is None or record.open:
        return False
    snapshot = _since_plan(deployment, Step.SNAPSHOT, key)
    return snapshot is None or snapshot.open


def _is_done(deployment: Deployment, key: str) -> bool:
    planned = deployment.last(Step.PLAN, key)
    if planned is None or planned.result != "succeeded" or planned.detail.later:
        return False
    if planned.detail.empty:
        # An empty plan may not stay empty: an earlier stack may change its inputs.
        return not _applied_before(deployment, key, planned)
    applied = _since_plan(deployment, Step.APPLY, key)
    snapshot = _since_plan(deployment, Step.SNAPSHOT, key)
    return (
        applied is not None
        and applied.result == "succeeded"
        and snapshot is not None
        and snapshot.result == "succeeded"
    )


def _applied_before(deployment: Deployment, key: str, planned: StepRecord) -> bool:
    """Returns whether an earlier wave was, or will be, applied after that plan was made."""
    order = deployment.steps
    for wave in deployment.waves[: deployment.waves.index(_wave_of(deployment, key))]:
        for other in wave:
            if not _is_done(deployment, other):
                return True
            applied = deployment.last(Step.APPLY, other)
            if applied is not None and order.index(applied) > order.index(planned):
                return True
    return False


def _failures(deployment: Deployment, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the failures in these stacks: a failed step ends the deployment once the others of its wave have
    finished.
    """
    failures = []
    for key in keys:
        for record in reversed([r for r in deployment.steps if r.stack == key]):
            if record.result == "failed":
                failures.append(f"{key}: {record.step.value} failed: {record.message}")
            break
    for key in keys:
        applied = _since_plan(deployment, Step.APPLY, key)
        if applied is not None and applied.result == "failed" and not any(f.startswith(f"{key}:") for f in failures):
            failures.append(f"{key}: apply failed: {applied.message}")
    return tuple(failures)
