"""Findings that no waiver accepts, and why: without them, the effect of a waiver would be unknown."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.assess.model import Finding, Status
from terrace.config.checks import DeclaredChecks

_ABOUT_WAIVERS = "it is about waivers themselves"
_RULES: Mapping[str, str] = {
    "plan": "the effect of a stack without a plan is unknown",
    "plan-complete": "the rest of an incomplete plan was not checked",
    "audit": "a stack that was not checked gives no evidence",
    "waiver-expired": _ABOUT_WAIVERS,
    "waiver-ends": _ABOUT_WAIVERS,
    "waiver-unused": _ABOUT_WAIVERS,
    "skip-comment": _ABOUT_WAIVERS,
}
"""Rules that belong to no check, each with the reason."""

PLANNING = ("plan", "plan-complete", "audit")
"""Rules about a stack that was not checked, or not completely."""


def why_rule_never(rule: str, checks: DeclaredChecks) -> str | None:
    """Returns why no waiver accepts findings of a rule; None where a waiver can."""
    declared = checks.get(rule)
    return _RULES.get(rule) or (declared.never_waived or None if declared is not None else None)


def why_never(finding: Finding, checks: DeclaredChecks) -> str | None:
    """Returns why no waiver accepts a finding; None where a waiver can."""
    reason = why_rule_never(finding.rule, checks)
    if reason is not None:
        return reason
    return "a check that could not run has found nothing" if is_blind(finding, checks) else None


def is_blind(finding: Finding, checks: DeclaredChecks) -> bool:
    """Returns whether a finding says that something could not be checked: a stack without a plan, a failed tool.

    A check that could not run has its own name as the rule, and a tool that names no rule has the tool's.
    """
    return finding.status is Status.UNKNOWN and any(
        name in checks or name in PLANNING for name in (finding.rule, finding.tool)
    )


def is_single(rule: str, checks: DeclaredChecks) -> bool:
    """Returns whether a rule is all that a check has: then a check that could not run hides no other rule."""
    return rule in checks and not checks[rule].own_rules
