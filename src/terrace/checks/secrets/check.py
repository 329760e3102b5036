"""The check `secrets`: secrets that the commits of a change add, and in an audit those in the files."""

from __future__ import annotations

from dataclasses import replace

from terrace.assess.model import Severity
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck


def check_secrets(context: CheckContext) -> Findings:
    """Returns a finding for each secret that the commits of the change add; below high severity it is advisory."""
    findings = context.adapters.secrets.change(context.change_set.base, context.change_set.head)
    return tuple(replace(finding, advisory=finding.severity < Severity.HIGH) for finding in findings)


def check_files(context: CheckContext) -> Findings:
    """Returns a finding for each secret in the files of the head."""
    return context.adapters.secrets.files(context.change_set.head)


CHECK = SourceCheck(
    name="secrets",
    run=check_secrets,
    run_in_audit=check_files,
    never_waived="secrets have a file of their own, .terrace/secrets.yaml",
    rules=(
        Rule(
            "secrets",
            "A commit of the change, or its message, contains what looks like a secret, even if a later commit removes "
            "it.",
            "Anyone who can read the repository has it, for as long as the commit exists.",
            "Revoke it where it was issued, then rewrite the commits without it.",
            "An entry of `.terrace/secrets.yaml` on the protected branch, with an owner, a reason and an expiry date.",
        ),
    ),
)
