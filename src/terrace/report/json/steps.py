"""Steps of a deployment, what Terraform said in them, and its output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import UNSET, UnsetType

from terrace.errors import Diagnostic
from terrace.ledger.deployment import Deployment, Step, StepRecord, StepResult
from terrace.ledger.events.steps import ActionName, ApplyProgressRecord, Detail, RecordedChange
from terrace.plans.apply_progress import ChangeState
from terrace.report.json.record import JsonRecord, format_optional_time
from terrace.rollout.ports import StepLog

MessageSeverity = Literal["error", "warning", "note"]

_SEVERITIES: Mapping[str, MessageSeverity] = {"warning": "warning", "note": "note"}


class StepChange(JsonRecord):
    """A change of one resource in the plan of a step."""

    action: ActionName
    """Action of the plan on the resource; `no-op` where it is imported or moved."""
    address: str
    """Address of the resource."""


class StepBackup(JsonRecord):
    """A state backup that a step made."""

    backup: str
    """Name of the backup."""
    lineage: str
    """Lineage of the state."""
    serial: int
    """Serial of the state."""
    state_sha256: str
    """SHA-256 hash of the state."""
    key_id: str
    """Id of the backup key."""


class DiagnosticPart(JsonRecord):
    """A message of Terraform, masked."""

    severity: MessageSeverity
    """Severity of the message; `note` is a message of Terrace's own."""
    summary: str
    """Title."""
    detail: str
    """Explanation; empty where there is none."""
    path: str | None
    """File in the repository, or null."""
    line: int | None
    """Line in the file, from 1, or null."""
    column: int | None
    """Column in the line, from 1, or null."""
    address: str | None
    """Address of the resource, or null."""
    code: str | None
    """Source lines, or null."""
    code_line: int | None
    """Number of the first source line, or null."""
    context: str | None
    """Start of the block that contains the source lines, or null."""
    values: tuple[str, ...]
    """Values of the expressions in the source lines."""


class ApplyProgressPart(JsonRecord):
    """The changes of an apply that did not succeed, by their state: at most 20 of each.

    A replacement of which only one half was done is listed as its `delete` and its `create`.
    """

    completed: tuple[StepChange, ...]
    """Changes that were completed."""
    failed: tuple[StepChange, ...]
    """Changes that failed; `diagnostics` has the messages of Terraform."""
    in_flight: tuple[StepChange, ...]
    """Changes that were started and whose result is unknown."""
    not_started: tuple[StepChange, ...]
    """Planned changes that were not started; empty where the log of the apply is incomplete."""
    more: dict[ChangeState, int]
    """Number of changes that are left out, by state."""


class StepPart(JsonRecord):
    """A step of a deployment."""

    name: Step
    """Name of the step."""
    stack: str | None
    """Key of the stack; null for a step of the environment."""
    result: StepResult | None
    """Result of the step; null while it runs."""
    message: str
    """Result in words."""
    started_at: str | None
    """Time at which the step started."""
    ended_at: str | None
    """Time at which the step finished."""
    digest: str | UnsetType = UNSET
    """Plan digest; only of a plan."""
    changes: tuple[StepChange, ...] | UnsetType = UNSET
    """Changes; only of a plan."""
    notices: tuple[str, ...] | UnsetType = UNSET
    """Facts that approvers need besides the changes; only of a plan."""
    backup: StepBackup | UnsetType = UNSET
    """State backup; only of a step that made one."""
    diagnostics: tuple[DiagnosticPart, ...] | UnsetType = UNSET
    """Messages of Terraform; only of a step that failed."""
    more_diagnostics: int | UnsetType = UNSET
    """Number of messages that are only in the log of the step; only where some are."""
    hint: str | UnsetType = UNSET
    """How to fix the failure; only where Terrace knows it."""
    progress: ApplyProgressPart | UnsetType = UNSET
    """Changes by their state; only of an apply that did not succeed."""


class LogLinePart(JsonRecord):
    """A line that Terraform printed, masked."""

    at: str
    """Time of the line."""
    text: str
    """The line."""


class StepLogPart(JsonRecord):
    """The output of Terraform in one step."""

    stack: str
    """Key of the stack."""
    step: Step
    """Name of the step."""
    lines: tuple[LogLinePart, ...]
    """Lines in the order in which they were printed."""
    problem: str | None
    """Reason why a part of the output is missing, or null."""


class ShowLogJson(JsonRecord, tag_field="schema", tag="terrace/show-log@1"):
    """Output of `terrace show ENV --log`."""

    deployment: str
    """Id of the deployment."""
    environment: str
    """Environment."""
    logs: tuple[StepLogPart, ...]
    """Output of the steps, in their order."""


def logs_json(deployment: Deployment, logs: Iterable[StepLog]) -> ShowLogJson:
    """Returns the output of `terrace show ENV --log`."""
    return ShowLogJson(
        deployment=deployment.id,
        environment=deployment.environment,
        logs=tuple(
            StepLogPart(
                stack=log.stack,
                step=Step(log.step),
                lines=tuple(LogLinePart(at=entry.at, text=entry.text) for entry in log.lines),
                problem=log.problem or None,
            )
            for log in logs
        ),
    )


def step_part(step: StepRecord) -> StepPart:
    detail = step.detail
    return StepPart(
        name=step.step,
        stack=step.stack or None,
        result=step.result,
        message=step.message,
        started_at=format_optional_time(step.began_at),
        ended_at=format_optional_time(step.ended_at),
        digest=detail.digest or "" if detail.changes is not UNSET else UNSET,
        changes=_step_changes(detail.changes) if detail.changes is not UNSET else UNSET,
        notices=tuple(detail.notices) if detail.notices is not UNSET else UNSET,
        backup=_step_backup(detail),
        diagnostics=tuple(diagnostic_part(diagnostic.diagnostic()) for diagnostic in detail.diagnostics)
        if detail.diagnostics is not UNSET
        else UNSET,
        more_diagnostics=detail.more_diagnostics,
        hint=detail.hint,
        progress=_progress_part(detail.progress) if detail.progress is not UNSET else UNSET,
    )


def _progress_part(progress: ApplyProgressRecord) -> ApplyProgressPart:
    return ApplyProgressPart(
        completed=_step_changes(progress.completed),
        failed=_step_changes(progress.failed),
        in_flight=_step_changes(progress.in_flight),
        not_started=_step_changes(progress.not_started),
        more=dict(progress.more),
    )


def diagnostic_part(diagnostic: Diagnostic) -> DiagnosticPart:
    """Returns a message of Terraform."""
    place, snippet = diagnostic.place, diagnostic.snippet
    return DiagnosticPart(
        severity=_SEVERITIES.get(diagnostic.severity, "error"),
        summary=diagnostic.summary,
        detail=diagnostic.detail,
        path=place.path if place else None,
        line=place.line or None if place else None,
        column=place.column or None if place else None,
        address=diagnostic.address,
        code=snippet.code if snippet else None,
        code_line=snippet.line if snippet else None,
        context=(snippet.context or None) if snippet else None,
        values=snippet.values if snippet else (),
    )


def _step_backup(detail: Detail) -> StepBackup | UnsetType:
    if detail.backup is UNSET:
        return UNSET
    return StepBackup(
        backup=detail.backup,
        lineage=detail.lineage or "",
        serial=detail.serial or 0,
        state_sha256=detail.state_sha256 or "",
        key_id=detail.key_id or "",
    )


def _step_changes(changes: Iterable[RecordedChange]) -> tuple[StepChange, ...]:
    return tuple(StepChange(action=action, address=address) for action, address in changes)
