"""The check `warnings`: warnings of Terraform and providers in the plans."""

from __future__ import annotations

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, PlanCheck, Rule, optional
from terrace.errors import Diagnostic
from terrace.plans.summaries import is_of_check, warning_sentence


def check_warnings(context: CheckContext) -> Findings:
    """Returns a finding for each warning, without those that repeat the result of a `check` block."""
    return tuple(
        _finding(stack, warning)
        for stack, plan in context.plans.items()
        for warning in plan.warnings
        if not is_of_check(plan, warning)
    )


def _finding(stack: str, warning: Diagnostic) -> Finding:
    place = warning.place
    return Finding(
        "warnings",
        Severity.LOW,
        Status.FAIL,
        "terraform",
        warning_sentence(warning),
        stack=stack,
        address=warning.address,
        path=place.path if place else None,
        line=place.line if place else 0,
    )


CHECK = PlanCheck(
    name="warnings",
    run=check_warnings,
    level="advisory",
    rules=(
        Rule(
            "warnings",
            "Terraform or a provider warns: of deprecated arguments, values for undeclared variables, and more.",
            "The next major version refuses what is deprecated, and a value for an undeclared variable has no effect.",
            "Do what the warning says.",
            optional("warnings"),
        ),
    ),
)
