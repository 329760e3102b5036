"""`terrace lint`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON


@click.command()
@click.option("--base", metavar="COMMIT", help="Compare with this commit. [default: the protected branch]")
@JSON
@click.pass_obj
def lint(folder: str, base: str | None, as_json: bool) -> int:
    """Run the checks that read files only on the changes of the working tree.

    Nothing is planned, no code of the repository runs, and no credentials are needed: fast enough for a hook before
    each commit. It cannot say whether a change can be merged: that is `terrace check`, with plans and policies.

    \b
    Example:
      terrace lint
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, note, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.checking import change_in_working_tree, find_in_files
    from terrace.apps.wiring.project import Project
    from terrace.report.json.checks import lint_json
    from terrace.report.terminal.checks import findings_table

    project = Project(Path(folder))
    change_set, inventory = change_in_working_tree(project, base)
    with show_progress(as_json=as_json) as watcher:
        findings = find_in_files(project, project.read_only_context(watcher), change_set, inventory)
    if as_json:
        emit(lint_json(change_set, findings))
    elif findings:
        show(findings_table(findings))
    else:
        note("no findings in files; `terrace check` also plans the impacted stacks")
    return 1 if any(finding.blocks for finding in findings) else 0
