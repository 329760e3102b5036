"""Views of the drift checks in the ledger: the results, how often drift was found, and since when no check
succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terrace.drift.model import Observation, ResourceDrift, Status, worst
from terrace.drift.records import observation_of
from terrace.ledger.events.drift import DriftChecked
from terrace.ledger.model import History
from terrace.states.restores import last_restore_end
from terrace.words import duration


@dataclass(frozen=True, slots=True)
class Check:
    """One check of an environment. `id` is that of its event; `every` is the interval of the caller's checks."""

    id: str
    environment: str
    at: datetime
    observations: tuple[Observation, ...]
    every: timedelta = timedelta(0)

    @property
    def status(self) -> Status:
        return worst(tuple(observation.status for observation in self.observations))

    @property
    def resources(self) -> tuple[ResourceDrift, ...]:
        return tuple(resource for observation in self.observations for resource in observation.resources)

    @property
    def good(self) -> bool:
        """Returns whether the result of every stack is known."""
        return all(observation.status != "unknown" for observation in self.observations)

    def of(self, stack: str) -> Observation | None:
        """Returns the result for one stack; None where it was not checked."""
        return next((observation for observation in self.observations if observation.stack == stack), None)


@dataclass(frozen=True, slots=True)
class EnvironmentDrift:
    """The drift status of an environment. `checked_at` is the last good check: the result of every stack was known.

    `overdue` is a sentence that the last good check is too old; "" when it is not, or no interval is configured.
    """

    status: Status
    checked_at: datetime | None
    overdue: str = ""


def newest_first(history: History, environment: str) -> Iterator[Check]:
    """Returns every check of an environment, the newest first; each is read only when it is needed."""
    for event, record in reversed(history.of(DriftChecked)):
        if event.subject == environment:
            yield Check(
                id=event.id,
                environment=environment,
                at=event.time,
                observations=tuple(observation_of(stack_record) for stack_record in record.stacks),
                every=timedelta(seconds=record.every),
            )


def newest(history: History, environment: str) -> Check | None:
    """Returns the last check of an environment; None when it was never checked."""
    return next(newest_first(history, environment), None)


def with_values(check: Check, seen: Iterable[Observation]) -> Check:
    """Returns a check with the values that it saw itself, and their details: the ledger keeps none."""
    known = {(o.stack, s.address, s.fingerprint): s for o in seen for s in o.resources}
    observations = (
        replace(
            o,
            resources=tuple(_with_values(s, known.get((o.stack, s.address, s.fingerprint))) for s in o.resources),
        )
        for o in check.observations
    )
    return replace(check, observations=tuple(observations))


def _with_values(resource: ResourceDrift, known: ResourceDrift | None) -> ResourceDrift:
    return replace(resource, values=known.values, details=known.details) if known is not None else resource


def checks(history: History, environment: str) -> tuple[Check, ...]:
    """Returns every check of an environment, oldest first."""
    return tuple(newest_first(history, environment))[::-1]


def in_a_row(looks: tuple[Check, ...], resource: ResourceDrift) -> int:
    """Returns how many of the newest checks in a row found the same difference.

    A check with an unknown result neither finds it nor interrupts the row.
    """
    count = 0
    for look in reversed(looks):
        observation = look.of(resource.stack)
        if observation is None or observation.status == "unknown":
            continue
        if resource.fingerprint not in {resource.fingerprint for resource in observation.resources}:
            break
        count += 1
    return count


def current_drift_status(
    history: History, environment: str, now: datetime, every: timedelta
) -> EnvironmentDrift | None:
    """Returns the drift status of an environment. A check from before a restore of a state says nothing any more."""
    status = drift_status(newest_first(history, environment), now, every)
    restored = last_restore_end(history, environment)
    last = next(newest_first(history, environment), None)
    if restored is None or (last is not None and last.at > restored):
        return status
    why = f"not checked since a state was restored at {restored:%Y-%m-%d %H:%M} UTC"
    return EnvironmentDrift("unknown", status.checked_at if status is not None else None, why)


def drift_status(looks: Iterable[Check], now: datetime, every: timedelta = timedelta(0)) -> EnvironmentDrift | None:
    """Returns the drift status of an environment by its checks, newest first; None when it was never checked.

    `every` is the interval of terrace.yaml, if any. The last good check is too old after twice the interval.
    """
    status: Status | None = None
    good, since, interval = None, now, every
    for look in looks:
        if status is None:
            status, interval = look.status, every or look.every
        since = look.at
        if look.good:
            good = look.at
            break
    if status is None:
        return None
    overdue = ""
    if interval and now - since > 2 * interval:
        period = f"since {good:%Y-%m-%d %H:%M} UTC" if good else "ever"
        overdue = f"no good check for drift {period}, and it is to be checked every {duration(interval)}"
    return EnvironmentDrift(status, good, overdue)
