"""The check `removed-output`: outputs that a change removes while another stack reads them."""

from __future__ import annotations

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck


def check_removed_outputs(context: CheckContext) -> Findings:
    """Returns a finding for each output that the change removes and another stack reads, or may read."""
    return tuple(
        Finding(
            rule="removed-output",
            severity=Severity.HIGH if lost.certain else Severity.MEDIUM,
            status=Status.FAIL if lost.certain else Status.UNKNOWN,
            tool="terrace",
            message=f"this change removes the output {lost.output!r} of {lost.owner}, which {lost.reader} "
            f"{'reads' if lost.certain else 'may read'} here",
            stack=lost.reader,
            path=lost.path,
            line=lost.line,
            fix="remove its use first and deploy that, or keep the output",
            advisory=not lost.certain,
        )
        for lost in context.change_set.lost_outputs
    )


CHECK = SourceCheck(
    name="removed-output",
    run=check_removed_outputs,
    of_changes_only=True,
    rules=(
        Rule(
            "removed-output",
            "A change removes an output of a stack that another stack reads.",
            "The next plan of the other stack fails, or uses the default that it has for a missing value.",
            "Remove the use of the output first, and deploy that; or keep the output.",
            "`checks: {removed-output: advisory}` in terrace.yaml makes it advisory.",
        ),
    ),
)
