"""The gate for the risk of a release, and the additional approvals that a risk requires."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from terrace.config.model import ApprovalRule, Environment, RiskLevel
from terrace.gates.gate import Request, blocks, passes
from terrace.stacks.model import Origin, Remediation, Repairing

if TYPE_CHECKING:
    from terrace.assess.risk import Risk
    from terrace.gates.model import GateResult

LEVELS: tuple[RiskLevel, ...] = get_args(RiskLevel)
"""The levels of risk, in ascending order."""

_SHOWN = 3


def raise_for_risk(rule: ApprovalRule, environment: Environment, origin: Origin, risk: Risk | None) -> ApprovalRule:
    """Returns the required approvals, given the risk: those of the rule, and those of every level up to this one.

    A rollback, a recovery and a remediation require no more approvals, because they reduce risk.
    """
    for level in _reached_levels(environment, origin, risk):
        rule = add_approvers(rule, environment.risk[level].approvals)
    return rule


def add_approvers(rule: ApprovalRule, more: ApprovalRule) -> ApprovalRule:
    """Returns a rule that requires the approvals of both rules."""
    roles = {role: max(rule.roles.get(role, 0), more.roles.get(role, 0)) for role in {*rule.roles, *more.roles}}
    return replace(rule, count=max(rule.count, more.count), roles=roles)


def combine_strictest(rule: ApprovalRule, other: ApprovalRule) -> ApprovalRule:
    """Returns a rule that passes only where both pass."""
    combined = add_approvers(rule, other)
    unsigned = (not rule.requires_any or rule.unsigned) and (not other.requires_any or other.unsigned)
    return replace(combined, expires=min(rule.expires, other.expires), unsigned=unsigned)


def check_risk(request: Request) -> Iterator[GateResult]:
    """The environment accepts releases of this risk. Asked only where terrace.yaml has rules for risks."""
    environment, plan_risk = request.environment, request.plans.risk
    if plan_risk is None or not environment.risk or isinstance(request.facts.origin, Repairing | Remediation):
        return
    why = "; ".join(f"{reason.factor}: {reason.what}" for reason in plan_risk.reasons[:_SHOWN])
    text = f"the risk is {plan_risk.level} ({plan_risk.score} of 100" + (f": {why})" if why else ")")
    barring = next(
        (at for at in _reached_levels(environment, request.facts.origin, plan_risk) if environment.risk[at].blocked),
        None,
    )
    if barring is None:
        yield passes(text)
        return
    name = environment.name
    how = f"split it into smaller changes, or change `environments.{name}.risk.{barring}` in terrace.yaml"
    yield blocks(f"{text}; {name} does not accept releases of {barring} risk", how)


def _reached_levels(environment: Environment, origin: Origin, risk: Risk | None) -> tuple[RiskLevel, ...]:
    """Returns the levels up to this risk that have a rule."""
    if risk is None or isinstance(origin, Repairing | Remediation):
        return ()
    return tuple(at for at in LEVELS[: LEVELS.index(risk.level) + 1] if at in environment.risk)
