"""Prints reviews of drift, and what was done about them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

from terrace.apps.output.console import emit, note, show
from terrace.drift.review import Review
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.drift.remediate import Remedied
from terrace.report import drift as report
from terrace.report import machine, terminal
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.stacks.refusals import Refusal
from terrace.text import visible


def show_drift(
    reviews: tuple[Review, ...],
    style: str,
    remedied: tuple[Remedied, ...] = (),
    refused: Mapping[str, Refusal] = MappingProxyType({}),
) -> None:
    """Prints reviews in one of the three formats, what was done about them, and the stacks that are refused."""
    if style == "json":
        told = {"remediation": [_remediation_json(one) for one in remedied], "refused": refusals_json(refused)}
        emit({**report.as_json(reviews), **told})
        return
    if style == "markdown":
        sys.stdout.write(report.as_markdown(reviews))
    else:
        show(report.as_terminal(reviews))
    for one in remedied:
        _show_remediation(one)
    if refused:
        # On stderr: the report may be a page.
        for line in refusal_lines(refused).splitlines():
            note(line)


def _show_remediation(remedied: Remedied) -> None:
    for made in remedied.deployments:
        show(terminal.gates(made.verdict) if isinstance(made, Refused) else terminal.deployment(made))
    for refusal in remedied.refusals:
        show(f"left as it is: {refusal.stack or remedied.environment}: {visible(refusal.reason)}")


def _remediation_json(remedied: Remedied) -> machine.Json:
    return {
        "environment": remedied.environment,
        "deployments": [
            machine.refused("drift", made.commit, made.verdict)
            if isinstance(made, Refused)
            else machine.deployed("drift", made)
            for made in remedied.deployments
        ],
        "refused": [{"stack": refusal.stack or None, "reason": refusal.reason} for refusal in remedied.refusals],
    }
