"""Audits as recorded in the ledger: evidence with a date, small, and without values.

The rules are written once for each change of them (`audit.rules`, named by its hash); each audit (`audit.done`) keeps
numbers by rule and the first places, so that a night costs a few kilobytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from terrace.assess.model import Finding, Status
from terrace.checks.policy.catalogue import PolicyRule
from terrace.compliance.audit import Audited, RuleSeen, Scope
from terrace.ledger.event import Event
from terrace.ledger.events.audits import AuditDone, AuditRules, PlacesRecord, RuleRecord
from terrace.ledger.events.codec import encode
from terrace.ledger.model import Draft, History, draft

_LONGEST = 300
"""Characters of a place that are kept."""


@dataclass(frozen=True, slots=True)
class KnownRule:
    """A rule at the time of an audit: its title, the keys that it is evidence for, and its resource types."""

    title: str
    controls: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """One recorded audit of one environment. `policy` is the version of the trust root that judged.

    `rules` says what each rule said, `known` what the rules were; `findings` counts by status, `blocking` among them.
    `empty`: every stack could be planned whole, and nothing is deployed there.
    """

    id: str
    at: datetime
    by: str
    scope: Scope
    policy: str
    rules: Mapping[str, RuleSeen]
    known: Mapping[str, KnownRule]
    findings: Mapping[str, int]
    empty: bool = False


def drafts(
    history: History, looks: Iterable[Audited], rules: Iterable[PolicyRule], policy: str, actor: str
) -> tuple[Draft, ...]:
    """The events of these looks; the rules only where the ledger does not know them yet."""
    audit_rules = AuditRules(
        {rule.id: RuleRecord(rule.title, tuple(rule.controls), tuple(rule.types)) for rule in rules}
    )
    name = hashlib.sha256(json.dumps(encode(audit_rules)["rules"], sort_keys=True).encode()).hexdigest()[:16]
    is_recorded = any(event.subject == name for event, _ in history.of(AuditRules))
    drafts = [] if is_recorded else [draft(audit_rules, name, actor)]
    for look in looks:
        done = AuditDone(
            basis=look.scope.basis,
            commits={commit: tuple(keys) for commit, keys in look.scope.commits.items()},
            policy=policy,
            rules=name,
            seen={rule.rule: (rule.looked, rule.failed, rule.unknown, rule.waived) for rule in look.rules.values()},
            places={
                rule.rule: PlacesRecord(tuple(place[:_LONGEST] for place in rule.places), rule.sha256)
                for rule in look.rules.values()
                if rule.places
            },
            findings=_counts(look.findings),
            empty=not look.objects and not look.blind,
        )
        drafts.append(draft(done, look.scope.environment, actor))
    return tuple(drafts)


def newest_first(history: History, environment: str) -> Iterator[Audit]:
    """Returns every audit of an environment, latest first; each is read only when needed."""
    for event, done in reversed(history.of(AuditDone)):
        if event.subject == environment:
            yield _read(event, done, history)


def newest(history: History, environment: str) -> Audit | None:
    """The last look at an environment; None without an audit."""
    return next(newest_first(history, environment), None)


def _counts(findings: Iterable[Finding]) -> dict[str, int]:
    counts = {"blocking": 0, **{status.value: 0 for status in Status}}
    for finding in findings:
        counts[finding.status.value] += 1
        counts["blocking"] += finding.blocks
    return counts


def _read(event: Event, done: AuditDone, history: History) -> Audit:
    nothing = PlacesRecord((), "")
    rules = {
        rule: RuleSeen(
            rule,
            looked=looked,
            failed=failed,
            unknown=unknown,
            waived=waived,
            places=done.places.get(rule, nothing).first,
            sha256=done.places.get(rule, nothing).sha256,
        )
        for rule, (looked, failed, unknown, waived) in done.seen.items()
    }
    return Audit(
        id=event.id,
        at=event.time,
        by=event.actor,
        scope=Scope(event.subject, done.basis, done.commits),
        policy=done.policy,
        rules=rules,
        known=_known_rules(history, done.rules),
        findings={"blocking": 0, **{status.value: 0 for status in Status}, **done.findings},
        empty=done.empty,
    )


def _known_rules(history: History, name: str) -> Mapping[str, KnownRule]:
    for event, record in history.of(AuditRules):
        if event.subject == name:
            return {
                rule: KnownRule(rule_record.title, rule_record.controls, rule_record.types)
                for rule, rule_record in record.rules.items()
            }
    return {}
