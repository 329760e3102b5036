"""The check `volatile`: attributes that differ in every plan, because they come from the clock or from chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, PlanCheck, Rule

if TYPE_CHECKING:
    from terrace.plans.model import Moving, Plan

RULE = "volatile"


def check_volatile(context: CheckContext) -> Findings:
    """Returns a finding for each attribute of the impacted stacks that differs in every plan."""
    needs_no_approval = {
        environment.name for environment in context.trusted.environments if not environment.can_require_approval
    }
    return tuple(
        finding
        for plan in context.plans.values()
        for finding in find_volatile(plan, needs_approval=plan.stack.environment not in needs_no_approval)
    )


def find_volatile(plan: Plan, *, needs_approval: bool) -> Findings:
    """Returns a finding for each attribute that the plan changes and that the next plan changes again.

    One that never equals the approved value blocks where the environment `needs_approval`, and is advisory elsewhere.
    """
    return tuple(
        _never_equal(plan, moving, needs_approval=needs_approval)
        if moving.never_equal
        else _volatile_finding(plan, moving)
        for moving in plan.moving
    )


def _never_equal(plan: Plan, moving: Moving, *, needs_approval: bool) -> Finding:
    return Finding(
        RULE,
        Severity.HIGH,
        Status.FAIL,
        "terrace",
        f"{moving.attribute} differs in every plan, because it uses `plantimestamp()`: a deployment "
        "can never apply the approved plan",
        stack=plan.stack.key,
        address=moving.address,
        fix="use a `time_static` resource or a variable, or allow the difference: "
        f"`volatile: {{allow: [{moving.entry}]}}` of the environment in terrace.yaml",
        advisory=not needs_approval,
    )


def _volatile_finding(plan: Plan, moving: Moving) -> Finding:
    return Finding(
        RULE,
        Severity.MEDIUM,
        Status.FAIL,
        "terrace",
        f"{moving.attribute} changes in every plan, because it uses `timestamp()`, `uuid()` or `bcrypt()`: "
        "the stack never settles",
        stack=plan.stack.key,
        address=moving.address,
        fix="use a `time_static` or `random_*` resource, or `lifecycle { ignore_changes = [...] }`",
        advisory=True,
    )


CHECK = PlanCheck(
    name=RULE,
    run=check_volatile,
    rules=(
        Rule(
            RULE,
            "An attribute differs in every plan, because it uses `plantimestamp()`, `timestamp()`, `uuid()` or "
            "`bcrypt()`.",
            "With `plantimestamp()` no deployment can apply the approved plan; with the others no plan is ever empty.",
            "Use a `time_static` or `random_*` resource, or a variable.",
            "`volatile: {allow: [ADDRESS.ATTRIBUTE]}` of the environment in terrace.yaml; approvers see the allowed "
            "attributes.",
        ),
    ),
)
