"""The loop that runs a deployment.

Level-triggered: it determines the next step, records the intent, acts, records the result, and starts over. After a
crash at any point another process continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

from terrace.errors import Interrupted, TerraceError
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.deployments import DeploymentWaiting, LeaseReleased
from terrace.ledger.events.steps import Detail, StepBegun
from terrace.ledger.folds import deployments
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.deploy import apply_step, backup_step, environment_steps, plan_step, snapshot_step
from terrace.pipelines.deploy.gates import gate_questions
from terrace.pipelines.deploy.lifecycle import end_events
from terrace.pipelines.deploy.run import DeploymentRun
from terrace.pipelines.deploy.step_results import StepOutcome, failure
from terrace.pipelines.journal import Journal, LeaseLost
from terrace.plans.ports import Attempt
from terrace.rollout.next_step import Finish, Perform, Task, Wait, next_step


def drive(context: Context, history: History, deployment_id: str) -> Deployment:
    """Runs a deployment until it finishes or waits. The caller holds the lease of the environment."""
    deployment = next(d for d in deployments(history) if d.id == deployment_id)
    holder = context.leases.holder(context.actor, deployment.environment)
    journal = Journal(context.ledger, history, deployment_id, holder, context.actor)
    journal.take_lease()
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=max(1, context.parallel)) as pool:
        run = DeploymentRun(context, journal.deployment, journal.history, stack, journal.objection)
        stack.callback(_release, run)
        context.watcher.opened(run.deployment, run.history)
        context.step_logs.remove_expired(deployment.environment)
        while True:
            whom = gate_questions(context, lambda: journal.history, run.deployment)
            answer = next_step(run.deployment, whom, run.attempts)
            match answer:
                case Perform(tasks):
                    _perform(journal, run, tasks, pool.map)
                case Wait():
                    journal.note(DeploymentWaiting(reasons_of(answer)))
                    return journal.flush()
                case Finish(result, reasons):
                    journal.keep(
                        end_events(run.deployment, result, reasons, actor=context.actor, signed=context.signers)
                    )
                    return journal.flush()


def reasons_of(waiting: Wait) -> tuple[str, ...]:
    """Returns the reasons for which a deployment waits, as the ledger records them."""
    return tuple(r.reason for r in waiting.verdict.open)


Map = Callable[[Callable[[StepRecord], StepRecord], tuple[StepRecord, ...]], Iterable[StepRecord]]


def _perform(journal: Journal, run: DeploymentRun, tasks: tuple[Task, ...], spread: Map) -> None:
    """Records the intents, acts, and keeps the results; independent tasks run concurrently.

    Does nothing where another process wrote to the ledger since the decision: the next step has to be determined again.
    """
    fresh = [(task, run.context.new_id()) for task in tasks if task.resumes is None]
    try:
        intents = [StepBegun(t.step.value, attempt, t.stack, _intent(run, t, attempt)) for t, attempt in fresh]
        written = journal.intend(intents)
    except LeaseLost:
        _discard(run)
        raise
    run.see(journal.deployment)
    if not written:
        _discard(run)
        return
    ours = iter(intents)
    begun = []
    for task in tasks:
        record = task.resumes or _record(run.deployment, next(ours).attempt)
        begun.append(record)
        run.context.watcher.step(run.deployment, record)

    def perform(record: StepRecord) -> StepRecord:
        try:
            with run.context.step_logs.keep(run.deployment, record, lambda text: run.hide(record.stack, text)):
                outcome = _act(run, record).mask(run.mask(record.stack))
        except Interrupted:
            return record
        done = replace(
            record,
            result=outcome.result,
            message=outcome.message,
            detail=record.detail.merge(outcome.detail),
            ended_at=run.context.clock(),
        )
        run.context.watcher.step(run.deployment, done)
        return done

    done = list(spread(perform, tuple(begun)))
    for record in done:
        if not record.open:
            journal.end(record)
    run.end(done)
    if any(record.open for record in done):
        journal.note(LeaseReleased())
        journal.flush()
        raise Interrupted(
            f"interrupted: deployment {run.deployment.id} can be resumed",
            hint=f"run `terrace resume {run.deployment.environment}`",
        )


def _discard(run: DeploymentRun) -> None:
    """Removes prepared applies whose intents are not in the ledger."""
    for attempt in run.prepared:
        run.context.applier.discard(attempt)
    run.prepared.clear()


def _release(run: DeploymentRun) -> None:
    """Releases applies that were prepared and not started: their intents may or may not be in the ledger."""
    for attempt in run.prepared:
        run.context.applier.release(attempt)


def _record(deployment: Deployment, attempt: str) -> StepRecord:
    return next(record for record in deployment.steps if record.attempt == attempt)


def _intent(run: DeploymentRun, task: Task, attempt: str) -> Detail:
    """Returns what an apply is about to do, for the record before it starts. Prepares the run."""
    if task.step is not Step.APPLY:
        return Detail()
    fresh = run.fresh_plan(task.stack)
    assert fresh is not None, "an apply requires a fresh plan"
    named = Attempt(attempt, run.history.ledger_id, run.deployment.id, task.stack, fresh.made.sha256)
    try:
        prepared = run.context.applier.prepare(named, run.site(task.stack, "apply"), fresh.made)
    except TerraceError:
        _discard(run)
        raise
    run.prepared.add(attempt)
    return Detail(
        runner=prepared.payload(),
        host=prepared.host,
        terraform=run.context.terraform.version,
        sha256=fresh.made.sha256,
        digest=fresh.plan.digest.value,
        lineage=fresh.state.lineage,
        serial=fresh.state.serial,
    )


def _act(run: DeploymentRun, record: StepRecord) -> StepOutcome:
    if record.step is Step.APPLY:
        return apply_step.apply(run, record).as_outcome()
    try:
        match record.step:
            case Step.PLAN:
                return plan_step.plan(run, record.stack, record.attempt)
            case Step.BACKUP:
                return backup_step.backup(run, record.stack)
            case Step.SNAPSHOT:
                return snapshot_step.snapshot(run, record.stack)
            case Step.BASELINE:
                return environment_steps.baseline(run)
            case Step.SMOKE:
                return environment_steps.smoke(run)
            case Step.HEALTH:
                return environment_steps.health(run)
            case Step.TAG:
                return environment_steps.tag(run)
            case Step.REVERT:
                return environment_steps.revert(run)
    except Interrupted:
        raise
    except TerraceError as error:
        return failure(error)
