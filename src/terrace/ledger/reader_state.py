"""The state of a reader of events in a snapshot: all that it needs to continue."""

from __future__ import annotations

from datetime import datetime

import msgspec

from terrace.ledger.events.steps import StepName


class FaultState(msgspec.Struct, array_like=True):
    """An invalid event in a snapshot, by its position. Without a `field` its kind is unknown."""

    position: int
    environment: str
    field: str
    why: str


class CodesState(msgspec.Struct):
    """The state of the verification of MACs."""

    foreign: str
    any: bool
    is_ours: bool
    since: int
    absent: list[int]


class DatesState(msgspec.Struct):
    """The latest written time and the time of the last valid event."""

    latest: datetime | None
    last: datetime | None


class DeploymentState(msgspec.Struct, array_like=True):
    """The state of a deployment, as needed to decide whether an event of it may follow. `ended` and `listed` are empty
    after its end."""

    environment: str
    stacks: list[str]
    epoch: int
    over: bool
    begun: dict[str, tuple[StepName, str]]
    ended: list[str]
    listed: list[tuple[str, str, int]]


class OrderState(msgspec.Struct):
    """The state of a ledger, as needed to decide whether an event may follow. A deployment is decoded with its next
    event."""

    deployments: dict[str, msgspec.Raw]
    lost: dict[str, str]
    environments: list[str]
    attempts: frozenset[str]
    restores: dict[str, bool]


class ReaderState(msgspec.Struct):
    """The state of a reader after the first `count` events.

    `invalid` are the positions of events that are not valid, in order; `times` are the times of valid ones that differ
    from the written ones.
    """

    count: int
    invalid: list[int]
    times: dict[int, datetime]
    faults: list[FaultState]
    codes: CodesState
    dates: DatesState
    order: OrderState
