"""An environment goes back to an earlier release: planned first, applied by the same corridor, held afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from terrace.assess.model import Objection
from terrace.assess.reversal import reversal
from terrace.errors import BadInput, TerraformFailed
from terrace.gates.decide import admission
from terrace.gates.model import Verdict
from terrace.gates.objections import answer
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.ledger.undone import undone_since
from terrace.pipelines.asking import facts
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy import enter, resume
from terrace.pipelines.ground import site_in
from terrace.pipelines.look import Planned, plan_of, plans_at
from terrace.pipelines.opening import Opening, Refused, waves_of
from terrace.pipelines.undoing import newer_lock_file, what_is_undone
from terrace.plans.model import Plan
from terrace.rollout.model import Deployment, Step
from terrace.stacks.additions import Additions, Move
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import AutomaticRollback, Rollback, Stack, Undoing
from terrace.stacks.refactoring import moves, taken_back


@dataclass(frozen=True, slots=True)
class WayBack:
    """From what is there to an earlier release. `left` are stacks that the release does not know: they stay.

    `undone` are the deployments in between, oldest first; the last one is what is gone back from.
    """

    environment: str
    target: Deployment
    undone: tuple[Deployment, ...]
    live: str
    waves: tuple[tuple[str, ...], ...]
    additions: Additions
    left: tuple[str, ...]

    @property
    def of(self) -> str:
        """The deployment that is undone: the last one that was no way back itself."""
        last = next((d for d in reversed(self.undone) if not isinstance(d.origin, Undoing)), self.undone[-1])
        return last.id


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a way back would do: a plan a stack, what speaks against each, what its gates say now."""

    way: WayBack
    plans: Mapping[str, Plan]
    objections: tuple[Objection, ...]
    verdict: Verdict

    @property
    def took(self) -> timedelta:
        """How long the applies of that release took last time."""
        applies = [r for r in self.way.target.steps if r.step is Step.APPLY and r.ended_at is not None]
        return sum((r.ended_at - r.began_at for r in applies if r.ended_at is not None), timedelta(0))


def way_back(crew: Crew, history: History, environment: str, to: str | None) -> WayBack:
    """The way back to the newest good release before what is there, or to the one of the commit `to`.

    Raises BadInput where there is none, naming those that there are.
    """
    crew.config.environment(environment)
    changed = folds.changes(history, environment)
    if not changed:
        raise BadInput(
            f"nothing was ever changed in {environment}: there is nothing to undo",
            hint="`terrace status` shows what is deployed where",
        )
    newest = changed[-1]
    # A way back that did not end well may be gone again, to the same release: what it led away from is still there.
    halfway = isinstance(newest.origin, Undoing) and newest.result != "succeeded"
    live = newest.live if halfway else newest.commit
    good = [d for d in folds.releases(history, environment) if d.commit != live and undone_since(history, d)]
    wanted = [d for d in good if to in (None, d.commit)]
    if not wanted:
        there = ", ".join(dict.fromkeys(d.commit[:7] for d in reversed(good))) or "none"
        what = f"{to[:7]} is not" if to else "there is no other"
        raise BadInput(f"{what} a good release of {environment}", hint=f"good releases before this one: {there}")
    target = wanted[-1]
    undone = undone_since(history, target)
    landscape = crew.survey(target.commit)
    forward = waves_of(landscape, environment)
    ahead = [crew.survey(commit) for commit in dict.fromkeys(d.commit for d in undone)]
    known = {key for wave in forward for key in wave}
    return WayBack(
        environment,
        target,
        undone,
        live,
        # What depends on others goes back first.
        tuple(reversed(forward)),
        Additions(moves=_moves_back(crew, landscape, ahead, environment)),
        tuple(sorted({s.key for one in ahead for s in one.of(environment)} - known)),
    )


def _moves_back(crew: Crew, landscape: Landscape, ahead: list[Landscape], environment: str) -> tuple[Move, ...]:
    def made(one: Landscape) -> frozenset[Move]:
        return moves(one, crew.repository.tree(one.commit), one.of(environment))

    return taken_back(frozenset(move for one in ahead for move in made(one)), made(landscape), landscape)


def rollback(
    crew: Crew, environment: str, *, to: str | None, reason: str, agreed: frozenset[str]
) -> Deployment | Refused:
    """Take an environment back because somebody says so. An unfinished way back to the same is taken up."""
    history = crew.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and current.open and isinstance(current.origin, Undoing) and to in (None, current.commit):
        return resume(crew, current)
    way = way_back(crew, history, environment, to)
    return _enter(crew, history, way, Rollback(way.of, crew.actor, reason), agreed)


def go_back(crew: Crew, environment: str, origin: AutomaticRollback) -> Deployment | Refused:
    """Take an environment back because its release failed and terrace.yaml says so."""
    history = crew.ledger.read()
    return _enter(crew, history, way_back(crew, history, environment, None), origin, frozenset())


def _enter(crew: Crew, history: History, way: WayBack, origin: Undoing, agreed: frozenset[str]) -> Deployment | Refused:
    held = f"rolled back to {way.target.commit[:7]}: {origin.reason}"
    opening = Opening(way.environment, way.target.commit, origin, way.waves, way.live, way.additions, agreed, held=held)
    return enter(crew, history, opening)


def simulate(crew: Crew, environment: str, *, to: str | None, reason: str, agreed: frozenset[str]) -> Simulation:
    """What going back would do. Nothing is locked, written or changed."""
    history = crew.ledger.read()
    way = way_back(crew, history, environment, to)
    origin = Rollback(way.of, crew.actor, reason)
    landscape = crew.survey(way.target.commit)
    kept: set[str] = set()
    plans = plans_at(crew, landscape, environment, way.additions, _planner(way, kept))
    against = tuple(
        one
        for key, plan in plans.items()
        for one in reversal(plan, what_is_undone(crew, landscape, way.undone, way.live, plan, kept_lock=key in kept))
    )
    entry = admission(
        crew.config.environment(environment), facts(crew, history, environment, way.target.commit, origin), crew.clock()
    )
    verdict = Verdict(environment, (*entry.results, *answer(origin, against, agreed)))
    return Simulation(way, plans, against, verdict)


def _planner(way: WayBack, kept: set[str]) -> Planned:
    """Plans one stack as the way back would; `kept` learns of those that keep their newer providers."""

    def planned(crew: Crew, landscape: Landscape, stack: Stack, root: Path) -> Plan:
        site = site_in(crew, landscape, stack, root, "plan")
        try:
            return plan_of(crew, site, landscape.commit)
        except TerraformFailed as error:
            newer = newer_lock_file(crew, way.live, stack.path, error)
            if not newer:
                raise
            kept.add(stack.key)
            return plan_of(crew, replace(site, lock_file=newer), landscape.commit)

    return planned
