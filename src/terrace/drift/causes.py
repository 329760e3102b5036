"""Finds the changes in the logs of clouds that may be the cause of drift. They are hints, never proof."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terrace.drift.change_logs import ACTIVITY_LOG, LATE, LoggedChange, LoggedChanges
from terrace.drift.checks import newest_first
from terrace.drift.model import Cause, Observation, Quadrant, Sighting
from terrace.ledger import folds
from terrace.ledger.deployment import Step
from terrace.ledger.model import History
from terrace.words import plural

MOST_CAUSES = 3
"""How many changes are told of one object."""

LONGEST_LOOK = timedelta(hours=1)
"""How long one look may take: what it read may be as much older than its record."""

_NAMES = ("id", "arn", "name", "bucket", "identifier", "security_group_id")
"""Attributes by which a request of AWS may name an object."""

_ANY = frozenset({"arn", "arns", "id", "ids", "identifier", "list", "name", "resource", "resources"})
"""Words of parameters that tell nothing of a type: one with no other word names whatever the request is about."""

_DISTINCT = re.compile(r"[a-z][a-z-]*-[0-9a-f]{8,17}|https?://.+|arn:.+")
"""Names that no object of another service has."""

_SERVICES = {"cloudwatch": "monitoring"}
"""Services that ARNs call otherwise than CloudTrail does."""

_TAGGING = "tagging"


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which the cause of a difference lies."""

    since: datetime
    until: datetime


def window_of(history: History, environment: str, sighting: Sighting, now: datetime) -> Window | None:
    """Returns the time between the newest apply, or the newest look that did not see it, and the look that first saw
    the difference as it is now; None where nothing was deployed."""
    since = _applied_at(history, environment, sighting.stack)
    if since is None:
        return None
    until = now
    for look in newest_first(history, environment):
        if look.at <= since:
            break
        seen = look.of(sighting.stack)
        if seen is None or seen.status == "unknown":
            continue
        if not any(_same(one, sighting) for one in seen.sightings):
            since = max(since, look.at - LONGEST_LOOK)
            break
        until = look.at
    # CloudTrail tells times in whole seconds.
    return Window(since.replace(microsecond=0), until)


def _same(one: Sighting, other: Sighting) -> bool:
    return (one.fingerprint, dict(one.observed)) == (other.fingerprint, dict(other.observed))


def _applied_at(history: History, environment: str, stack: str) -> datetime | None:
    """When the newest apply of a stack ended. A deployment with an empty plan changed nothing and absorbed nothing."""
    opened = None
    for deployment in reversed(folds.of_environment(history, environment)):
        if stack not in deployment.stacks:
            continue
        applied = deployment.last(Step.APPLY, stack)
        if applied is not None and applied.ended_at is not None:
            return applied.ended_at
        opened = deployment.opened_at
    return opened


def has_cause(sighting: Sighting) -> bool:
    """Whether the difference was made outside, so that a log may tell of it."""
    return sighting.quadrant is not Quadrant.INPUT


def explained(
    seen: Observation, windows: Mapping[tuple[str, str], Window], logged: LoggedChanges, now: datetime
) -> Observation:
    """Returns the observation with the causes that were found. `windows` are by stack and fingerprint."""
    sightings = (
        _explained(one, window, logged, now) if (window := windows.get((one.stack, one.fingerprint))) else one
        for one in seen.sightings
    )
    return replace(seen, sightings=tuple(sightings))


def _explained(one: Sighting, window: Window, logged: LoggedChanges, now: datetime) -> Sighting:
    found: dict[tuple[str, str, str], Cause] = {}
    for change in logged.changes:
        cause = change.cause
        if window.since <= cause.at <= window.until and names(change, one.type, one.identity):
            # A long operation of Azure has several records, and two files may tell of the same event.
            found.setdefault((cause.source, cause.event or cause.at.isoformat(), cause.what), cause)
    if not found:
        return replace(one, cause_unknown=_why_unknown(one, window, logged, now))
    ordered = sorted(found.values(), key=lambda cause: cause.at, reverse=True)
    return replace(one, causes=tuple(ordered[:MOST_CAUSES]), more_causes=max(0, len(ordered) - MOST_CAUSES))


def _why_unknown(one: Sighting, window: Window, logged: LoggedChanges, now: datetime) -> str:
    if not any(one.identity.get(name) for name in _NAMES):
        return "the plan tells no id of the object"
    files = f"{plural(logged.files, 'file')} of the logs"
    span = f"{window.since:%Y-%m-%d %H:%M} and {window.until:%Y-%m-%d %H:%M} UTC"
    told = [f"no change of it between {span} is in {files}"]
    if now - window.until < LATE:
        told.append("logs are delivered late: a later look may find it")
    return "; ".join((*told, *logged.notes))


# --- matching ------------------------------------------------------------------------------------------------------


def names(change: LoggedChange, type_: str, identity: Mapping[str, str]) -> bool:
    """Whether a change names the object of that type whose attributes are `identity`."""
    if change.cause.source == ACTIVITY_LOG:
        return any(_is_in(text, identity.get("id", "")) for _, text in change.names)
    arn = _Arn.of(identity.get("arn") or identity.get("id") or "")
    if arn is not None and not _is_there(change, arn):
        return False
    words = _words(type_)[1:]
    service = arn.service if arn is not None else next((word for word in words if word == change.service), "")
    if arn is not None and change.service not in (service, _TAGGING):
        return False
    told = {identity[name] for name in _NAMES if identity.get(name) and _is_name_of(name, type_)}
    named = any(
        text in told and _speaks_of(key, words) and (service or _DISTINCT.fullmatch(text)) for key, text in change.names
    )
    return named and not _contradicts(change, identity)


def _is_name_of(attribute: str, type_: str) -> bool:
    """Whether an attribute names the object: a rule of a group is named by the group that it is in."""
    return attribute != "security_group_id" or "security_group" in type_


def _is_in(named: str, id_: str) -> bool:
    """Whether an id of Azure names this object or a part of it. What lies in a group of resources is no part of it."""
    mine, theirs = id_.casefold().rstrip("/"), named.casefold().rstrip("/")
    if not mine.startswith("/"):
        return False
    rest = theirs.removeprefix(mine)
    part = rest.startswith("/") and "/providers/" in mine and "/providers/" not in rest
    return theirs == mine or (theirs.startswith(mine) and part)


@dataclass(frozen=True, slots=True)
class _Arn:
    service: str
    region: str
    account: str

    @staticmethod
    def of(text: str) -> _Arn | None:
        parts = text.split(":", 5)
        if len(parts) < 6 or parts[0] != "arn":
            return None
        return _Arn(_SERVICES.get(parts[2], parts[2]), parts[3], parts[4])


def _is_there(change: LoggedChange, arn: _Arn) -> bool:
    account = not (arn.account and change.account) or arn.account == change.account
    region = not (arn.region and change.region) or arn.region == change.region
    return account and region


def _speaks_of(key: str, words: Iterable[str]) -> bool:
    """Whether a parameter names objects of a type: `groupId` those of `aws_security_group`."""
    telling = set(_words(key)) - _ANY
    return not telling or bool(telling & set(words))


def _words(name: str) -> list[str]:
    """The words of `aws_db_instance` and of `dBInstanceIdentifier`, in small letters."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in spaced.casefold().split("_") if word]


def _contradicts(change: LoggedChange, identity: Mapping[str, str]) -> bool:
    """Whether the request names, by a parameter such as `roleName`, another value than the object has."""
    for key, text in change.names:
        name = "_".join(_words(key))
        stem = re.sub(r"_(?:name|id|arn|identifier)$", "", name)
        if stem == name:
            continue
        held = [identity[one] for one in (name, stem) if identity.get(one)]
        if held and text not in held:
            return True
    return False
