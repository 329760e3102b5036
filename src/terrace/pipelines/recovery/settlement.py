"""Acceptance of an unknown outcome that no recovery can resolve, by people, for each stack."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.errors import BadInput
from terrace.gates.approvals.declaration import facts_of
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.events.deployments import RecoverySettled
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.declarations import declare
from terrace.pipelines.context import Context
from terrace.pipelines.journal import append, preview
from terrace.pipelines.recovery.attestations import answers, attest, required_people
from terrace.pipelines.recovery.recover import may_live
from terrace.rollout.recovery import creations


@dataclass(frozen=True, slots=True)
class Acceptances:
    """The people who accepted each stack with an unknown outcome, by its key. It is resolved when `missing` is
    empty.
    """

    deployment: Deployment
    accepted_by: dict[str, tuple[str, ...]]
    needed: int

    @property
    def missing(self) -> tuple[str, ...]:
        """The acceptances that are still needed, stack by stack."""
        return tuple(
            f"{stack}: {len(who)} of {self.needed} people accepted it: --settled {stack}"
            for stack, who in self.accepted_by.items()
            if len(who) < self.needed
        )


def addresses(deployment: Deployment, record: StepRecord) -> tuple[str, ...]:
    """Returns everything that an apply would create, as far as the ledger lists it: what a person accepts."""
    return tuple(sorted(creations(deployment, record) or ()))


def settle(
    context: Context, deployment: Deployment, stacks: tuple[str, ...], reason: str, dead: str = ""
) -> Acceptances:
    """Records that the actor checked these stacks and accepts them as they are.

    Raises BadInput when a stack is not in doubt, its apply may still run, or no reason is given. Nothing is planned or
    changed, and the environment stays on hold until the hold is released.
    """
    if not reason.strip():
        raise BadInput("no reason was given", hint="pass --reason WHY with what you checked: the ledger keeps it")
    history = context.ledger.read()
    if dead:
        history = attest(context, history, deployment, dead)
    doubtful = {record.stack: record for record in deployment.in_doubt}
    for key in stacks:
        if key not in doubtful:
            hint = f"unknown outcomes: {', '.join(doubtful)}"
            raise BadInput(f"the outcome of {key} in deployment {deployment.id} is known", hint=hint)
        alive = may_live(context, history, deployment, doubtful[key])
        if alive:
            raise BadInput(f"{key}: {alive}", hint="a process that still runs may still create resources")

    def decide(current: History) -> tuple[Draft, ...]:
        drafts = {key: _draft(context, current, deployment, doubtful[key], reason) for key in stacks}
        with_them = preview(current, tuple(drafts.values()), context.clock())
        before, after = (answers(context)(history, deployment.id) for history in (current, with_them))
        if len(after) == len(before):
            raise BadInput(
                "there is no proof of who accepts it. Not recorded",
                hint="sign it: `git config gpg.format ssh` and `git config user.signingkey KEY.pub`",
            )
        settled_before = {(settlement.stack, settlement.by) for settlement in before}
        fresh = {
            settlement.stack
            for settlement in after[len(before) :]
            if (settlement.stack, settlement.by) not in settled_before
        }
        return tuple(drafts[key] for key in drafts if key in fresh)

    return find_accepted(context, append(context.ledger, history, decide), deployment)


def _draft(context: Context, history: History, deployment: Deployment, record: StepRecord, reason: str) -> Draft:
    facts = {
        "stack": record.stack,
        "attempt": record.attempt,
        "addresses": list(addresses(deployment, record)),
    }
    proof = declare(context, history, "settle", deployment.environment, record.attempt, reason, facts_of(facts))
    settled = RecoverySettled(record.stack, record.attempt, reason, addresses(deployment, record), proof)
    return draft(settled, deployment.id, context.actor)


def find_accepted(context: Context, history: History, deployment: Deployment) -> Acceptances:
    """Returns who has accepted what so far."""
    settlements = answers(context)(history, deployment.id)
    by_stack = {
        record.stack: tuple(
            dict.fromkeys(
                settlement.by
                for settlement in settlements
                if (settlement.stack, settlement.attempt) == (record.stack, record.attempt)
            )
        )
        for record in deployment.in_doubt
    }
    return Acceptances(deployment, by_stack, required_people(context.config.environment(deployment.environment)))
