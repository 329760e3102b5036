"""One process drives one deployment. Level-triggered: ask what comes next, write the intent, act, write the result, ask
again. Killed anywhere, the next one goes on."""

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
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy import closing, steps
from terrace.pipelines.deploy.asking import asked
from terrace.pipelines.deploy.ending import ended
from terrace.pipelines.deploy.ground import Ended, Ground
from terrace.pipelines.journal import Journal, LeaseLost
from terrace.plans.terraform import Attempt
from terrace.rollout.next_step import Finish, Perform, Task, Wait, next_step


def drive(crew: Crew, history: History, deployment_id: str) -> Deployment:
    """The loop. Only the holder of the environment's lease is in it."""
    found = next(d for d in deployments(history) if d.id == deployment_id)
    holder = crew.leases.holder(crew.actor, found.environment)
    journal = Journal(crew.ledger, history, deployment_id, holder, crew.actor)
    journal.take_lease()
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=max(1, crew.parallel)) as pool:
        ground = Ground(crew, journal.deployment, journal.history, stack, journal.objection)
        stack.callback(_release, ground)
        crew.watcher.opened(ground.deployment)
        while True:
            whom = asked(crew, lambda: journal.history, ground.deployment)
            answer = next_step(ground.deployment, whom, ground.attempts)
            match answer:
                case Perform(tasks):
                    _perform(journal, ground, tasks, pool.map)
                case Wait():
                    journal.note(DeploymentWaiting(reasons_of(answer)))
                    return journal.flush()
                case Finish(result, reasons):
                    journal.keep(ended(crew, ground.deployment, result, reasons))
                    return journal.flush()


def reasons_of(waiting: Wait) -> tuple[str, ...]:
    """What a deployment waits for, as the ledger keeps it."""
    return tuple(r.reason for r in waiting.verdict.open)


Map = Callable[[Callable[[StepRecord], StepRecord], tuple[StepRecord, ...]], Iterable[StepRecord]]


def _perform(journal: Journal, ground: Ground, tasks: tuple[Task, ...], spread: Map) -> None:
    """Write the intents, act, and note the results; independent tasks side by side.

    Where somebody else wrote since this was decided, nothing is done: it has to be decided again.
    """
    fresh = [(task, ground.crew.new_id()) for task in tasks if task.resumes is None]
    try:
        intents = [StepBegun(t.step.value, attempt, t.stack, _intent(ground, t, attempt)) for t, attempt in fresh]
        written = journal.intend(intents)
    except LeaseLost:
        _discard(ground)
        raise
    ground.see(journal.deployment)
    if not written:
        _discard(ground)
        return
    ours = iter(intents)
    begun = []
    for task in tasks:
        record = task.resumes or _record(ground.deployment, next(ours).attempt)
        begun.append(record)
        ground.crew.watcher.step(ground.deployment, record)

    def one(record: StepRecord) -> StepRecord:
        try:
            made = _act(ground, record)
        except Interrupted:
            return record
        done = replace(
            record,
            result=made.result,
            message=made.message,
            detail=record.detail.merged(made.detail),
            ended_at=ground.crew.clock(),
        )
        ground.crew.watcher.step(ground.deployment, done)
        return done

    done = list(spread(one, tuple(begun)))
    for record in done:
        if not record.open:
            journal.end(record)
    ground.end(done)
    if any(record.open for record in done):
        journal.note(LeaseReleased())
        journal.flush()
        raise Interrupted(
            f"interrupted: deployment {ground.deployment.id} stands where it is",
            hint=f"`terrace resume {ground.deployment.environment}` goes on",
        )


def _discard(ground: Ground) -> None:
    """Take away the runs that were prepared for intents that are not in the ledger."""
    for attempt in ground.prepared:
        ground.crew.applier.discard(attempt)
    ground.prepared.clear()


def _release(ground: Ground) -> None:
    """Let go of runs that were prepared and not started: their intent may have reached the ledger, or not."""
    for attempt in ground.prepared:
        ground.crew.applier.release(attempt)


def _record(deployment: Deployment, attempt: str) -> StepRecord:
    return next(record for record in deployment.steps if record.attempt == attempt)


def _intent(ground: Ground, task: Task, attempt: str) -> Detail:
    """What an apply is about to do, written down before it begins; its run is prepared by then."""
    if task.step is not Step.APPLY:
        return Detail()
    hand = ground.hand_for(task.stack)
    assert hand is not None, "an apply is asked for only with a plan in hand"
    named = Attempt(attempt, ground.history.ledger_id, ground.deployment.id, task.stack, hand.made.sha256)
    try:
        prepared = ground.crew.applier.prepare(named, ground.site(task.stack, "apply"), hand.made)
    except TerraceError:
        _discard(ground)
        raise
    ground.prepared.add(attempt)
    return Detail(
        runner=prepared.payload(),
        host=prepared.host,
        terraform=ground.crew.terraform.version,
        sha256=hand.made.sha256,
        digest=hand.plan.digest.value,
        lineage=hand.state.lineage,
        serial=hand.state.serial,
    )


def _act(ground: Ground, record: StepRecord) -> Ended:
    if record.step is Step.APPLY:
        return steps.apply(ground, record).ended()
    try:
        match record.step:
            case Step.PLAN:
                return steps.plan(ground, record.stack, record.attempt)
            case Step.BACKUP:
                return steps.backup(ground, record.stack)
            case Step.SNAPSHOT:
                return steps.snapshot(ground, record.stack)
            case Step.BASELINE:
                return closing.baseline(ground)
            case Step.SMOKE:
                return closing.smoke(ground)
            case Step.HEALTH:
                return closing.health(ground)
            case Step.TAG:
                return closing.tag(ground)
            case Step.REVERT:
                return closing.revert(ground)
    except Interrupted:
        raise
    except TerraceError as error:
        return steps.failure(error)
