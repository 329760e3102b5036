"""`terrace scan`: a single check on the whole repository."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON


@click.group()
def scan() -> None:
    """Run a single check on the whole repository."""


@scan.command("secrets")
@click.option("--history", is_flag=True, help="Scan every commit that is reachable from a branch or tag.")
@JSON
@click.pass_obj
def scan_secrets(folder: str, history: bool, as_json: bool) -> int:
    """Scan the files of the working tree for secrets. Secrets are never printed.

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
        note("note: this clone is shallow, so earlier commits were not scanned (`git fetch --unshallow`)")
    return 1 if any(finding.blocks for finding in findings) else 0
