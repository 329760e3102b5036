"""Prints the results of drift checks and of remediations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from terrace.apps.cli.reports import Report
from terrace.apps.output.console import note, show
from terrace.apps.output.deployments import deployment_json
from terrace.drift.review import Review
from terrace.ledger.deployment import Deployment
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.drift.remediate import RemediationResult
from terrace.report.formats import DRIFT_FORMATS, FORMATS, DriftReport
from terrace.report.json.deployments import DriftDeployment
from terrace.report.json.drift import RefusedRemediation, RemediationPart
from terrace.report.terminal.deployments import deployment_tree, gates_table
from terrace.report.terminal.rules import refusal_lines
from terrace.stacks.refusals import Refusal
from terrace.text import visible


def show_drift(
    reviews: tuple[Review, ...],
    style: str,
    remedied: tuple[RemediationResult, ...] = (),
    refused: Mapping[str, Refusal] = MappingProxyType({}),
    *,
    full: bool = False,
) -> None:
    """Prints drift in one of its formats, the remediations, and the refused stacks."""
    report = DriftReport(reviews, tuple(map(_remediation_part, remedied)), refused, full)
    Report(FORMATS[style], None).write(DRIFT_FORMATS[style](report))
    if FORMATS[style].type == "json":
        return
    for outcome in remedied:
        _show_remediation(outcome)
    if refused:
        # On stderr, because the report may be a Markdown page.
        for line in refusal_lines(refused).splitlines():
            note(line)


def _show_remediation(remedied: RemediationResult) -> None:
    for deployment in remedied.deployments:
        show(gates_table(deployment.verdict) if isinstance(deployment, Refused) else deployment_tree(deployment))
    for refusal in remedied.refusals:
        show(f"not reverted: {refusal.stack or remedied.environment}: {visible(refusal.reason)}")


def _remediation_part(remedied: RemediationResult) -> RemediationPart:
    return RemediationPart(
        environment=remedied.environment,
        deployments=tuple(map(_drift_deployment, remedied.deployments)),
        refused=tuple(RefusedRemediation(stack=r.stack or None, reason=r.reason) for r in remedied.refusals),
    )


def _drift_deployment(done: Deployment | Refused) -> DriftDeployment:
    record = deployment_json("drift", done)
    assert isinstance(record, DriftDeployment)
    return record
