"""`terrace scan`: one check alone, on everything that is there."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON


@click.group()
def scan() -> None:
    """One look of `check` alone, at everything that is there."""


@scan.command("secrets")
@click.option("--history", is_flag=True, help="Look at every commit that a branch or tag reaches.")
@JSON
@click.pass_obj
def scan_secrets(folder: str, history: bool, as_json: bool) -> int:
    """Look for secrets in the files of the working tree. No secret is ever printed.

    \b
    Examples:
      terrace scan secrets
      terrace scan secrets --history --json
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, note, show
    from terrace.apps.wiring.checking import secret_search
    from terrace.apps.wiring.project import Project
    from terrace.report.json.checks import scan_secrets_json
    from terrace.report.terminal.checks import findings_table

    project = Project(Path(folder))
    head = project.repository.snapshot()
    search = secret_search(project)
    findings = search.history(head) if history else search.files(head)
    if as_json:
        emit(scan_secrets_json(findings))
    elif findings:
        show(findings_table(findings))
    else:
        note("no secrets found")
    if history and project.repository.shallow:
        note("note: this clone is shallow; what came before was not looked at (`git fetch --unshallow`)")
    return 1 if any(finding.blocks for finding in findings) else 0
