"""Output of the commands that show environments and hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import UNSET, UnsetType

from terrace.drift.checks import EnvironmentDrift
from terrace.drift.model import Status as DriftState
from terrace.errors import TerraceError
from terrace.ledger.adoptions import AdoptedStack
from terrace.ledger.deployment import Deployment
from terrace.report.json.parts import GatePart, RefusedStack, gate_parts, refused_stacks
from terrace.report.json.record import JsonRecord, format_optional_time, format_time
from terrace.report.next_steps import next_steps
from terrace.report.orphans import OrphanedStack
from terrace.report.words import StateWord, state_word
from terrace.rollout.next_step import Wait
from terrace.rollout.situation import Situation
from terrace.stacks.refusals import Refusal


class HoldJson(JsonRecord, tag_field="schema", tag="terrace/hold@1"):
    """Output of `terrace hold` and `terrace unhold`."""

    environment: str
    """Environment."""
    held: bool
    """True if the environment is on hold."""


class RunningStep(JsonRecord):
    """A step that runs now."""

    step: str
    """Name of the step."""
    stack: str
    """Key of the stack; empty for a step of the environment."""
    attempt: str
    """Id of the attempt."""
    since: str | None
    """Time at which the step started."""


class HoldPart(JsonRecord):
    """The hold of an environment."""

    reason: str
    """Reason for the hold."""
    by: str
    """Person or process that set it."""
    since: str
    """Time at which it was set."""


class DriftStatus(JsonRecord):
    """Result of the newest drift check of an environment."""

    status: DriftState
    """Result of the latest drift check."""
    checked_at: str | None
    """Time of the last complete check."""
    overdue: str = ""
    """Reason why a check is overdue; left out otherwise."""


class EnvironmentStatus(JsonRecord, kw_only=True):
    """Status of one environment."""

    name: str
    """Name of the environment."""
    state: StateWord
    """State of the environment."""
    commit: str | UnsetType = UNSET
    """Commit of the last good release; left out before the first."""
    since: str | UnsetType | None = UNSET
    """Time at which that release finished."""
    deployment: str | UnsetType = UNSET
    """Id of the newest deployment."""
    waiting_for: tuple[str, ...]
    """Conditions that the newest deployment waits for."""
    running: tuple[RunningStep, ...] | UnsetType = UNSET
    """Steps that run now; only of an open deployment."""
    reasons: tuple[str, ...] | UnsetType = UNSET
    """Reasons why the newest deployment did not succeed."""
    handle: str = ""
    """Handle of the pending plans, as in `/terrace approve ENVIRONMENT HANDLE`."""
    held: HoldPart | UnsetType = UNSET
    """Hold of the environment."""
    alarms: tuple[str, ...]
    """Problems with states and their backups."""
    drift: DriftStatus | UnsetType = UNSET
    """Result of the newest drift check."""
    live: str | None = None
    """Commit that runs there, also while it is baking; null where nothing is known to run."""
    gates: tuple[GatePart, ...] = ()
    """Gates of the open deployment, evaluated now."""
    problem: str | None = None
    """Reason why the gates could not be evaluated now, or null."""
    next: tuple[str, ...] = ()
    """Next steps, as sentences with commands."""
    url: str = ""
    """URL of the environment in terrace.yaml; empty without one."""


class OrphanedStackPart(JsonRecord):
    """A stack that is deployed and that the protected branch no longer has."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    commit: str
    """Deployed commit of the stack."""


class AdoptedStackPart(JsonRecord):
    """A stack that was adopted and not deployed since."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    commit: str
    """Commit that the state was compared with."""
    same: bool
    """True if a plan of that commit changed nothing."""


class UnreadableRules(JsonRecord):
    """Reason why the stacks of the protected branch are unknown."""

    error: str
    """Error."""
    hint: str | None
    """Suggested fix, or null."""
    place: str | None
    """`file:line` of the error, or null."""


class StatusJson(JsonRecord, tag_field="schema", tag="terrace/status@1"):
    """Output of `terrace status`."""

    environments: tuple[EnvironmentStatus, ...]
    """Environments in the promotion order."""
    refused: tuple[RefusedStack, ...]
    """Stacks that Terrace refuses."""
    unreadable: UnreadableRules | None
    """Reason why the stacks of the protected branch are unknown, or null."""
    left: tuple[OrphanedStackPart, ...]
    """Stacks that are deployed and that the protected branch no longer has."""
    adopted: tuple[AdoptedStackPart, ...]
    """Stacks that were adopted and not deployed since."""
    as_of: str | None = None
    """Time of the last fetch, where the remote could not be reached; null where the output is current."""


def environment_statuses(
    situations: Iterable[Situation], alarms: Mapping[str, tuple[str, ...]], drift: Mapping[str, EnvironmentDrift]
) -> tuple[EnvironmentStatus, ...]:
    """Returns the status of every environment. `alarms` and `drift` are by the name of the environment."""
    return tuple(
        _environment_status(situation, alarms.get(situation.environment, ()), drift.get(situation.environment))
        for situation in situations
    )


def _environment_status(
    situation: Situation, alarms: tuple[str, ...], drift: EnvironmentDrift | None
) -> EnvironmentStatus:
    latest, good, hold, live = situation.latest, situation.released, situation.hold, situation.live
    is_open = latest is not None and latest.result is None
    has_failed = latest is not None and latest.result not in (None, "succeeded")
    return EnvironmentStatus(
        name=situation.environment,
        state=state_word(latest, hold),
        commit=good.commit if good is not None else UNSET,
        since=format_optional_time(good.ended_at) if good is not None else UNSET,
        live=live.commit if live is not None else None,
        deployment=latest.id if latest is not None else UNSET,
        waiting_for=pending_conditions(situation) if is_open else (),
        running=_running_steps(latest) if latest is not None and is_open else UNSET,
        reasons=tuple(latest.reasons) if latest is not None and has_failed else UNSET,
        handle=situation.handle,
        held=HoldPart(reason=hold.reason, by=hold.by, since=format_time(hold.since)) if hold is not None else UNSET,
        alarms=tuple(alarms),
        drift=DriftStatus(status=drift.status, checked_at=format_optional_time(drift.checked_at), overdue=drift.overdue)
        if drift is not None
        else UNSET,
        gates=gate_parts(situation.step.verdict) if isinstance(situation.step, Wait) else (),
        problem=situation.problem or None,
        next=next_steps(situation),
        url=situation.url,
    )


def pending_conditions(situation: Situation) -> tuple[str, ...]:
    """Returns the conditions of an open deployment: those of now where they could be evaluated."""
    if situation.step is not None:
        return tuple(result.reason for result in situation.open_gates)
    return tuple(situation.latest.waiting) if situation.latest is not None else ()


def _running_steps(deployment: Deployment) -> tuple[RunningStep, ...]:
    return tuple(
        RunningStep(
            step=step.step.value, stack=step.stack, attempt=step.attempt, since=format_optional_time(step.began_at)
        )
        for step in deployment.steps
        if step.open
    )


def status_json(
    environments: tuple[EnvironmentStatus, ...],
    refusals: Mapping[str, Refusal],
    error: TerraceError | None,
    orphans: Iterable[OrphanedStack],
    adopted: Mapping[str, Mapping[str, AdoptedStack]],
    as_of: datetime | None = None,
) -> StatusJson:
    """Returns the output of `terrace status`. `error` is why the stacks of the protected branch are unknown."""
    return StatusJson(
        environments=environments,
        refused=refused_stacks(refusals),
        unreadable=UnreadableRules(
            error=error.message, hint=error.hint, place=str(error.place) if error.place is not None else None
        )
        if error is not None
        else None,
        left=orphaned_stacks(orphans),
        adopted=tuple(
            AdoptedStackPart(stack=key, environment=name, commit=stack.commit, same=stack.record.same)
            for name, stacks in adopted.items()
            for key, stack in sorted(stacks.items())
        ),
        as_of=format_optional_time(as_of),
    )


def orphaned_stacks(orphans: Iterable[OrphanedStack]) -> tuple[OrphanedStackPart, ...]:
    """Returns stacks that are deployed and that the protected branch no longer has."""
    return tuple(OrphanedStackPart(stack=s.stack, environment=s.environment, commit=s.commit) for s in orphans)
