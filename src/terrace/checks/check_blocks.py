"""The check `check-blocks`: `check` blocks and conditions of the configuration that do not pass."""

from __future__ import annotations

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, PlanCheck, Rule, optional
from terrace.plans.model import CheckResult
from terrace.plans.summaries import check_sentence


def check_blocks(context: CheckContext) -> Findings:
    """Returns a finding for each `check` block or condition that fails or cannot be evaluated."""
    return tuple(
        _finding(stack, result)
        for stack, plan in context.plans.items()
        for result in plan.checks
        if result.status in ("fail", "error")
    )


def _finding(stack: str, result: CheckResult) -> Finding:
    return Finding(
        "check-blocks",
        Severity.MEDIUM,
        Status.FAIL if result.status == "fail" else Status.UNKNOWN,
        "terraform",
        check_sentence(result),
        stack=stack,
        address=result.address or None,
        fix="find out why the assertion fails: Terraform applies the plan all the same",
    )


CHECK = PlanCheck(
    name="check-blocks",
    run=check_blocks,
    level="advisory",
    rules=(
        Rule(
            "check-blocks",
            "A `check` block, a precondition, a postcondition or a validation fails, or cannot be evaluated.",
            "Terraform applies such a plan all the same, and only prints a warning.",
            "Find out why the assertion fails.",
            optional("check-blocks"),
        ),
    ),
)
