"""Deployments of a snapshot: their results at once, and their steps when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain

import msgspec
from msgspec import structs

from terrace.ledger.deployment import Deployment, Result, StackResults, StepRecord
from terrace.ledger.event import Event
from terrace.ledger.events.deployments import OriginRecord
from terrace.ledger.old_events import OldReadable
from terrace.ledger.origins import origin_of, origin_record
from terrace.ledger.sequences import LazySequence
from terrace.stacks.additions import Additions

Replay = Callable[[Sequence[int]], Sequence[StepRecord]]
"""Returns the steps of a deployment, from the positions of its events."""


class ClosedDeployment(msgspec.Struct, array_like=True, frozen=True):
    """A deployment that has ended, in a snapshot. `positions` are those of its events, `done` is by stack."""

    id: str
    environment: str
    commit: str
    origin: OriginRecord
    requester: str
    opened_at: datetime
    waves: tuple[tuple[str, ...], ...]
    policy: str
    epoch: int
    result: Result
    reasons: tuple[str, ...]
    ended_at: datetime
    tag: str | None
    live: str
    additions: Additions
    agreed: frozenset[str]
    partial: bool
    settles: str
    undone_by: str
    positions: tuple[int, ...]
    done: dict[str, bool]
    applied: frozenset[str]
    in_doubt: bool
    backups: frozenset[str]
    types: frozenset[str]


class LaterDeployment(msgspec.Struct, array_like=True, frozen=True):
    """A deployment after the oldest open one. `closed` is None while it is open: then its events are read again."""

    closed: ClosedDeployment | None
    positions: list[int]


class DeploymentsState(msgspec.Struct, frozen=True):
    """All deployments: those before the oldest open one, and the later ones with that."""

    final: list[ClosedDeployment]
    later: list[LaterDeployment]


_SAME = tuple(
    name
    for name in ClosedDeployment.__struct_fields__
    if name not in ("origin", "done", "applied", "in_doubt", "backups", "types")
)
"""Fields that a deployment and its state have in common."""


def closed_state(deployment: Deployment) -> ClosedDeployment:
    """Returns the state of a deployment that has ended."""
    if isinstance(deployment.steps, _OldSteps):
        # Only a rollback changes it later.
        return structs.replace(deployment.steps.state, undone_by=deployment.undone_by)
    results = deployment.stack_results
    return ClosedDeployment(
        **{name: getattr(deployment, name) for name in _SAME},
        origin=origin_record(deployment.origin),
        done=dict(results.done),
        applied=results.applied,
        in_doubt=results.in_doubt,
        backups=results.backups,
        types=results.types,
    )


def closed_deployment(state: ClosedDeployment, replay: Replay) -> Deployment:
    """Returns the deployment with this state, whose steps are read when they are needed."""
    return Deployment(
        **{name: getattr(state, name) for name in _SAME},
        origin=origin_of(state.origin),
        steps=_OldSteps(state, replay),
        results=StackResults(state.done, state.applied, state.in_doubt, state.backups, state.types),
    )


class _OldSteps(LazySequence[StepRecord]):
    """The steps of a deployment of a snapshot."""

    def __init__(self, state: ClosedDeployment, replay: Replay) -> None:
        self.state = state
        self._replay = replay

    @cached_property
    def _steps(self) -> Sequence[StepRecord]:
        return self._replay(self.state.positions)

    def __len__(self) -> int:
        return len(self._steps)

    def element(self, index: int) -> StepRecord:
        return self._steps[index]


class EventsByDeployment(Mapping[str, Event]):
    """One event of each deployment: those of a snapshot by their positions, the new ones in memory."""

    def __init__(self, old: Mapping[str, int], new: Mapping[str, Event], readable: OldReadable | None) -> None:
        self._old = old
        self._new = new
        self._readable = readable

    def __getitem__(self, name: str) -> Event:
        if name in self._new or self._readable is None:
            return self._new[name]
        return self._readable.at(self._old[name])

    def __iter__(self) -> Iterator[str]:
        return chain(self._old, self._new)

    def __len__(self) -> int:
        return len(self._old) + len(self._new)
