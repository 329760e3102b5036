"""Findings for what Terraform reports beside the changes of a plan: `check` blocks, conditions, and warnings."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.assess.model import Finding, Severity, Status
from terrace.errors import Diagnostic
from terrace.plans.model import CheckResult, Plan
from terrace.plans.summaries import check_sentence, is_of_check, warning_sentence

CHECKS = "check-blocks"
WARNINGS = "warnings"


def failed_checks(plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
    """Returns a finding for each `check` block or condition that fails or cannot be evaluated."""
    return tuple(
        _check(key, check) for key, plan in plans.items() for check in plan.checks if check.status in ("fail", "error")
    )


def warned(plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
    """Returns a finding for each warning of Terraform or a provider, such as deprecated arguments and values for
    variables that the configuration does not declare."""
    return tuple(
        _warning(key, warning)
        for key, plan in plans.items()
        for warning in plan.warnings
        if not is_of_check(plan, warning)
    )


def _check(stack: str, check: CheckResult) -> Finding:
    failed = check.status == "fail"
    return Finding(
        CHECKS,
        Severity.MEDIUM,
        Status.FAIL if failed else Status.UNKNOWN,
        "terraform",
        check_sentence(check),
        stack=stack,
        address=check.address or None,
        fix="see why the assertion does not hold: Terraform applies the plan all the same",
    )


def _warning(stack: str, warning: Diagnostic) -> Finding:
    place = warning.place
    return Finding(
        WARNINGS,
        Severity.LOW,
        Status.FAIL,
        "terraform",
        warning_sentence(warning),
        stack=stack,
        address=warning.address,
        path=place.path if place else None,
        line=place.line if place else 0,
    )
