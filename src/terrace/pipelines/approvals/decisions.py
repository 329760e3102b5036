"""Proof from signed approvals that people accepted a commit in an environment before.

That a deployment succeeded is only in the ledger, and anyone with write access could record it. They cannot forge a
signed approval: it names environment, stack and commit.
"""

from __future__ import annotations

from terrace.config.model import Environment
from terrace.errors import Interrupted, TerraceError
from terrace.gates.approvals.gate import has_enough_approvals
from terrace.gates.approvals.people import IneligibleApprovers, People
from terrace.gates.approvals.tally import Decisions, Question, valid_rejections
from terrace.gates.model import Approval, Identity, Withdrawal
from terrace.ledger import folds
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.declared import withdrawals
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.pipelines.context import Context, IdentifyAuthor
from terrace.stacks.impact import change_set_between

MOST_LOOKED_AT = 50
"""Maximum number of deployments whose decisions are verified, from the newest on: each signature takes a moment."""


def was_approved(context: Context, history: History, environment: Environment, commit: str) -> bool:
    """Returns whether enough people approved every stack of a commit in an environment: at that commit, or at one since
    which the stack has not changed. True where a release needs no approval.

    False where a rejection of the commit is not withdrawn, whichever deployment of the environment it was given for.
    """
    if _is_rejected(context, history, environment, commit):
        return False
    if not environment.approvals.requires_any:
        return True
    try:
        remaining = {stack.key for stack in context.survey(commit).deployable(environment.name)}
        deployments = folds.of_environment(history, environment.name)
        for deployment in [d for d in reversed(deployments) if folds.approvals(history, d.id)][:MOST_LOOKED_AT]:
            approved_here = _approved_stacks(context, history, environment, deployment) & remaining
            remaining -= approved_here - _changed_stacks(context, deployment.commit, commit)
            if not remaining:
                break
    except Interrupted:
        raise
    except TerraceError:
        return False
    return not remaining


def _approved_stacks(
    context: Context, history: History, environment: Environment, deployment: Deployment
) -> frozenset[str]:
    """Returns the stacks of a deployment for which signed approvals of enough people exist."""
    stacks = set()
    for subject in {subject for signed in folds.approvals(history, deployment.id) for subject in signed.subjects}:
        if (subject.environment, subject.commit) != (environment.name, deployment.commit):
            continue
        asked_about = Question(deployment.id, environment.name, deployment.commit, (subject,))
        is_own = subject.ledger == history.ledger_id
        if not is_own:
            continue
        decisions = decisions_about(history, asked_about, deployment.id, context.proof)
        if has_enough_approvals(context.config, environment.approvals, asked_about, decisions, context.clock()):
            stacks.add(subject.stack)
    return frozenset(stacks)


def _is_rejected(context: Context, history: History, environment: Environment, commit: str) -> bool:
    """Returns whether a rejection of a commit in an environment was not withdrawn."""
    subject = Question("", environment.name, commit, ())
    people = People(context.config)
    decisions = decisions_about(history, subject, "", context.proof)
    return bool(
        valid_rejections(people, environment.approvals, IneligibleApprovers(people, "", ()), subject, decisions)
    )


def decisions_about(history: History, subject: Question, deployment: str, proof: IdentifyAuthor) -> Decisions:
    """Returns the decisions that concern the question: those on the deployment, and every rejection of the same commit
    or plans, each with the identity that can be proven for its author now."""
    others = (rejection for rejection in folds.rejections(history) if subject.is_concerned_by(rejection.subjects))
    by_event = {signed.event: signed for signed in (*folds.approvals(history, deployment), *others)}
    signed_approvals = [one for _, one in sorted(by_event.items())]
    ids = {one.id for one in signed_approvals if one.answer == "reject"}
    withdrawn = [withdrawal for withdrawal in withdrawals(history, subject.environment) if withdrawal.of in ids]
    return Decisions(
        tuple(approval(signed, proof(signed)) for signed in signed_approvals),
        tuple(
            Withdrawal(
                withdrawal.declared.declaration.actor,
                withdrawal.of,
                withdrawal.declared.declaration.at,
                proof(withdrawal.declared),
                withdrawal.position,
            )
            for withdrawal in withdrawn
        ),
    )


def approval(signed: SignedApproval, identity: Identity) -> Approval:
    """Returns a recorded decision with the identity of its author."""
    return Approval(
        actor=signed.actor,
        role=signed.role,
        answer="approve" if signed.answer == "approve" else "reject",
        subjects=signed.subjects,
        at=signed.at,
        proof=identity.proof,
        comment=signed.comment,
        witness=signed.witness,
        deployment=signed.named,
        by=identity.by,
        position=signed.position,
        id=signed.id,
    )


def _changed_stacks(context: Context, before: str, after: str) -> frozenset[str]:
    """Returns the stacks that differ between two commits."""
    if before == after:
        return frozenset()
    repository = context.repository
    changes = change_set_between(
        context.survey(before), context.survey(after), repository.tree(before), repository.tree(after), context.config
    )
    return frozenset(impact.stack.key for impact in changes.impacts)
