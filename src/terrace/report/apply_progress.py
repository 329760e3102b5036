"""The progress of an apply that did not succeed, in words for every format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.events.steps import RecordedChange
from terrace.plans.apply_progress import STATES, Change, ChangeState
from terrace.words import and_more

_TITLES: Mapping[ChangeState, str] = {
    "completed": "Completed before the failure",
    "failed": "Failed",
    "in_flight": "Started, result unknown",
    "not_started": "Not started",
}

_COMPLETED = {"create": "created", "update": "updated", "replace": "replaced", "delete": "destroyed"}
_PLANNED = {"delete": "destroy"}


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The changes of one state, a line each. `state` names it in JSON, `title` for people."""

    state: ChangeState
    title: str
    lines: tuple[str, ...]


def failed_steps(deployment: Deployment) -> Iterator[StepRecord]:
    """Yields the steps of a deployment that failed and were not repeated since."""
    for step in deployment.steps:
        if step.result in ("failed", "unknown") and deployment.last(step.step, step.stack) is step:
            yield step


def change_groups(step: StepRecord) -> Iterator[ChangeGroup]:
    """Yields the changes of an apply that did not succeed, by their state; nothing for any other step."""
    progress = step.detail.progress
    if progress:
        changes: dict[ChangeState, tuple[RecordedChange, ...]] = {
            "completed": progress.completed,
            "failed": progress.failed,
            "in_flight": progress.in_flight,
            "not_started": progress.not_started,
        }
        yield from groups_of(changes, progress.more, _errors(step))


def groups_of(
    changes: Mapping[ChangeState, Sequence[Change]], more: Mapping[ChangeState, int], errors: Mapping[str, str]
) -> Iterator[ChangeGroup]:
    """Yields changes by their state. `more` counts those that are left out, `errors` are titles by address."""
    for state in STATES:
        listed, left_out = changes.get(state, ()), more.get(state, 0)
        if listed or left_out:
            title = f"{_TITLES[state]} ({len(listed) + left_out})"
            lines = [_line(state, change, errors) for change in listed]
            yield ChangeGroup(state, title, (*lines, *([and_more(left_out)] if left_out else [])))


def progress_lines(groups: Iterable[ChangeGroup]) -> list[str]:
    """Returns the groups as plain lines: a title, and its changes indented."""
    return [text for group in groups for text in (group.title, *(f"  {change}" for change in group.lines))]


def _line(state: ChangeState, change: Change, errors: Mapping[str, str]) -> str:
    action, address = change
    if state == "completed":
        return f"{_COMPLETED.get(action, action)} {address}"
    error = f": {errors[address]}" if state == "failed" and address in errors else ""
    return f"{_PLANNED.get(action, action)} {address}{error}"


def _errors(step: StepRecord) -> dict[str, str]:
    """Returns the title of the first error of each resource."""
    errors: dict[str, str] = {}
    for diagnostic in step.detail.diagnostics or ():
        if diagnostic.address and diagnostic.severity == "error":
            errors.setdefault(diagnostic.address, diagnostic.summary)
    return errors
