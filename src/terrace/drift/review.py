"""A review of the drift of one environment, compiled from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terrace.drift.acknowledgements import Acknowledgement, acknowledgements
from terrace.drift.adopted_drift import Absorption, find_absorptions
from terrace.drift.checks import Check, EnvironmentDrift, checks, drift_status, in_a_row
from terrace.drift.issues import StackDrift, drift_by_stack
from terrace.drift.model import ResourceDrift
from terrace.ledger.model import History


@dataclass(frozen=True, slots=True)
class Review:
    """The newest check of an environment, and what the ledger knows besides. Without a check it was never checked."""

    environment: str
    looks: tuple[Check, ...]
    status: EnvironmentDrift | None
    acknowledged: tuple[Acknowledgement, ...]
    absorbed: tuple[Absorption, ...]

    @property
    def check(self) -> Check | None:
        return self.looks[-1] if self.looks else None

    def record(self, stack: str) -> StackDrift | None:
        """Returns the drift issue of a stack; None when it never drifted."""
        return next((drift for drift in drift_by_stack(self.looks) if drift.stack == stack), None)

    def in_a_row(self, resource: ResourceDrift) -> int:
        """Returns how many checks in a row found it."""
        return in_a_row(self.looks, resource)

    def of_look(self, looked: Iterable[Check]) -> Review:
        """Returns the review with the values that a check just saw, where it is the newest one."""
        fresh = next((check for check in looked if self.check is not None and check.id == self.check.id), None)
        return self if fresh is None else replace(self, looks=(*self.looks[:-1], fresh))


def review(history: History, environment: str, now: datetime, every: timedelta) -> Review:
    """Returns the review of an environment. `every` is the interval of its checks; 0: none is configured."""
    looks = checks(history, environment)
    return Review(
        environment=environment,
        looks=looks,
        status=drift_status(reversed(looks), now, every),
        acknowledged=acknowledgements(history, environment),
        absorbed=find_absorptions(history, environment),
    )
