"""What a release needs because of its risk: more people than usual, or another way altogether."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from terrace.assess.risk import Risk
from terrace.config.model import ApprovalRule, Environment, RiskLevel
from terrace.gates.gate import Request, blocks, passes
from terrace.gates.model import GateResult
from terrace.stacks.model import Origin, Remediation, Repairing

LEVELS: tuple[RiskLevel, ...] = get_args(RiskLevel)
"""From the least to the most."""

_SHOWN = 3


def raised(rule: ApprovalRule, environment: Environment, origin: Origin, risk: Risk | None) -> ApprovalRule:
    """Who must agree, given the risk: at least whom the rule names, and whom every level up to this one names.

    Going back, recovering and taking drift back ask nobody more: they take risk away.
    """
    for level in _reached(environment, origin, risk):
        rule = with_more(rule, environment.risk[level].approvals)
    return rule


def with_more(rule: ApprovalRule, more: ApprovalRule) -> ApprovalRule:
    """Returns the rule with the people whom another rule asks for besides."""
    roles = {role: max(rule.roles.get(role, 0), more.roles.get(role, 0)) for role in {*rule.roles, *more.roles}}
    return replace(rule, count=max(rule.count, more.count), roles=roles)


def stricter(one: ApprovalRule, other: ApprovalRule) -> ApprovalRule:
    """Returns a rule that passes only where both pass."""
    both = with_more(one, other)
    unsigned = (not one.requires_any or one.unsigned) and (not other.requires_any or other.unsigned)
    return replace(both, expires=min(one.expires, other.expires), unsigned=unsigned)


def risk(request: Request) -> Iterator[GateResult]:
    """The environment accepts releases of this risk. Asked only where terrace.yaml has rules for risks."""
    environment, found = request.environment, request.plans.risk
    if found is None or not environment.risk or isinstance(request.facts.origin, Repairing | Remediation):
        return
    why = "; ".join(f"{reason.factor}: {reason.what}" for reason in found.reasons[:_SHOWN])
    said = f"the risk is {found.level} ({found.score} of 100" + (f": {why})" if why else ")")
    barring = next(
        (at for at in _reached(environment, request.facts.origin, found) if environment.risk[at].blocked), None
    )
    if barring is None:
        yield passes(said)
        return
    name = environment.name
    how = f"split it into smaller changes, or change `environments.{name}.risk.{barring}` in terrace.yaml"
    yield blocks(f"{said}; {name} does not accept releases of {barring} risk", how)


def _reached(environment: Environment, origin: Origin, risk: Risk | None) -> tuple[RiskLevel, ...]:
    """The levels with a rule that this risk comes to."""
    if risk is None or isinstance(origin, Repairing | Remediation):
        return ()
    return tuple(at for at in LEVELS[: LEVELS.index(risk.level) + 1] if at in environment.risk)
