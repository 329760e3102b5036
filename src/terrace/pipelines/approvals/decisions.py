"""Whether signed approvals prove that people let a commit into an environment before.

That a deployment succeeded is told by the ledger alone, and anybody who can write there can say so. A signed answer
cannot be forged by them: it names environment, stack and commit.
"""

from __future__ import annotations

from terrace.config.model import Environment
from terrace.errors import Interrupted, TerraceError
from terrace.gates.approvals.people import Barred, People
from terrace.gates.approvals.tally import Answers, Question, standing
from terrace.gates.decide import approved
from terrace.gates.model import Approval, Identity, Withdrawal
from terrace.ledger import folds
from terrace.ledger.declared import withdrawals
from terrace.ledger.deployment import Deployment
from terrace.ledger.folds import SignedApproval
from terrace.ledger.model import History
from terrace.pipelines.context import Context, IdentifyAuthor
from terrace.stacks.impact import change_set_between

MOST_LOOKED_AT = 50
"""Deployments whose answers are looked at, from the newest on: each signature takes a moment to verify."""


def was_approved(context: Context, history: History, environment: Environment, commit: str) -> bool:
    """Whether every stack that a commit has in an environment was approved there by enough people: at that commit, or
    at one from which nothing of the stack has changed since. True where nobody is asked about a release.

    A no to that commit which is not withdrawn makes it false, in whatever deployment of the environment it was given.
    """
    if _rejected(context, history, environment, commit):
        return False
    if not environment.approvals.asked:
        return True
    try:
        left = {stack.key for stack in context.survey(commit).deployable(environment.name)}
        mine = folds.of_environment(history, environment.name)
        for deployment in [d for d in reversed(mine) if folds.approvals(history, d.id)][:MOST_LOOKED_AT]:
            approved_here = _approved(context, history, environment, deployment) & left
            left -= approved_here - _changed(context, deployment.commit, commit)
            if not left:
                break
    except Interrupted:
        raise
    except TerraceError:
        return False
    return not left


def _approved(context: Context, history: History, environment: Environment, deployment: Deployment) -> frozenset[str]:
    """The stacks of a deployment of which signed answers prove that enough people approved."""
    found = set()
    for subject in {subject for one in folds.approvals(history, deployment.id) for subject in one.subjects}:
        if (subject.environment, subject.commit) != (environment.name, deployment.commit):
            continue
        asked = Question(deployment.id, environment.name, deployment.commit, (subject,))
        mine = subject.ledger == history.ledger_id
        if not mine:
            continue
        said = said_about(history, asked, deployment.id, context.proof)
        if approved(context.config, environment.approvals, asked, said, context.clock()):
            found.add(subject.stack)
    return frozenset(found)


def _rejected(context: Context, history: History, environment: Environment, commit: str) -> bool:
    """Whether a person said no to a commit in an environment, and that no is not withdrawn."""
    asked = Question("", environment.name, commit, ())
    people = People(context.config)
    said = said_about(history, asked, "", context.proof)
    return bool(standing(people, environment.approvals, Barred(people, "", ()), asked, said))


def said_about(history: History, asked: Question, deployment: str, proof: IdentifyAuthor) -> Answers:
    """What people said that may concern the question: the answers to the deployment, and every no to the same commit or
    plans; each with how its author is known now."""
    mine = [
        one
        for one in folds.answers(history)
        if one.deployment == deployment or (one.answer == "reject" and asked.concerned_by(one.subjects))
    ]
    ids = {one.id for one in mine if one.answer == "reject"}
    withdrawn = [one for one in withdrawals(history, asked.environment) if one.of in ids]
    return Answers(
        tuple(approval(signed, proof(signed)) for signed in mine),
        tuple(
            Withdrawal(
                one.declared.declaration.actor,
                one.of,
                one.declared.declaration.at,
                proof(one.declared),
                one.position,
            )
            for one in withdrawn
        ),
    )


def approval(signed: SignedApproval, identity: Identity) -> Approval:
    """An answer of the ledger with how its author is known."""
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


def _changed(context: Context, before: str, after: str) -> frozenset[str]:
    """The stacks that differ between two commits, as far as that can be told."""
    if before == after:
        return frozenset()
    repository = context.repository
    changes = change_set_between(
        context.survey(before), context.survey(after), repository.tree(before), repository.tree(after), context.config
    )
    return frozenset(impact.stack.key for impact in changes.impacts)
