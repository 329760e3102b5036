"""Output of `report compliance`."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from terrace.compliance.audit import Basis
from terrace.compliance.overview import Compliance, LatestAudit
from terrace.compliance.results import STATES, ControlResult, Evidence, FrameworkResult, OutcomeWord
from terrace.report.json.record import Counts, JsonRecord, format_optional_time, format_time

ControlState = Literal["pass", "fail", "not_evaluated", "manual"]


class CompliantEnvironment(JsonRecord, kw_only=True):
    """The newest full check of an environment. Without one, only `name`, `looked_at` and `notes`."""

    name: str
    """Name of the environment."""
    looked_at: str | None
    """Time of the newest full check, or null."""
    event: str | UnsetType = UNSET
    """Id of its event in the ledger."""
    by: str | UnsetType = UNSET
    """Person or process that made it."""
    basis: Basis | UnsetType = UNSET
    """Configuration that was checked."""
    commits: tuple[str, ...] | UnsetType = UNSET
    """Commits that were checked."""
    policy: str | UnsetType = UNSET
    """Version of the rules."""
    findings: Counts | UnsetType = UNSET
    """Number of findings by status, and of those that block."""
    notes: tuple[str, ...]
    """Remarks."""


class EvidencePart(JsonRecord):
    """A piece of evidence for a control."""

    by: str
    """Check or source that gives the evidence."""
    key: str
    """Name of the rule or source."""
    environment: str
    """Environment."""
    outcome: OutcomeWord
    """`nothing`: nothing to check; `unknown`: could not be determined, or too old."""
    what: str
    """Evidence in words."""
    at: str | None
    """Time, or null."""
    commits: tuple[str, ...]
    """Commits."""
    places: tuple[str, ...]
    """Places of the failures."""


class ControlPart(JsonRecord):
    """A control of a framework."""

    id: str
    """Id of the control."""
    title: str
    """Title of the control in the words of Terrace."""
    state: ControlState
    """State of the control."""
    why: str
    """Reason for the state."""
    mapped_checks: int
    """Number of checks that are mapped to the control."""
    mapped_checks_looked_at: int
    """Number of those that evaluated something."""
    own_sources: tuple[str, ...]
    """Sources in Terrace's own ledger."""
    evidence: tuple[EvidencePart, ...]
    """Evidence."""


class FrameworkPart(JsonRecord):
    """A framework and its controls."""

    id: str
    """Id of the framework."""
    name: str
    """Name of the framework."""
    version: str
    """Version of the framework."""
    scope: str
    """Controls of the framework that are listed."""
    source: str
    """Source of the mapping."""
    counts: Counts
    """Number of controls by state, and of all that are listed."""
    controls: tuple[ControlPart, ...]
    """Controls."""


class ComplianceJson(JsonRecord, tag_field="schema", tag="terrace/compliance@1"):
    """Output of `terrace report compliance --format json`."""

    at: str
    """Time of the report."""
    policy: str
    """Version of the rules."""
    ledger_head: str
    """Hash of the newest event of the ledger."""
    stale_after_days: int
    """Days after which a full check is too old."""
    period_days: int
    """Days of deployments that are evaluated."""
    environments: tuple[CompliantEnvironment, ...]
    """Environments."""
    frameworks: tuple[FrameworkPart, ...]
    """Frameworks."""


def compliance_json(record: Compliance) -> ComplianceJson:
    """Returns the output of `terrace report compliance`."""
    return ComplianceJson(
        at=format_time(record.at),
        policy=record.policy,
        ledger_head=record.head,
        stale_after_days=record.span.stale.days,
        period_days=record.span.period.days,
        environments=tuple(map(_compliant_environment, record.looked)),
        frameworks=tuple(map(_framework_part, record.frameworks)),
    )


def _compliant_environment(looked: LatestAudit) -> CompliantEnvironment:
    look = looked.look
    if look is None:
        return CompliantEnvironment(name=looked.environment, looked_at=None, notes=tuple(looked.notes))
    return CompliantEnvironment(
        name=looked.environment,
        looked_at=format_time(look.at),
        event=look.id,
        by=look.by,
        basis=look.scope.basis,
        commits=tuple(look.scope.commits),
        policy=look.policy,
        findings=dict(look.findings),
        notes=tuple(looked.notes),
    )


def _framework_part(result: FrameworkResult) -> FrameworkPart:
    framework = result.framework
    return FrameworkPart(
        id=framework.id,
        name=framework.name,
        version=framework.version,
        scope=framework.scope,
        source=framework.source,
        counts={state.replace(" ", "_"): result.count(state) for state in STATES} | {"listed": len(result.controls)},
        controls=tuple(map(_control_part, result.controls)),
    )


def _control_part(control_result: ControlResult) -> ControlPart:
    return ControlPart(
        id=control_result.control.id,
        title=control_result.control.title,
        state="not_evaluated" if control_result.state == "not evaluated" else control_result.state,
        why=control_result.why,
        mapped_checks=control_result.mapped,
        mapped_checks_looked_at=control_result.looked,
        own_sources=tuple(control_result.own),
        evidence=tuple(map(_evidence_part, control_result.evidence)),
    )


def _evidence_part(evidence: Evidence) -> EvidencePart:
    return EvidencePart(
        by=evidence.by,
        key=evidence.key,
        environment=evidence.environment,
        outcome=evidence.outcome.word,
        what=evidence.what,
        at=format_optional_time(evidence.at),
        commits=tuple(evidence.commits),
        places=tuple(evidence.places),
    )
