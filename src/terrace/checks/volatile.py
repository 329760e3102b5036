"""Findings for attributes that come from the clock or from chance: named before anybody is asked to approve them."""

from __future__ import annotations

from terrace.assess.model import Finding, Severity, Status
from terrace.plans.model import Moving, Plan

RULE = "volatile"


def volatile(plan: Plan, *, asked: bool) -> tuple[Finding, ...]:
    """Returns a finding for each attribute that the plan alters and that the next plan alters again.

    One that is never equal holds the change where people are `asked` to approve, and is told elsewhere.
    """
    return tuple(_never_equal(plan, one, asked=asked) if one.never_equal else _anew(plan, one) for one in plan.moving)


def _never_equal(plan: Plan, one: Moving, *, asked: bool) -> Finding:
    return Finding(
        RULE,
        Severity.HIGH,
        Status.FAIL,
        "terrace",
        f"{one.attribute} is another value in every plan, because `plantimestamp()` is in it: a deployment "
        "can never apply what was approved",
        stack=plan.stack.key,
        address=one.address,
        fix="take the time from a `time_static` resource or a variable, or let it differ: "
        f"`volatile: {{allow: [{one.entry}]}}` of the environment in terrace.yaml",
        advisory=not asked,
    )


def _anew(plan: Plan, one: Moving) -> Finding:
    return Finding(
        RULE,
        Severity.MEDIUM,
        Status.FAIL,
        "terrace",
        f"{one.attribute} is made anew by every plan, because `timestamp()`, `uuid()` or `bcrypt()` is in it: "
        "the stack never settles",
        stack=plan.stack.key,
        address=one.address,
        fix="use a `time_static` or `random_*` resource, or `lifecycle { ignore_changes = [...] }`",
        advisory=True,
    )
