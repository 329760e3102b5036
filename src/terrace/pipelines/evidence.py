"""Whether signed approvals prove that people let a commit into an environment before.

That a deployment succeeded is told by the ledger alone, and anybody who can write there can say so. A signed answer
cannot be forged by them: it names environment, stack and commit.
"""

from __future__ import annotations

from terrace.errors import Interrupted, TerraceError
from terrace.gates.decide import approved
from terrace.gates.model import Approval, Identity
from terrace.gates.tally import Answers, Question
from terrace.ledger import folds
from terrace.ledger.folds import SignedApproval
from terrace.ledger.model import History
from terrace.pipelines.crew import Crew
from terrace.rollout.model import Deployment
from terrace.stacks.config import Environment
from terrace.stacks.impact import change_set_between

MOST_LOOKED_AT = 50
"""Deployments whose answers are looked at, from the newest on: each signature takes a moment to verify."""


def was_approved(crew: Crew, history: History, environment: Environment, commit: str) -> bool:
    """Whether every stack that a commit has in an environment was approved there by enough people: at that commit, or
    at one from which nothing of the stack has changed since. True where nobody is asked about a release."""
    if not environment.approvals.asked:
        return True
    try:
        left = {stack.key for stack in crew.survey(commit).of(environment.name)}
        mine = [d for d in folds.deployments(history) if d.environment == environment.name]
        for deployment in [d for d in reversed(mine) if folds.approvals(history, d.id)][:MOST_LOOKED_AT]:
            approved_here = _approved(crew, history, environment, deployment) & left
            left -= approved_here - _changed(crew, deployment.commit, commit)
            if not left:
                break
    except Interrupted:
        raise
    except TerraceError:
        return False
    return not left


def _approved(crew: Crew, history: History, environment: Environment, deployment: Deployment) -> frozenset[str]:
    """The stacks of a deployment of which signed answers prove that enough people approved."""
    given = tuple(approval(signed, crew.proof(signed)) for signed in folds.approvals(history, deployment.id))
    found = set()
    for subject in {subject for one in given for subject in one.subjects}:
        if (subject.environment, subject.commit) != (environment.name, deployment.commit):
            continue
        asked = Question(deployment.id, environment.name, deployment.commit, (subject,))
        mine = subject.ledger == history.ledger_id
        if mine and approved(crew.config, environment.approvals, asked, Answers(given), crew.clock()):
            found.add(subject.stack)
    return frozenset(found)


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


def _changed(crew: Crew, before: str, after: str) -> frozenset[str]:
    """The stacks that differ between two commits, as far as that can be told."""
    if before == after:
        return frozenset()
    repository = crew.repository
    changes = change_set_between(
        crew.survey(before), crew.survey(after), repository.tree(before), repository.tree(after)
    )
    return frozenset(impact.stack.key for impact in changes.impacts)
