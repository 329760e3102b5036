"""Evaluates the situation of an environment: its release, its hold, and the gates of its open deployment now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from terrace.config.model import Config, Environment
from terrace.errors import Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.folds import Hold
from terrace.ledger.model import History
from terrace.pipelines.approvals.approve import pending_handle
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gates import asked
from terrace.rollout.next_step import next_step
from terrace.rollout.situation import Situation
from terrace.stacks.model import Undoing
from terrace.states.restores import last_restore_end


def situation_of(context: Context, history: History, environment: Environment, hold: Hold | None) -> Situation:
    """Returns the situation of an environment, by this history and the gates now. `hold` is its hold, None without one.

    Gates that cannot be evaluated are not guessed: `problem` is the reason.
    """
    recorded = recorded_situation(context.config, context.policy, history, environment, hold)
    latest = recorded.latest
    if latest is None or not latest.open or latest.lease is not None:
        return recorded
    try:
        step = next_step(latest, asked(context, lambda: history, latest), frozenset())
    except Interrupted:
        raise
    except TerraceError as error:
        return replace(recorded, problem=str(error))
    return replace(recorded, step=step)


def recorded_situation(
    config: Config, policy: str, history: History, environment: Environment, hold: Hold | None
) -> Situation:
    """Returns the situation as the ledger recorded it last, without asking the gates again."""
    name = environment.name
    latest, released = folds.latest(history, name), folds.last_good(history, name)
    restored = last_restore_end(history, name)
    return Situation(
        environment=name,
        latest=latest,
        released=released,
        hold=hold,
        handle=pending_handle(policy, history, name),
        previous=environment.after or "",
        targets=_targets(config, history, name, released),
        revert=_revert_branch(latest),
        restored_at=restored if restored is not None and _is_over(latest, restored) else None,
    )


def _targets(config: Config, history: History, environment: str, released: Deployment | None) -> tuple[str, ...]:
    """Returns the next environments that have another release than this one."""
    if released is None:
        return ()
    found = []
    for other in config.environments:
        there, latest = folds.last_good(history, other.name), folds.latest(history, other.name)
        is_on_its_way = latest is not None and latest.open and latest.commit == released.commit
        if other.after == environment and not is_on_its_way and (there is None or there.commit != released.commit):
            found.append(other.name)
    return tuple(found)


def _is_over(latest: Deployment | None, before: datetime) -> bool:
    return latest is not None and latest.ended_at is not None and latest.ended_at < before


def _revert_branch(latest: Deployment | None) -> str:
    if latest is None or not isinstance(latest.origin, Undoing):
        return ""
    return next((r.detail.branch for r in latest.steps if r.step is Step.REVERT and r.detail.branch), "")
