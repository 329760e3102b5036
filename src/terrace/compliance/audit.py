"""An audit of the deployed configuration of one environment: its scope, and the result of each rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.policy.catalogue import PolicyRule
from terrace.plans.model import Action, Plan, ResourceChange

Basis = Literal["deployed", "protected branch", "working tree"]
"""The basis of an audit: the deployed configuration; the tip of the protected branch, if nothing was ever deployed; or
the working tree.
"""

MOST_PLACES = 10
"""How many places of one rule are kept by name; the rest are in the count and in the hash."""

_ABSENT = (Action.CREATE, Action.DELETE, Action.FORGET)


@dataclass(frozen=True, slots=True)
class Scope:
    """The scope of an audit: the stacks of an environment, by commit."""

    environment: str
    basis: Basis
    commits: Mapping[str, tuple[str, ...]]

    @property
    def stacks(self) -> tuple[str, ...]:
        return tuple(sorted(key for keys in self.commits.values() for key in keys))


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """The result of one rule in one environment: the numbers of evaluated, broken, waived and unknown resources. A
    check of Terrace counts stacks with resources. `places` are the first that are broken or waived; `sha256` covers all
    of them.
    """

    rule: str
    looked: int = 0
    failed: int = 0
    unknown: int = 0
    waived: int = 0
    places: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Audited:
    """One audited environment. `rules` are by id; `planned` counts plans, `objects` the resources in them, and `blind`
    the stacks without a whole plan."""

    scope: Scope
    findings: tuple[Finding, ...] = ()
    rules: Mapping[str, RuleSeen] = field(default_factory=dict)
    planned: int = 0
    objects: int = 0
    blind: int = 0

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.blocks)


def audit_results(
    scope: Scope,
    findings: Iterable[Finding],
    plans: Mapping[str, Plan],
    rules: Iterable[PolicyRule],
    checks: Iterable[str],
) -> Audited:
    """The results of auditing a scope. `plans` are those that were made, `rules` those of the policies that judged,
    `checks` the names of the checks of ours that had their say.

    A resource is evaluated if it exists with the evaluated values; one that a plan would still change is unknown. A
    stack without a whole plan is untold for every rule, one where policies could not be run for every rule of theirs.
    """
    every = tuple(findings)
    scoped = {key: plan for key, plan in plans.items() if key in scope.stacks}
    existing = [change for plan in scoped.values() for change in plan.changes if _exists_now(change)]
    judged = [change for change in existing if change.action is Action.NO_OP]
    blind = {key for key in scope.stacks if key not in scoped or scoped[key].errored or not scoped[key].complete}
    broken = [finding for finding in every if finding.rule == "policy" and finding.status is Status.UNKNOWN]
    deaf = blind.union(*(_at(finding, scope) for finding in broken))
    by_rule: dict[str, list[Finding]] = {}
    for finding in every:
        by_rule.setdefault(finding.rule, []).append(finding)
    rule_results = {}
    for rule in rules:
        rule_seen = _count_seen(rule.id, _count_about(rule, judged), by_rule.get(rule.id, ()))
        # Policies evaluate the configuration at the commit. A resource that a plan would change has other values now.
        other = _count_about(rule, existing) - _count_about(rule, judged)
        rule_results[rule.id] = replace(rule_seen, unknown=rule_seen.unknown + len(deaf) + other)
    live = sum(1 for plan in scoped.values() if any(_exists_now(change) for change in plan.changes))
    for name in checks:
        rule_seen = _count_seen(name, live, (finding for finding in every if name in (finding.rule, finding.tool)))
        rule_results[name] = replace(rule_seen, unknown=rule_seen.unknown + len(blind))
    return Audited(scope, every, rule_results, planned=len(scoped), objects=len(existing), blind=len(blind))


def not_audited(stack: str, why: str, fix: str | None = None) -> Finding:
    """A stack that could not be audited: unknown, so not passed."""
    return Finding("audit", Severity.HIGH, Status.UNKNOWN, "terrace", f"not audited: {why}", stack=stack, fix=fix)


def _exists_now(change: ResourceChange) -> bool:
    """Returns whether a resource exists now, and is not only planned."""
    return change.mode == "managed" and change.action not in _ABSENT and change.deposed is None


def _count_about(rule: PolicyRule, changes: Iterable[ResourceChange]) -> int:
    """How many of these are of a type that the rule looks at."""
    return sum(1 for change in changes if any(fnmatchcase(change.type, kind) for kind in rule.types))


def _at(finding: Finding, scope: Scope) -> tuple[str, ...]:
    """The stacks that a finding is about; one that names none is about all of them."""
    return (finding.stack,) if finding.stack is not None else scope.stacks


def _count_seen(rule: str, looked: int, findings: Iterable[Finding]) -> RuleSeen:
    places: dict[Status, set[str]] = {status: set() for status in Status}
    waived: dict[str, str] = {}
    for finding in findings:
        places[finding.status].add(_place(finding))
        if finding.status is Status.WAIVED:
            who = f" by {finding.waiver.owner} until {finding.waiver.expires}" if finding.waiver is not None else ""
            waived[_place(finding)] = f"{_place(finding)} (waived{who})"
    wrong = sorted(places[Status.FAIL]) + sorted(waived.values())
    return RuleSeen(
        rule=rule,
        # The subject of a finding was evaluated, whatever the types of the rule.
        looked=max(looked, len(places[Status.FAIL] | places[Status.WAIVED])),
        failed=len(places[Status.FAIL]),
        unknown=len(places[Status.UNKNOWN]),
        waived=len(places[Status.WAIVED]),
        places=tuple(wrong[:MOST_PLACES]),
        sha256=hashlib.sha256("\n".join(wrong).encode()).hexdigest() if wrong else "",
    )


def _place(finding: Finding) -> str:
    if finding.address or not finding.path:
        return ": ".join(part for part in (finding.stack, finding.address) if part) or "everywhere"
    return f"{finding.path}:{finding.line}" if finding.line else finding.path
