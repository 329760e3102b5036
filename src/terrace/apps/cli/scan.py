"""`scan`: single looks of `check`, at everything that is there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from terrace.adapters.git.patches import patches_between
from terrace.apps.cli.console import emit, note, show
from terrace.apps.wiring.project import Project, now
from terrace.checks.secrets.search import SecretSearch


def secrets(folder: str, *, history: bool, as_json: bool) -> int:
    """Secrets of the working tree, or of all history; exit 1 when there is one that nobody answers for."""
    from terrace.report import machine, terminal

    project = Project(Path(folder))
    head = project.repository.snapshot()
    search = secret_search(project)
    found = search.history(head) if history else search.files(head)
    if as_json:
        emit({"schema": "terrace/scan-secrets@1", "findings": [machine.finding(f) for f in found]})
    elif found:
        show(terminal.findings_table(found))
    else:
        note("no secrets found")
    if history and project.repository.shallow:
        note("note: this clone is shallow; what came before was not looked at (`git fetch --unshallow`)")
    return 1 if any(finding.blocks for finding in found) else 0


def secret_search(project: Project) -> SecretSearch:
    """The search for secrets of a repository, judged by the baseline of its trust root."""
    return SecretSearch(
        project.repository, partial(patches_between, project.repository.root), project.trust.commit, now().date()
    )
