"""The result of a command as Markdown, for the summary of the CI run that it was part of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from terrace.plans.apply_progress import ChangeState
from terrace.report.apply_progress import groups_of, progress_lines
from terrace.report.json.deployments import DeploymentJson
from terrace.report.json.environments import EnvironmentStatus
from terrace.report.json.steps import StepChange, StepPart
from terrace.report.json.tick import TickAction
from terrace.report.markdown.escape import code, code_block, plain, prose, table
from terrace.text import clip

MOST = 50
"""Maximum number of reasons, steps and environments; JSON has all."""


def deployment_summary(record: DeploymentJson | TickAction, handle: str) -> str:
    """Returns the result of a deployment and the next step. `handle` names its pending plans, "" for none."""
    lines = [f"### {plain(record.environment)}: {plain(record.result)}", ""]
    if record.commit:
        deployment = f", deployment {code(record.deployment)}" if record.deployment else ""
        lines += [f"Commit {code(record.commit[:7])}{deployment}"]
    lines += ["", *(f"- {prose(clip(reason))}" for reason in record.reasons[:MOST])]
    if handle:
        lines += ["", f"To approve exactly these plans: {code(f'/terrace approve {record.environment} {handle}')}"]
    if record.steps:
        rows = ((step.name.value, step.stack or "", step.result or "running") for step in record.steps[-MOST:])
        lines += ["", table(("step", "stack", "result"), _plain_rows(rows))]
        for step in record.steps[-MOST:]:
            lines += _progress(step)
    return "\n".join(lines) + "\n\n"


def _progress(step: StepPart) -> list[str]:
    """Returns the changes of a failed apply by their state."""
    if not step.progress:
        return []
    progress = step.progress
    errors = {diagnostic.address: diagnostic.summary for diagnostic in step.diagnostics or () if diagnostic.address}
    listed: dict[ChangeState, tuple[StepChange, ...]] = {
        "completed": progress.completed,
        "failed": progress.failed,
        "in_flight": progress.in_flight,
        "not_started": progress.not_started,
    }
    changes = {state: [(change.action, change.address) for change in group] for state, group in listed.items()}
    groups = groups_of(changes, progress.more, errors)
    return ["", f"Changes of the failed apply of {code(step.stack or '')}:", "", code_block(progress_lines(groups))]


def status_summary(environments: Sequence[EnvironmentStatus]) -> str:
    """Returns the status of every environment."""
    rows = ((e.name, e.state, e.commit[:7] if e.commit else "", "; ".join(e.waiting_for)) for e in environments[:MOST])
    return table(("environment", "state", "commit", "waits for"), _plain_rows(rows)) + "\n\n"


def _plain_rows(rows: Iterable[tuple[str, ...]]) -> Iterable[tuple[str, ...]]:
    return (tuple(plain(clip(cell)) for cell in row) for row in rows)
