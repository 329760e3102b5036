"""A command that is running: its stacks and steps, how long they have taken, and how long they usually take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.usual_durations import StepKey
from terrace.plans.activity import Activity, RunningChange
from terrace.report.terminal.deployments import step_line
from terrace.report.terminal.screen import Tree, spinner
from terrace.words import and_more, duration, plural

ACTIONS = {
    "create": "creating",
    "update": "updating",
    "delete": "destroying",
    "read": "reading",
    "forget": "removing from the state",
}

MOST_RUNNING = 3
"""Changes that are shown at one time of each stack; the longest are first."""

MOST_STACKS = 20
"""Stacks without a running step that are shown before the others are counted: the tree must fit on a screen."""


def planning_tree(activities: Mapping[str, Activity]) -> Tree:
    """Returns the stacks that are being planned by a command that is not a deployment."""
    tree = Tree(spinner(f"planning {plural(len(activities), 'stack')}" if activities else "planning"))
    for key, activity in activities.items():
        tree.node(", ".join([key, *_counts(activity, None)]), style="dim")
    return tree


def deployment_progress(
    deployment: Deployment,
    records: Iterable[StepRecord],
    activities: Mapping[str, Activity],
    usual: Mapping[StepKey, timedelta],
    now: datetime,
    clock: float,
    elapsed: timedelta,
) -> Tree:
    """Returns a deployment with its finished and its running steps.

    `now` is the time of day, `clock` the same moment on the clock of the activities, and `elapsed` the time since the
    command began: a deployment that waited for an approval may be days old.
    """
    records = list(records)
    done = sum(1 for key in deployment.stacks if _is_finished(records, key))
    head = f"{deployment.commit[:7]} into {deployment.environment} ({deployment.id})"
    stacks = f"{done:,} of {plural(len(deployment.stacks), 'stack')} done"
    tree = Tree(f"{head}, {stacks}, {duration(elapsed, units=2)}", style="bold")
    left_out = 0
    for key in [*deployment.stacks, ""]:
        steps = [record for record in records if record.stack == key]
        if not steps:
            continue
        if key and not any(step.open for step in steps):
            left_out += 1
            if left_out > MOST_STACKS:
                continue
        branch = tree.node(key or "environment")
        for step in steps:
            if not step.open:
                branch.node(step_line(step))
                continue
            activity = activities.get(key)
            text = running_step(
                step, activity, _expected_changes(deployment, key), usual.get(_key(deployment, step)), now
            )
            node = branch.node(spinner(text))
            for line in running_changes(activity.running if activity else (), clock):
                node.node(line, style="dim")
    if more := and_more(left_out - MOST_STACKS, "stack"):
        tree.node(more, style="dim")
    return tree


def running_step(
    step: StepRecord, activity: Activity | None, planned: int | None, usual: timedelta | None, now: datetime
) -> str:
    """Returns a step that has not ended in one line: `apply, 1m 5s (usually 2m), 3 of 12 changes made`.

    `planned` is the number of changes of the plan that is applied, where it is known.
    """
    took = duration(now - step.began_at, units=2)
    times = f"{took} (usually {duration(usual, units=2)})" if usual is not None else took
    counts = _counts(activity, planned if step.step is Step.APPLY else None) if activity is not None else ()
    return ", ".join([step.step.value, times, *counts])


def running_changes(running: Iterable[RunningChange], clock: float) -> tuple[str, ...]:
    """Returns the changes that take longest, one line each: `creating aws_db_instance.main, 40s`."""
    changes = list(running)
    shown = [
        f"{ACTIONS.get(change.action, change.action)} {change.address}, {_since(change.since, clock)}"
        for change in changes[:MOST_RUNNING]
    ]
    more = and_more(len(changes) - MOST_RUNNING, "resource")
    return (*shown, *([more] if more else ()))


def long_running(
    stack: str, running: Iterable[RunningChange], step: StepKey | None, usual: Mapping[StepKey, timedelta], clock: float
) -> str:
    """Returns what a stack has been doing for long, in one line: `app: still creating aws_db_instance.main, 40s (the
    apply usually takes 2m)`."""
    text = f"{stack}: still {'; '.join(running_changes(running, clock))}"
    if step is None or step not in usual:
        return text
    return f"{text} (the {step[2].value} usually takes {duration(usual[step], units=2)})"


def _since(moment: float, clock: float) -> str:
    return duration(timedelta(seconds=int(max(0.0, clock - moment))), units=2)


def _counts(activity: Activity, planned: int | None) -> tuple[str, ...]:
    if activity.changed or activity.failed or activity.running:
        failed = (f"{activity.failed:,} failed",) if activity.failed else ()
        if planned is None or planned < activity.changed + activity.failed:
            return (f"{plural(activity.changed, 'change')} made", *failed)
        return (f"{activity.changed:,} of {plural(planned, 'change')} made", *failed)
    read = (f"{plural(activity.read, 'resource')} read",) if activity.read else ()
    return (*read, *((plural(activity.planned, "change"),) if activity.planned else ()))


def _expected_changes(deployment: Deployment, stack: str) -> int | None:
    """Returns the number of changes that the apply of a plan reports: a replaced resource is destroyed and created."""
    plan = deployment.last(Step.PLAN, stack)
    if plan is None or plan.result != "succeeded":
        return None
    return plan.detail.total + (plan.detail.replace or 0)


def _key(deployment: Deployment, step: StepRecord) -> StepKey:
    return deployment.environment, step.stack, step.step


def _is_finished(records: Iterable[StepRecord], stack: str) -> bool:
    steps = [record for record in records if record.stack == stack]
    applied = [record for record in steps if record.step is Step.APPLY]
    if applied:
        return applied[-1].result == "succeeded"
    return any(record.step is Step.PLAN and record.result == "succeeded" and record.detail.empty for record in steps)
