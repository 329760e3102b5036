"""Parts that the JSON objects of several commands have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from terrace.assess.model import Finding, Status
from terrace.assess.waiver import Waiver
from terrace.config.model import Grade
from terrace.gates.model import Outcome, Verdict
from terrace.plans.model import Action, Plan
from terrace.plans.summaries import notices
from terrace.report.json.record import JsonRecord, format_time
from terrace.stacks.model import Notice
from terrace.stacks.refusals import Refusal


class NoticePart(JsonRecord):
    """A remark about a file of the repository."""

    message: str
    """The remark, in one sentence."""
    path: str
    """File that the remark is about."""
    line: int
    """Line in that file; 0 where the remark is about the whole file."""
    hint: str | None
    """Suggested fix, or null."""


def notice_parts(notices: Iterable[Notice]) -> tuple[NoticePart, ...]:
    """Returns remarks about a repository."""
    return tuple(NoticePart(message=n.message, path=n.path, line=n.line, hint=n.hint) for n in notices)


class RefusedStack(JsonRecord):
    """A stack that Terrace refuses to plan or deploy."""

    stack: str
    """Key of the stack."""
    path: str | None
    """File that causes the refusal, or null."""
    line: int | None
    """Line in that file, or null."""
    why: str
    """Reason for the refusal."""
    hint: str
    """Suggested fix."""


def refused_stacks(refusals: Mapping[str, Refusal]) -> tuple[RefusedStack, ...]:
    """Returns refused stacks in the order of their keys."""
    return tuple(
        RefusedStack(
            stack=key,
            path=refusal.place.path if refusal.place is not None else None,
            line=(refusal.place.line or None) if refusal.place is not None else None,
            why=refusal.message,
            hint=refusal.hint,
        )
        for key, refusal in sorted(refusals.items())
    )


class WaiverPart(JsonRecord):
    """A waiver, or a record of the known findings."""

    rule: str
    """Rule whose finding is waived."""
    owner: str
    """Person or team that owns the waiver."""
    reason: str
    """Reason for accepting the finding."""
    granted: str
    """First date on which the waiver is valid."""
    expires: str
    """Last date on which the waiver is valid."""
    status: Literal["fail", "unknown"]
    """Status of the findings that it waives."""
    file: str
    """File that holds the waiver."""
    line: int
    """Line of the waiver in that file."""
    stack: str = ""
    """Stack that the waiver is limited to."""
    address: str = ""
    """Resource address, or pattern of addresses, that the waiver is limited to."""
    path: str = ""
    """File, or pattern of files, that the waiver is limited to."""
    ticket: str = ""
    """Ticket that tracks the work."""
    since: str | UnsetType = UNSET
    """Date since which the finding is known; only of known findings."""
    count: int | UnsetType = UNSET
    """Number of findings that the record covers; only of known findings."""


def waiver_part(waiver: Waiver) -> WaiverPart:
    """Returns a waiver, or a record of the known findings."""
    return WaiverPart(**waiver_fields(waiver))


def waiver_fields(waiver: Waiver) -> dict[str, Any]:
    """Returns the fields of a waiver by name, for records that add some."""
    return {
        "rule": waiver.rule,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "granted": waiver.granted.isoformat(),
        "expires": waiver.expires.isoformat(),
        "status": "unknown" if waiver.unknown else "fail",
        "file": waiver.source,
        "line": waiver.line,
        "stack": waiver.stack,
        "address": waiver.address,
        "path": waiver.path,
        "ticket": waiver.ticket,
        "since": waiver.since.isoformat() if waiver.since is not None else UNSET,
        "count": waiver.count if waiver.since is not None else UNSET,
    }


class FindingPart(JsonRecord):
    """A finding of a check."""

    rule: str
    """Rule that the finding breaks."""
    severity: Grade
    """Severity."""
    status: Status
    """`unknown` if it could not be determined whether the rule is broken."""
    tool: str
    """Tool that reported the finding."""
    message: str
    """The problem."""
    advisory: bool
    """True if the finding is reported and does not block."""
    stack: str | None = None
    """Key of the stack."""
    address: str | None = None
    """Address of the resource."""
    file: str | None = None
    """File of the finding."""
    fix: str | None = None
    """Suggested fix."""
    line: int = 0
    """Line in the file."""
    detail: str = ""
    """More text, for example a diff."""
    note: str = ""
    """Effect of waivers on the finding."""
    waiver: WaiverPart | None = None
    """Waiver that the status `waived` is based on."""
    also: tuple[str, ...] = ()
    """Rules of other tools that report the same problem."""


def finding_part(finding: Finding) -> FindingPart:
    """Returns a finding."""
    return FindingPart(**finding_fields(finding))


def finding_fields(finding: Finding) -> dict[str, Any]:
    """Returns the fields of a finding by name, for records that add some."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "status": finding.status,
        "tool": finding.tool,
        "message": finding.message,
        "advisory": finding.advisory,
        "stack": finding.stack or None,
        "address": finding.address or None,
        "file": finding.path or None,
        "fix": finding.fix or None,
        "line": finding.line,
        "detail": finding.detail,
        "note": finding.note,
        "waiver": waiver_part(finding.waiver) if finding.waiver is not None else None,
        "also": finding.also,
    }


class GatePart(JsonRecord):
    """A gate of an environment and its result."""

    gate: str
    """Name of the gate."""
    outcome: Outcome
    """Outcome of the gate."""
    reason: str
    """Reason for the outcome."""
    satisfy: str = ""
    """Action that would make the gate pass."""
    until: str | None = None
    """Time at which the outcome changes on its own."""


def gate_parts(verdict: Verdict) -> tuple[GatePart, ...]:
    """Returns every gate of a verdict with its result."""
    return tuple(
        GatePart(
            gate=result.gate,
            outcome=result.outcome,
            reason=result.reason,
            satisfy=result.satisfy or "",
            until=format_time(result.until) if result.until is not None else None,
        )
        for result in verdict.results
    )


class PlanSummary(JsonRecord):
    """A plan of one stack in numbers."""

    environment: str
    """Environment of the stack."""
    path: str
    """Folder of the stack."""
    stack: str
    """Key of the stack."""
    digest: str
    """Plan digest: a keyed hash of the changes."""
    create: int
    """Number of resources to create."""
    update: int
    """Number of resources to update in place."""
    replace: int
    """Number of resources to replace."""
    delete: int
    """Number of resources to delete."""
    imports: int = msgspec.field(name="import")
    """Number of resources to import."""
    move: int
    """Number of resources that get another address."""
    forget: int
    """Number of resources to remove from the state without deleting them."""
    unknown: int
    """Number of attributes that are known only after the apply."""
    notices: tuple[str, ...]
    """Facts that approvers need besides the changes."""


def plan_summary(plan: Plan) -> PlanSummary:
    """Returns a plan in numbers."""
    return PlanSummary(
        environment=plan.stack.environment,
        path=plan.stack.shown_path,
        stack=plan.stack.key,
        digest=plan.digest.value,
        create=plan.count(Action.CREATE),
        update=plan.count(Action.UPDATE),
        replace=plan.count(Action.REPLACE),
        delete=plan.count(Action.DELETE),
        imports=sum(1 for change in plan.changes if change.importing),
        move=sum(1 for change in plan.changes if change.previous_address),
        forget=plan.count(Action.FORGET),
        unknown=sum(len(change.unknown) for change in plan.effective),
        notices=tuple(notices(plan)),
    )
