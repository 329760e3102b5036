"""Views over the checks for drift in the ledger: what was seen, how often, and since when nobody could look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terrace.drift.model import Observation, Sighting, Status, worst
from terrace.drift.records import observation_of
from terrace.ledger.events.drift import DriftChecked
from terrace.ledger.model import History
from terrace.words import duration


@dataclass(frozen=True, slots=True)
class Check:
    """One look at one environment. `id` is its event's; `every` is how often whoever looked meant to look."""

    id: str
    environment: str
    at: datetime
    observations: tuple[Observation, ...]
    every: timedelta = timedelta(0)

    @property
    def status(self) -> Status:
        return worst(tuple(one.status for one in self.observations))

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        return tuple(sighting for one in self.observations for sighting in one.sightings)

    @property
    def good(self) -> bool:
        """Whether every stack could be told."""
        return all(one.status != "unknown" for one in self.observations)

    def of(self, stack: str) -> Observation | None:
        """What it found of one stack; None when it did not look there."""
        return next((one for one in self.observations if one.stack == stack), None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an environment stands. `checked_at` is the last good check: every stack was looked at and could be told.

    `overdue` says in a sentence that the last good check is too old; "" when it is not, or nobody looks regularly.
    """

    status: Status
    checked_at: datetime | None
    overdue: str = ""


def newest_first(history: History, environment: str) -> Iterator[Check]:
    """Every look at an environment, the newest first; each is read only when it is asked for."""
    for event, record in reversed(history.of(DriftChecked)):
        if event.subject == environment:
            yield Check(
                id=event.id,
                environment=environment,
                at=event.time,
                observations=tuple(observation_of(one) for one in record.stacks),
                every=timedelta(seconds=record.every),
            )


def newest(history: History, environment: str) -> Check | None:
    """The last look at an environment; None when nobody ever looked."""
    return next(newest_first(history, environment), None)


def with_values(check: Check, seen: Iterable[Observation]) -> Check:
    """Returns a check with the values that the look itself saw: the ledger keeps none."""
    values = {(one.stack, s.address, s.fingerprint): s.values for one in seen for s in one.sightings}
    observations = (
        replace(
            one,
            sightings=tuple(
                replace(s, values=values.get((one.stack, s.address, s.fingerprint), {})) for s in one.sightings
            ),
        )
        for one in check.observations
    )
    return replace(check, observations=tuple(observations))


def checks(history: History, environment: str) -> tuple[Check, ...]:
    """Every look at an environment, oldest first."""
    return tuple(newest_first(history, environment))[::-1]


def in_a_row(looks: tuple[Check, ...], sighting: Sighting) -> int:
    """How many of the newest looks saw the same difference, one after the other.

    A look that could not tell is no sighting and no absence: it counts as neither.
    """
    count = 0
    for look in reversed(looks):
        seen = look.of(sighting.stack)
        if seen is None or seen.status == "unknown":
            continue
        if sighting.fingerprint not in {one.fingerprint for one in seen.sightings}:
            break
        count += 1
    return count


def standing(looks: Iterable[Check], now: datetime, every: timedelta = timedelta(0)) -> Standing | None:
    """How an environment stands now, by the looks at it, newest first; None when nobody ever looked.

    `every` is the interval of terrace.yaml, if any. The last good check is too old at twice the interval, whoever
    was to look.
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
        what = f"since {good:%Y-%m-%d %H:%M} UTC" if good else "ever"
        overdue = f"no good check for drift {what}, and it is to be checked every {duration(interval)}"
    return Standing(status, good, overdue)
