"""A compliance report: the results of frameworks, and the audit of each environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from terrace.compliance import recorded_audits
from terrace.compliance.frameworks import Framework, Source
from terrace.compliance.gathering import EvidenceInputs, Span, evidence
from terrace.compliance.recorded_audits import Audit
from terrace.compliance.results import FrameworkResult, evaluate_framework
from terrace.ledger.deployed_revisions import baseline, find_abandoned
from terrace.words import plural


@dataclass(frozen=True, slots=True)
class LatestAudit:
    """One environment and its latest audit. `notes` list what the audit does not cover today."""

    environment: str
    look: Audit | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compliance:
    """The report at one time. `policy` is the version of the trust root, `head` the ledger's."""

    at: datetime
    looked: tuple[LatestAudit, ...]
    frameworks: tuple[FrameworkResult, ...]
    policy: str
    head: str
    span: Span


def compliance(
    facts: EvidenceInputs, names: Iterable[str], frameworks: Iterable[Framework], sources: Iterable[Source], span: Span
) -> Compliance:
    """Every control of these frameworks, answered for these environments together."""
    environments = tuple(names)
    lost = find_abandoned(facts.history, (environment.name for environment in facts.config.environments))
    pieces = evidence(facts, environments, sources, span)
    return Compliance(
        at=span.now,
        looked=(
            *(_latest_audit(facts, name, span) for name in environments),
            *(LatestAudit(name, None, (_LOST,)) for name in lost),
        ),
        frameworks=tuple(evaluate_framework(framework, pieces) for framework in frameworks),
        policy=facts.policy,
        head=facts.history.head if facts.history.events else "",
        span=span,
    )


_LOST = "deployed, but no longer defined in terrace.yaml: not covered by this report"


def _latest_audit(facts: EvidenceInputs, name: str, span: Span) -> LatestAudit:
    look = recorded_audits.newest(facts.history, name)
    if look is None:
        return LatestAudit(name, None, (f"never audited: `terrace check --all {name}`",))
    notes = []
    if look.scope.basis == "protected branch":
        notes.append("Terrace has never deployed there: the tip of the protected branch was audited")
    now = set(baseline(facts.history, name).commits.values())
    if now and now != set(look.scope.commits):
        since = ", ".join(sorted(commit[:7] for commit in now))
        notes.append(f"deployed since, and not audited: {since}; `terrace check --all {name}`")
    if look.policy != facts.policy:
        notes.append(f"audited with other rules ({look.policy}) than the current ones ({facts.policy})")
    if span.now - look.at > span.stale:
        notes.append(f"last audited {plural((span.now - look.at).days, 'day')} ago: too old as evidence")
    return LatestAudit(name, look, tuple(notes))
