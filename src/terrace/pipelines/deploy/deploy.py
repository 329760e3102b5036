"""Deploying a release: starts or resumes a deployment and runs it as far as it can go now."""

from __future__ import annotations

from datetime import datetime

from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import Draft, History
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.driver import drive, reasons_of
from terrace.pipelines.deploy.gates import busy_verdict, entry, gate_questions
from terrace.pipelines.deploy.lifecycle import Opening, Refused, deployment_waves, opening_drafts, superseding_drafts
from terrace.pipelines.journal import append
from terrace.pipelines.recovery.attestations import attest, may_still_run
from terrace.rollout.next_step import Wait, next_step
from terrace.stacks.model import Origin


def deploy(context: Context, environment: str, commit: str, origin: Origin) -> Deployment | Refused:
    """Deploys a commit to an environment, to the end or to the point where a person has to act.

    Resumes an unfinished deployment of the same commit, and supersedes a pending one of another commit. Returns what
    the ledger records afterwards.
    """
    history = context.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and current.open and current.commit == commit and not current.partial:
        return resume(context, current)
    verdict = entry(context, history, environment, commit, origin)
    if verdict.open:
        return Refused(commit, verdict)
    good = folds.last_good(history, environment)
    order = deployment_waves(context.survey(commit), environment)
    return enter(context, history, Opening(environment, commit, origin, order, live=good.commit if good else ""))


def enter(context: Context, history: History, opening: Opening) -> Deployment | Refused:
    """Starts a deployment if its gates allow it now, and runs it as far as possible. Refused: nothing was recorded.

    `history` is what the opening was derived from. If another deployment started since then, this one is refused.
    """
    environment, commit, origin, settles = opening.environment, opening.commit, opening.origin, opening.settles
    deployment_id, newest_before = context.new_id(), _newest(history, environment)
    with context.leases.hold(environment) as free:
        if not free:
            return Refused(commit, busy_verdict(context, history, environment, commit, origin))

        def decide(current: History) -> tuple[Draft, ...]:
            # Decided on the very history that is written to: another writer may have closed a gate since.
            if (
                entry(context, current, environment, commit, origin, settles).open
                or _newest(current, environment) != newest_before
            ):
                return ()
            return (
                *superseding_drafts(context, folds.latest(current, environment), origin),
                *opening_drafts(context, current, opening, deployment_id),
            )

        history = append(context.ledger, history, decide)
        if not any(d.id == deployment_id for d in folds.deployments(history)):
            newest = _newest(history, environment)
            verdict = entry(context, history, environment, commit, origin, settles)
            if not verdict.open:
                verdict = entry(context, history, environment, commit, origin, settles, overtaken_by=newest)
            return Refused(commit, verdict)
        return drive(context, history, deployment_id)


def _newest(history: History, environment: str) -> str:
    latest = folds.latest(history, environment)
    return latest.id if latest is not None else ""


def resume(context: Context, deployment: Deployment, dead: str = "") -> Deployment | Refused:
    """Resumes an open deployment. Refused as busy unless its process has terminated, or people declared so.

    `dead` is why the actor declares a process terminated that may still run. The declaration is recorded and takes
    effect once enough people made it. A deployment that still waits for the same reasons is returned unchanged, and
    nothing is recorded.
    """
    with context.leases.hold(deployment.environment) as free:
        history = context.ledger.read()
        current = next(d for d in folds.deployments(history) if d.id == deployment.id)
        if not current.open:
            return current
        if dead and free and may_still_run(context, history, current):
            history = attest(context, history, current, dead)
        if not free or may_still_run(context, history, current):
            return Refused(
                current.commit, busy_verdict(context, history, current.environment, current.commit, current.origin)
            )
        answer = next_step(current, gate_questions(context, lambda: history, current), frozenset())
        if isinstance(answer, Wait) and current.lease is None and reasons_of(answer) == current.waiting:
            return current
        return drive(context, history, current.id)


def is_waiting(context: Context, history: History, deployment: Deployment) -> bool:
    """Returns whether an open deployment waits for people or for time, so that resuming it would change nothing."""
    answer = next_step(deployment, gate_questions(context, lambda: history, deployment), frozenset())
    return isinstance(answer, Wait) and deployment.lease is None


def continues_at(context: Context, deployment: Deployment) -> datetime | None:
    """Returns when an open deployment can continue on its own; None where it finished or waits for a person."""
    if not deployment.open or not deployment.waiting:
        return None
    history = context.ledger.read()
    # Evaluated at the time when it began to wait: a measurement that was impossible then must not stay pending forever.
    then = max((record.began_at for record in deployment.steps), default=context.clock())
    answer = next_step(deployment, gate_questions(context, lambda: history, deployment, lambda: then), frozenset())
    if not isinstance(answer, Wait):
        return then
    moments = [result.until for result in answer.verdict.open]
    return max(moment for moment in moments if moment is not None) if all(moments) else None
