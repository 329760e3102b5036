"""Sentences about full checks (`check --all`) that every renderer uses."""

from __future__ import annotations

from terrace.assess.model import Finding, Status
from terrace.compliance.audit import Audited
from terrace.words import plural

MOST = 200
"""Findings of an environment that are listed for people; JSON and SARIF list all."""


def basis_words(audit: Audited) -> str:
    """Returns which configuration of an environment was checked."""
    commits = ", ".join(commit[:7] for commit in audit.scope.commits)
    if not audit.scope.commits:
        return "no stack could be checked"
    if audit.scope.basis == "protected branch":
        return f"never deployed by Terrace: the protected branch was checked instead, {commits}"
    if audit.scope.basis == "working tree":
        return "the working tree"
    return f"the deployed configuration, {commits}"


def counts_words(audit: Audited) -> str:
    """Returns what was checked and the results, in numbers."""
    rules = [rule for rule in audit.rules.values() if rule.looked or rule.unknown]
    failed = sum(1 for rule in rules if rule.failed)
    unknown = sum(1 for rule in rules if rule.unknown and not rule.failed)
    waived = sum(1 for rule in rules if rule.waived and not rule.failed and not rule.unknown)
    idle = len(audit.rules) - len(rules)
    parts = [f"{failed} failed"] + ([f"{waived} waived"] if waived else []) + [f"{unknown} unknown"]
    parts += [f"{len(rules) - failed - unknown - waived} passed", f"{idle} with nothing to check"]
    scope = f"{plural(audit.planned, 'plan')}, {plural(audit.objects, 'existing resource')}"
    return f"{scope}; of {plural(len(audit.rules), 'rule')} {', '.join(parts)}"


def doubt(finding: Finding) -> str:
    """Returns the beginning of a message whose finding is unknown; "" for others."""
    return "could not be determined: " if finding.status is Status.UNKNOWN else ""
