"""Runs a command that changes an environment, and prints its result."""

from __future__ import annotations

import time
from collections.abc import Callable

from terrace.apps.cli import job_result
from terrace.apps.output.console import emit, note, show_lines
from terrace.apps.output.deployments import deployment_json, note_uncommitted, show_deployment_end, waiting_handle
from terrace.apps.output.progress import show_progress
from terrace.apps.wiring.mirroring import show_deployments
from terrace.apps.wiring.project import Project
from terrace.ledger.deployment import Deployment
from terrace.pipelines.context import Context, Reach
from terrace.pipelines.deploy import deploy as deploying
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.rollback.rollback import react
from terrace.pipelines.situation_after import situation_after
from terrace.report.terminal.rules import refusal_lines
from terrace.stacks.model import Origin


def deploy_commit(
    project: Project,
    command: str,
    environment: str,
    commit: str,
    origin: Origin,
    *,
    wait: bool,
    as_json: bool,
    reach: Reach,
    full: bool = False,
) -> int:
    """Deploys a commit to an environment; returns the exit code."""
    inventory = project.survey(commit)
    note_uncommitted(project.find_uncommitted(inventory, {stack.key for stack in inventory.of(environment)}))

    def run(context: Context) -> Deployment | Refused:
        return deploying.deploy(context, environment, commit, origin)

    is_first = not project.ledger.read().events
    code = run_deployment(project, command, run, wait=wait, as_json=as_json, reach=reach, full=full)
    if is_first:
        _propose_ledger_id(project)
    return code


def run_deployment(
    project: Project,
    command: str,
    run: Callable[[Context], Deployment | Refused],
    *,
    wait: bool,
    as_json: bool,
    reach: Reach = "apply",
    full: bool = False,
) -> int:
    """Runs a change of an environment and the reaction to its result, prints both, and returns the exit code.

    With `wait`, it sleeps until timers such as the bake time are over. With `full` every change is shown completely.
    """
    with show_progress(as_json=as_json) as watcher:
        context = project.deployment_context(watcher, reach)
        done = _wait_for_timers(context, run(context)) if wait else run(context)
        reacted = react(context, done)
        if wait and isinstance(reacted, Deployment):
            reacted = _wait_for_timers(context, reacted)
    environment = done.environment if isinstance(done, Deployment) else done.verdict.environment
    show_deployments(project, [environment])
    left_out = project.find_left_out([environment], done.commit)
    record = deployment_json(command, done, reacted, left_out, context.kept_plans if as_json else None)
    if as_json:
        emit(record)
    else:
        show_deployment_end(
            done,
            reacted,
            context.kept_plans,
            situation=situation_after(context, done),
            full=full,
        )
        if left_out:
            show_lines(refusal_lines(left_out))
    code = 0 if isinstance(done, Deployment) and done.result == "succeeded" else 1
    return job_result.end_job(job_result.after_deployment(record, waiting_handle(context, done)), code)


def _wait_for_timers(context: Context, done: Deployment | Refused) -> Deployment | Refused:
    while isinstance(done, Deployment) and (until := deploying.continues_at(context, done)) is not None:
        time.sleep(max(0.0, (until - context.clock()).total_seconds()))
        done = deploying.resume(context, done)
    return done


def _propose_ledger_id(project: Project) -> None:
    """Prints how to name a new ledger in terrace.yaml, so that no clone accepts another one."""
    history = project.ledger.read()
    if history.events and not project.trust.config.ledger_id:
        note(f"note: this deployment started the ledger {history.ledger_id}, and terrace.yaml does not name it")
        note(f'hint: merge `ledger_id: "{history.ledger_id}"` into terrace.yaml, so that no clone accepts another one')
