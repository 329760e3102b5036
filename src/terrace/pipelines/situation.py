"""Evaluates the situation of an environment: its release, its hold, and the gates of its open deployment now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from terrace.config.model import Config, Environment
from terrace.drift.checks import newest
from terrace.errors import Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.holds import Hold
from terrace.ledger.model import History
from terrace.pipelines.approvals.pending import pending_handle
from terrace.rollout.next_step import next_step
from terrace.rollout.situation import Situation
from terrace.stacks.model import Undoing
from terrace.states.restores import last_restore_end

if TYPE_CHECKING:
    from terrace.pipelines.context import Context


def evaluate_gates(recorded: Situation, history: History, context: Callable[[], Context]) -> Situation:
    """Returns a recorded situation with the gates of its open deployment now.

    Gates that cannot be evaluated are not guessed: `problem` is the reason. `context` is called only where gates must
    be evaluated: for a deployment that is open, and that no process runs.
    """
    latest = recorded.latest
    if latest is None or not latest.open or latest.lease is not None:
        return recorded
    # Most environments have no open deployment, and the gates import most of Terrace.
    from terrace.pipelines.deploy.gates import gate_questions

    adapters = context()
    try:
        step = next_step(latest, gate_questions(adapters, lambda: history, latest), frozenset())
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
    is_restored = restored is not None and _is_over(latest, restored)
    promotions = _promotions(config, history, name, released)
    return Situation(
        environment=name,
        latest=latest,
        released=released,
        hold=hold,
        handle=pending_handle(policy, history, name),
        previous=environment.after or "",
        targets=promotions.targets,
        undone_in=promotions.undone_in,
        revert=_revert_branch(latest),
        restored_at=restored if is_restored else None,
        restore_checked_at=_checked_since(history, name, restored) if is_restored and restored is not None else None,
        url=environment.url,
    )


@dataclass(frozen=True, slots=True)
class _Promotions:
    """The next environments that do not have a release: those it can be promoted to, and those that rolled it back."""

    targets: tuple[str, ...] = ()
    undone_in: tuple[str, ...] = ()


def _promotions(config: Config, history: History, environment: str, release: Deployment | None) -> _Promotions:
    if release is None:
        return _Promotions()
    targets: list[str] = []
    undone_in: list[str] = []
    for other in config.environments:
        if other.after != environment:
            continue
        current, latest = folds.last_good(history, other.name), folds.latest(history, other.name)
        is_on_its_way = latest is not None and latest.open and latest.commit == release.commit
        if is_on_its_way or (current is not None and current.commit == release.commit):
            continue
        tries = [d for d in folds.of_environment(history, other.name) if d.commit == release.commit]
        (undone_in if tries and tries[-1].undone_by else targets).append(other.name)
    return _Promotions(tuple(targets), tuple(undone_in))


def _checked_since(history: History, environment: str, restored: datetime) -> datetime | None:
    """Returns the time of the newest drift check, if it is later than a restore and the result of every stack known."""
    check = newest(history, environment)
    return check.at if check is not None and check.good and check.at > restored else None


def _is_over(latest: Deployment | None, before: datetime) -> bool:
    return latest is not None and latest.ended_at is not None and latest.ended_at < before


def _revert_branch(latest: Deployment | None) -> str:
    if latest is None or not isinstance(latest.origin, Undoing):
        return ""
    return next((r.detail.branch for r in latest.steps if r.step is Step.REVERT and r.detail.branch), "")
