"""`terrace report`: reports from the ledger."""

from __future__ import annotations

import click

from terrace.apps.cli.options import COMPLETE_ENV, ENVIRONMENT, JSON, OUTPUT, format_option
from terrace.compliance.frameworks import NAMES
from terrace.report.formats import COMPLIANCE_FORMATS


@click.group()
def report() -> None:
    """Create reports from the ledger."""


@report.command("compliance")
@click.option(
    "--framework", "frameworks", multiple=True, metavar="NAME", help=f"One of {', '.join(NAMES)}. [default: all]"
)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar=ENVIRONMENT,
    shell_complete=COMPLETE_ENV,
    help="Environments to report. [default: all]",
)
@format_option(COMPLIANCE_FORMATS)
@OUTPUT
@click.option(
    "--stale-after",
    type=click.IntRange(1),
    default=7,
    metavar="DAYS",
    help="Maximum age of audits used as evidence. [default: 7]",
)
@click.option(
    "--period",
    type=click.IntRange(1),
    default=90,
    metavar="DAYS",
    help="Age of the oldest deployment in the report. [default: 90]",
)
@JSON
@click.pass_obj
def report_compliance(
    folder: str,
    frameworks: tuple[str, ...],
    environments: tuple[str, ...],
    style: str,
    output: str | None,
    stale_after: int,
    period: int,
    as_json: bool,
) -> int:
    """Report each control of CIS, SOC 2, PCI DSS and NIST 800-53: pass, fail, not evaluated, or manual.

    The report uses the results of `terrace check --all` and of deployments in the ledger, and needs no tools and no
    credentials. A control passes only if it applies to deployed resources, all of them were audited recently, and there
    are no findings or waivers.

    \b
    Examples:
      terrace report compliance --framework cis-aws
      terrace report compliance --env prod --format html --output compliance.html
    """
    from datetime import timedelta
    from pathlib import Path

    from terrace.apps.cli.job_result import Ending, end_job
    from terrace.apps.cli.reports import requested_report
    from terrace.apps.wiring.audit import chosen_environments
    from terrace.apps.wiring.project import Project, now
    from terrace.compliance.gathering import EvidenceInputs, Span
    from terrace.compliance.overview import compliance
    from terrace.compliance.shipped import aliases, framework, sources
    from terrace.report.compliance_words import has_failures
    from terrace.report.markdown.compliance import compliance_markdown

    style = "json" if as_json else style
    report = requested_report(Path(folder), style, output)
    chosen = tuple(framework(name) for name in dict.fromkeys(frameworks or NAMES))
    project = Project(Path(folder))
    names = chosen_environments(project, environments)
    facts = EvidenceInputs(project.trust.config, project.ledger.read(), project.trust.policy, project.proof, aliases())
    span = Span(now(), timedelta(days=stale_after), timedelta(days=period))
    record = compliance(facts, names, chosen, sources(), span)
    report.write(COMPLIANCE_FORMATS[style](record))
    return end_job(Ending({}, lambda: compliance_markdown(record)), 1 if has_failures(record.frameworks) else 0)
