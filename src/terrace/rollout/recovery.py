"""What an apply of unknown outcome left behind, and what must be known before anything is done about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from terrace.errors import StateLock
from terrace.plans.terraform import Autopsy
from terrace.stacks.additions import Import

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of a backend may be from ours."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is to be done for one stack. `imports` exist and the state lacks them; of those in `open` nobody knows
    whether they exist, of those in `unfinished` the state has them and nobody knows whether they are whole: their
    provisioners may not have ended. Somebody has to look."""

    imports: tuple[Import, ...] = ()
    open: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What people say about an attempt: ids that they found, addresses that are not there, addresses that are there and
    whole, why it is dead, and the id of a lock that is known to be its own where the backend does not tell whose it is.
    """

    named: Mapping[str, str] = field(default_factory=dict)
    absent: Collection[str] = ()
    whole: Collection[str] = ()
    dead: str = ""
    unlock: str = ""


def aftermath(
    stack: str, autopsy: Autopsy | None, planned: Collection[str], recorded: Mapping[str, bool], told: Told
) -> Aftermath:
    """What a stack needs. `planned` are the addresses that were to be created; `recorded` those that its state has,
    each with whether it is tainted.

    Without a log of the attempt every one that was planned may exist.
    """
    if autopsy is None:
        made: dict[str, str] = {}
        doubtful = set(planned)
    else:
        made = {address: found for address, found in autopsy.created if found}
        doubtful = {*autopsy.in_flight, *(address for address, found in autopsy.created if not found)}
    made |= {address: found for address, found in told.named.items() if address in doubtful or address in planned}
    lacking = sorted((doubtful | made.keys()) - recorded.keys() - set(told.absent))
    half = sorted(a for a in doubtful if recorded.get(a) is False and a not in told.whole)
    return Aftermath(
        imports=tuple(Import(stack, address, made[address]) for address in lacking if address in made),
        open=tuple(address for address in lacking if address not in made),
        unfinished=tuple(half) if autopsy is not None else (),
    )


def is_ours(lock: StateLock, autopsy: Autopsy, until: datetime) -> bool:
    """Whether a lock was taken by that attempt: by its user on its machine, for an apply, and while it ran.

    Age alone proves nothing, and doubt is no proof.
    """
    created = _moment(lock.created)
    if created is None or autopsy.began is None or not autopsy.who or lock.who != autopsy.who:
        return False
    return lock.operation == "Apply" and autopsy.began - CLOCK_SKEW <= created <= until + CLOCK_SKEW


def _moment(text: str) -> datetime | None:
    """A time as Terraform writes it: `2026-01-05 12:00:00.123456789 +0000 UTC`, or ISO 8601."""
    words = text.replace("Z", "+00:00").split()
    if len(words) >= 3 and words[2][1:].isdigit():
        words = [f"{words[0]}T{words[1][:15]}{words[2]}"]
    try:
        moment = datetime.fromisoformat(words[0]) if words else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
