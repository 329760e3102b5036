"""Holds on environments: placed and released by people, or released by Terrace when Git matches the live resources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from terrace.errors import BadInput, Interrupted, TerraceError
from terrace.ledger import folds, holds, kinds
from terrace.ledger.events.people import EnvironmentHeld, EnvironmentUnheld
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.declarations import declare
from terrace.pipelines.context import Context, ProveAuthor
from terrace.pipelines.hold_releases import releases
from terrace.pipelines.journal import append, preview
from terrace.pipelines.planning import plans_at
from terrace.pipelines.recovery.attestations import answers
from terrace.stacks.impact import change_set_between
from terrace.stacks.model import Undoing


def hold(
    context: Context,
    environment: str,
    reason: str,
    kind: Literal["environment.held", "environment.unheld"],
    people: int,
    *,
    at: datetime | None = None,
    vouch: ProveAuthor | None = None,
) -> History:
    """Places or releases a hold, and returns the history. Records nothing where that changes nothing.

    Raises BadInput where a hold is to be released while the result of a deployment is unknown and fewer than `people`
    people accepted it; also where the trust root has keys and none proves who releases the hold.
    """

    def decide(history: History) -> tuple[Draft, ...]:
        counts = releases(history, context.proof)
        unsettled = (
            folds.find_unsettled(history, environment, people, answers(context))
            if kind == kinds.ENVIRONMENT_UNHELD
            else None
        )
        if unsettled is not None:
            raise BadInput(
                f"{environment} stays on hold: the result of deployment {unsettled.id} is unknown",
                hint=f"run `terrace resume {environment}`: it lists what the deployment left and what has to be "
                "accepted",
            )
        now = holds.hold(history, environment, counts)
        if kind == kinds.ENVIRONMENT_HELD:
            # A hold that a deployment placed ends with it. One that a person places stays, so it is recorded in
            # addition.
            if now is not None and not now.deployment:
                return ()
            proof = declare(context, history, "hold", environment, "", reason, at=at, vouch=vouch)
            held = EnvironmentHeld(reason, signed=context.signers, declaration=proof)
            return (draft(held, environment, context.actor),)
        if now is None:
            return ()
        proof = declare(context, history, "unhold", environment, now.id, reason, at=at, vouch=vouch)
        unheld = draft(EnvironmentUnheld(reason, of=now.id, declaration=proof), environment, context.actor)
        after = preview(history, [unheld], context.clock())
        if holds.hold(after, environment, releases(after, context.proof)) is not None:
            raise BadInput(
                f"{environment} stays on hold: there is no proof of who releases it. Not recorded",
                hint="sign it: `git config gpg.format ssh` and `git config user.signingkey KEY.pub`",
            )
        return (unheld,)

    return append(context.ledger, context.ledger.read(), decide)


@dataclass(frozen=True, slots=True)
class Released:
    """An environment that accepts deployments again, with the reason."""

    environment: str
    reason: str


def matches_deployed(context: Context, history: History, environment: str) -> bool:
    """Returns whether a successful rollback put an environment on hold and the protected branch changes nothing there.

    Compares the trees only; a plan has to confirm it.
    """
    held = holds.hold(history, environment)
    latest = folds.latest(history, environment)
    if held is None or latest is None or held.deployment != latest.id:
        return False
    if latest.result != "succeeded" or not isinstance(latest.origin, Undoing):
        return False
    repository, tip = context.repository, context.repository.protected_tip()
    before, after = context.survey(latest.commit), context.survey(tip)
    change = change_set_between(before, after, repository.tree(latest.commit), repository.tree(tip), context.config)
    return not any(i.stack.environment == environment for i in change.impacts)


def let_go(context: Context, environment: str) -> Released | None:
    """Releases the hold if the plans of all stacks at the protected branch have no changes; None where it stays."""
    tip = context.repository.protected_tip()
    try:
        plans = plans_at(context, context.survey(tip), environment)
    except Interrupted:
        raise
    except TerraceError:
        return None
    if not all(plan.is_empty and plan.complete and not plan.errored for plan in plans.values()):
        return None
    reason = f"the plan of {tip[:7]} has no changes: Git matches what is deployed"

    def decide(current: History) -> tuple[Draft, ...]:
        held = holds.hold(current, environment)
        if held is None or not matches_deployed(context, current, environment):
            return ()
        return (draft(EnvironmentUnheld(reason, held.deployment), environment, context.actor),)

    history = append(context.ledger, context.ledger.read(), decide)
    return Released(environment, reason) if holds.hold(history, environment) is None else None
