"""Rollback of an environment to an earlier release: planned first, applied like a deployment, on hold afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from terrace.assess.model import Objection
from terrace.assess.reversal import reversal
from terrace.errors import TerraformFailed
from terrace.gates.all import OBJECTIONS, POLICY
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.model import Verdict
from terrace.gates.verdict import decide
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.deploy import enter, resume
from terrace.pipelines.deploy.gate_facts import add_clock, facts
from terrace.pipelines.deploy.lifecycle import Opening, Refused
from terrace.pipelines.planning import Planned, plan_of, plans_at, site_in
from terrace.pipelines.rollback.objections import describe_undone, newer_lock_file
from terrace.pipelines.rollback.rollback_target import RollbackTarget, find_rollback_target
from terrace.plans.model import Plan
from terrace.rollout.automatic_rollback import GoBack, Pause, reaction
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import AutomaticRollback, Rollback, Stack, Undoing


@dataclass(frozen=True, slots=True)
class Simulation:
    """A rollback preview: a plan for each stack, the objections to it, and the verdict of the gates now."""

    way: RollbackTarget
    plans: Mapping[str, Plan]
    objections: tuple[Objection, ...]
    verdict: Verdict

    @property
    def took(self) -> timedelta:
        """The duration of the applies of that release last time."""
        applies = [r for r in self.way.target.steps if r.step is Step.APPLY and r.ended_at is not None]
        return sum((r.ended_at - r.began_at for r in applies if r.ended_at is not None), timedelta(0))


def rollback(
    context: Context, environment: str, *, to: str | None, reason: str, agreed: frozenset[str]
) -> Deployment | Refused:
    """Rolls back an environment because a person requests it. Resumes an unfinished rollback to the same release."""
    history = context.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and current.open and isinstance(current.origin, Undoing) and to in (None, current.commit):
        return resume(context, current)
    way = find_rollback_target(context, history, environment, to)
    return _enter(context, history, way, Rollback(way.of, context.actor, reason), agreed)


def roll_back_automatically(context: Context, environment: str, origin: AutomaticRollback) -> Deployment | Refused:
    """Rolls back an environment because its release failed and terrace.yaml configures that."""
    history = context.ledger.read()
    return _enter(context, history, find_rollback_target(context, history, environment, None), origin, frozenset())


def _enter(
    context: Context, history: History, way: RollbackTarget, origin: Undoing, agreed: frozenset[str]
) -> Deployment | Refused:
    held = f"rolled back to {way.target.commit[:7]}: {origin.reason}"
    opening = Opening(way.environment, way.target.commit, origin, way.waves, way.live, way.additions, agreed, held=held)
    return enter(context, history, opening)


def simulate(context: Context, environment: str, *, to: str | None, reason: str, agreed: frozenset[str]) -> Simulation:
    """Returns what a rollback would do. Nothing is locked, written or changed."""
    history = context.ledger.read()
    way = find_rollback_target(context, history, environment, to)
    origin = Rollback(way.of, context.actor, reason)
    inventory = context.survey(way.target.commit)
    locked: set[str] = set()
    plans = plans_at(context, inventory, environment, way.additions, _planner(way, locked))
    against = tuple(
        objection
        for key, plan in plans.items()
        for objection in reversal(
            plan, describe_undone(context, inventory, way.undone, way.live, plan, kept_lock=key in locked)
        )
    )
    known = add_clock(context, history, facts(context, history, environment, way.target.commit, origin))
    settings, objected = context.config.environment(environment), Plans(objections=against, agreed=agreed)
    request = Request(Moment.ENTRY, context.config, settings, known, context.clock(), objected)
    before_apply = replace(request, moment=Moment.APPLY)
    objections = (result for gate in (POLICY, OBJECTIONS) for result in gate.results(before_apply))
    verdict = Verdict(environment, (*decide(request).results, *objections))
    return Simulation(way, plans, against, verdict)


def _planner(way: RollbackTarget, locked: set[str]) -> Planned:
    """Returns a planner that plans a stack as the rollback would; `locked` collects the stacks with newer providers."""

    def plan(context: Context, inventory: Inventory, stack: Stack, root: Path) -> Plan:
        site = site_in(context, inventory, stack, root, "plan")
        try:
            return plan_of(context, site, inventory.commit)
        except TerraformFailed as error:
            newer = newer_lock_file(context, way.live, stack.path, error)
            if not newer:
                raise
            locked.add(stack.key)
            return plan_of(context, replace(site, lock_file=newer), inventory.commit)

    return plan


def react(context: Context, ended: Deployment | Refused) -> Deployment | Refused | Pause | None:
    """Reacts to the result of a deployment; returns None where no reaction is due. Called twice it reacts once."""
    if isinstance(ended, Refused):
        return None
    chosen = reaction(context.config.environment(ended.environment), ended, context.ledger.read())
    match chosen:
        case GoBack(origin):
            return roll_back_automatically(context, ended.environment, origin)
        case Pause():
            return chosen
    return None
