"""What speaks against a plan of a way back, a remedy or a destruction, asked of the plan that would be applied."""

from __future__ import annotations

from terrace.assess.model import Objection
from terrace.assess.reversal import Undone, destruction, reversal
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.ledger.undone import created_by, undone_since
from terrace.pipelines.crew import Crew
from terrace.pipelines.ground import Ground, InHand
from terrace.plans.model import Plan
from terrace.rollout.model import Deployment
from terrace.stacks.config import Remediate
from terrace.stacks.graph import readers_of
from terrace.stacks.landscape import Landscape
from terrace.stacks.layout import LOCK_FILE
from terrace.stacks.model import Destruction, Remediation, Undoing
from terrace.stacks.refactoring import let_go
from terrace.watch import remediation
from terrace.watch.checks import checks


def objections(ground: Ground, hand: InHand) -> tuple[Objection, ...]:
    """What speaks against a plan that this deployment made; nothing where it is a release."""
    deployment = ground.deployment
    if isinstance(deployment.origin, Destruction):
        return destruction(hand.plan)
    if isinstance(deployment.origin, Remediation):
        rule = ground.environment.drift.remediate or Remediate(allow={})
        looks = checks(ground.history, deployment.environment)
        return remediation.objections(hand.plan, looks, deployment.origin.of, rule)
    if not isinstance(deployment.origin, Undoing):
        return ()
    history = ground.history
    target = target_of(history, deployment.environment, deployment.commit)
    between = () if target is None else undone_since(history, target)
    kept = hand.plan.stack.key in ground.kept_locks
    undone = what_is_undone(ground.crew, ground.landscape, between, deployment.live, hand.plan, kept_lock=kept)
    return reversal(hand.plan, undone)


def target_of(history: History, environment: str, commit: str) -> Deployment | None:
    """The newest good release of that commit in an environment."""
    good = [d for d in folds.releases(history, environment) if d.commit == commit]
    return good[-1] if good else None


def what_is_undone(
    crew: Crew, landscape: Landscape, between: tuple[Deployment, ...], live: str, plan: Plan, *, kept_lock: bool
) -> Undone:
    """What is known of the releases that a plan undoes. `live` is the commit that is there now."""
    stack = plan.stack
    commits = dict.fromkeys(d.commit for d in between)
    gone: frozenset[str] = frozenset()
    for commit in commits:
        there = crew.survey(commit)
        mine = [s for s in there.stacks if s.key == stack.key]
        gone |= let_go(there, crew.repository.tree(commit), mine)
    return Undone(
        created=created_by(between, stack.key),
        readers=readers_of(stack, landscape.of(stack.environment), landscape.graph),
        providers=_providers(crew, landscape.commit, live, stack.path, kept_lock=kept_lock),
        let_go=gone - let_go(landscape, crew.repository.tree(landscape.commit), (stack,)),
    )


def _providers(crew: Crew, commit: str, live: str, folder: str, *, kept_lock: bool) -> str:
    path = f"{folder}/{LOCK_FILE}"
    old, new = (crew.repository.tree(one).entries.get(path) for one in (commit, live))
    if old == new:
        return ""
    if kept_lock:
        return "stay as new as they are, because the state needs them"
    return "are other versions than those that are there now"
