"""What can never be waived, and why: without it nobody knows what a waiver would let through."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.assess.model import Finding, Status

_ABOUT_WAIVERS = "it is about waivers themselves"
NEVER: Mapping[str, str] = {
    "plan": "nobody knows what a stack without a plan would do",
    "plan-complete": "what an incomplete plan leaves out was not looked at",
    "trust-root": "whatever comes after it would meet the weaker rules",
    "shared-state": "each of the stacks would destroy what the other made, and a deployment refuses them",
    "audit": "what was not looked at gives no evidence",
    "policy": "a policy that was not run has found nothing",
    "secrets": "secrets have a file of their own, .terrace/secrets.yaml",
    "waiver-expired": _ABOUT_WAIVERS,
    "waiver-ends": _ABOUT_WAIVERS,
    "waiver-unused": _ABOUT_WAIVERS,
    "skip-comment": _ABOUT_WAIVERS,
}
"""Rules, each with the reason."""


PLANNING = ("plan", "plan-complete", "audit")
"""Rules that speak of a stack of which nothing, or not all, was seen."""

SINGLE = frozenset(
    {
        "format",
        "layout",
        "outside-files",
        "shared-state",
        "commits",
        "pinned",
        "lock-file",
        "unused",
        "required-files",
        "docs",
        "naming",
        "deprecated",
        "secrets",
        "plan-secrets",
        "volatile",
        "check-blocks",
        "warnings",
        "scanners",
    }
)
"""Checks of which every finding bears the name. Of any other it is taken that its rules have names of their own."""


_OTHERS = ("trust-root", "removed-output", "policy", "checkov", "trivy", "tflint", "gitleaks", "trufflehog")


def never(finding: Finding) -> str | None:
    """Why no waiver reaches a finding; None where one may."""
    if finding.rule in NEVER:
        return NEVER[finding.rule]
    return "a check that could not be made has found nothing" if is_blind(finding) else None


def is_blind(finding: Finding) -> bool:
    """Whether it says that something could not be looked at: a plan that was not made, a tool that broke.

    A check that could not be made is told under its own name, and a tool that speaks of no rule under the tool's.
    """
    named = {finding.rule, finding.tool} & {*SINGLE, *_OTHERS, *PLANNING}
    return finding.status is Status.UNKNOWN and bool(named)
