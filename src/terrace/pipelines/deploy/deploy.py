"""A release goes into an environment, as far as it goes now: to its end, or to where somebody has to act."""

from __future__ import annotations

from datetime import datetime

from terrace.gates.model import GateResult, Outcome, Verdict
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import Draft, History
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.driver import drive, reasons_of
from terrace.pipelines.deploy.gates import asked, busy, entry
from terrace.pipelines.deploy.lifecycle import Opening, Refused, opened, superseded, waves_of
from terrace.pipelines.journal import append
from terrace.pipelines.recovery.attestations import attest, driven
from terrace.rollout.next_step import Wait, next_step
from terrace.stacks.model import Origin


def deploy(context: Context, environment: str, commit: str, origin: Origin) -> Deployment | Refused:
    """Take a commit into an environment as far as it goes now: to its end, or to where somebody has to act.

    An unfinished deployment of the same commit is taken up where it is; one of another commit that waits is
    superseded. The result is what the ledger says afterwards.
    """
    history = context.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and current.open and current.commit == commit and not current.partial:
        return resume(context, current)
    verdict = entry(context, history, environment, commit, origin)
    if verdict.open:
        return Refused(commit, verdict)
    good = folds.last_good(history, environment)
    order = waves_of(context.survey(commit), environment)
    return enter(context, history, Opening(environment, commit, origin, order, live=good.commit if good else ""))


def enter(context: Context, history: History, opening: Opening) -> Deployment | Refused:
    """Let a deployment in, if its gates say so now, and take it as far as it goes. Refused: nothing was written.

    `history` is what the opening was made of: when another deployment came in since, this one is refused.
    """
    environment, commit, origin, settles = opening.environment, opening.commit, opening.origin, opening.settles
    deployment_id, known = context.new_id(), _newest(history, environment)
    with context.leases.hold(environment) as free:
        if not free:
            return Refused(commit, busy(context, history, environment, commit, origin))

        def decide(seen: History) -> tuple[Draft, ...]:
            # Asked of the very history that is written to: whoever came in between may have closed a gate.
            if entry(context, seen, environment, commit, origin, settles).open or _newest(seen, environment) != known:
                return ()
            return (
                *superseded(context, folds.latest(seen, environment), origin),
                *opened(context, seen, opening, deployment_id),
            )

        history = append(context.ledger, history, decide)
        if not any(d.id == deployment_id for d in folds.deployments(history)):
            verdict = entry(context, history, environment, commit, origin, settles)
            return Refused(commit, verdict if verdict.open else _overtaken(verdict, _newest(history, environment)))
        return drive(context, history, deployment_id)


def _newest(history: History, environment: str) -> str:
    latest = folds.latest(history, environment)
    return latest.id if latest is not None else ""


def _overtaken(verdict: Verdict, other: str) -> Verdict:
    """The verdict on what was made for an environment as it was before another deployment came in."""
    reason = f"deployment {other} came into {verdict.environment} while this one was being made"
    how = "look at `terrace status`, and ask again if it is still wanted"
    return Verdict(verdict.environment, (*verdict.results, GateResult("overtaken", Outcome.BLOCK, reason, how)))


def resume(context: Context, deployment: Deployment, dead: str = "") -> Deployment | Refused:
    """Go on with an open deployment. Its driver must be gone, or proven or said to be dead; else it is refused as busy.

    `dead` is why somebody declares a driver dead who may live; that is written down, and counts once enough people said
    so. One that still waits for the same is returned as it is, and nothing is written.
    """
    with context.leases.hold(deployment.environment) as free:
        history = context.ledger.read()
        current = next(d for d in folds.deployments(history) if d.id == deployment.id)
        if not current.open:
            return current
        if dead and free and driven(context, history, current):
            history = attest(context, history, current, dead)
        if not free or driven(context, history, current):
            return Refused(current.commit, busy(context, history, current.environment, current.commit, current.origin))
        answer = next_step(current, asked(context, lambda: history, current), frozenset())
        if isinstance(answer, Wait) and current.lease is None and reasons_of(answer) == current.waiting:
            return current
        return drive(context, history, current.id)


def rests(context: Context, history: History, deployment: Deployment) -> bool:
    """Whether an open deployment waits for people or for time: going on would change nothing."""
    answer = next_step(deployment, asked(context, lambda: history, deployment), frozenset())
    return isinstance(answer, Wait) and deployment.lease is None


def goes_on_at(context: Context, deployment: Deployment) -> datetime | None:
    """When an open deployment goes on by itself; None when it ended or waits for somebody."""
    if not deployment.open or not deployment.waiting:
        return None
    history = context.ledger.read()
    # As it stood when it began to wait: what could not be measured then must not be measured forever.
    then = max((record.began_at for record in deployment.steps), default=context.clock())
    answer = next_step(deployment, asked(context, lambda: history, deployment, lambda: then), frozenset())
    if not isinstance(answer, Wait):
        return then
    moments = [result.until for result in answer.verdict.open]
    return max(moment for moment in moments if moment is not None) if all(moments) else None
