"""The check `format`: files that `terraform fmt` would write differently."""

from __future__ import annotations

from pathlib import Path

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import ONE_PLACE, CheckContext, Findings, Rule, SourceCheck, how_to_lower
from terrace.config.naming import quote_word

FORMATTED = (".tf", ".tofu", ".tfvars", ".tftest.hcl")
"""Endings of the names of files that Terraform formats."""


def check_format(context: CheckContext) -> Findings:
    """Returns a finding for each changed file that is not formatted, with its diff."""
    terraform = context.adapters.terraform
    changed = tuple(
        path
        for path in context.change_set.changed
        if path.endswith(FORMATTED) and (Path(context.root) / path).is_file()
    )
    return tuple(
        Finding(
            rule="format",
            severity=Severity.LOW,
            status=Status.FAIL,
            tool=f"{terraform.product} fmt",
            message=f"{path} is not formatted",
            path=path,
            detail=diff,
            fix=f"{terraform.product} fmt {quote_word(path)}",
        )
        for path, diff in terraform.find_unformatted(context.root, changed).items()
    )


CHECK = SourceCheck(
    name="format",
    run=check_format,
    rules=(
        Rule(
            "format",
            "A changed file is not formatted as `terraform fmt` formats it, or its formatting is unknown.",
            "Differences of layout hide differences of meaning in a review.",
            "Run the command that the finding names; its diff is in the finding.",
            how_to_lower("format", ONE_PLACE),
        ),
    ),
)
