"""Search of cloud change logs for changes that may be the cause of drift. They are hints, never proof."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terrace.drift.change_logs import ACTIVITY_LOG, LATE, LoggedChange, LoggedChanges
from terrace.drift.checks import newest_first
from terrace.drift.model import Cause, DriftKind, Observation, ResourceDrift
from terrace.ledger import folds
from terrace.ledger.deployment import Step
from terrace.ledger.model import History
from terrace.words import plural

MOST_CAUSES = 3
"""Maximum number of changes that are reported for one resource."""

LONGEST_LOOK = timedelta(hours=1)
"""Maximum duration of one check: the state that it read may be that much older than its record."""

_NAMES = ("id", "arn", "name", "bucket", "identifier", "security_group_id")
"""Attributes by which an AWS request may name a resource."""

_ANY = frozenset({"arn", "arns", "id", "ids", "identifier", "list", "name", "resource", "resources"})
"""Words in parameters that say nothing about a type: a parameter with no other word names whatever the request
concerns."""

_DISTINCT = re.compile(r"[a-z][a-z-]*-[0-9a-f]{8,17}|https?://.+|arn:.+")
"""Names that no resource of another service has."""

_SERVICES = {"cloudwatch": "monitoring"}
"""Services that have another name in ARNs than in CloudTrail."""

_TAGGING = "tagging"


@dataclass(frozen=True, slots=True)
class Window:
    """The period in which the cause of a difference must be."""

    since: datetime
    until: datetime


def window_of(history: History, environment: str, resource: ResourceDrift, now: datetime) -> Window | None:
    """Returns the period between the newest apply, or the newest check without the difference, and the first check with
    it in its current form; None where nothing was deployed."""
    since = _last_apply_time(history, environment, resource.stack)
    if since is None:
        return None
    until = now
    for look in newest_first(history, environment):
        if look.at <= since:
            break
        observation = look.of(resource.stack)
        if observation is None or observation.status == "unknown":
            continue
        if not any(_same(drifted, resource) for drifted in observation.resources):
            since = max(since, look.at - LONGEST_LOOK)
            break
        until = look.at
    # CloudTrail records times in whole seconds.
    return Window(since.replace(microsecond=0), until)


def _same(drifted: ResourceDrift, other: ResourceDrift) -> bool:
    return (drifted.fingerprint, dict(drifted.observed)) == (other.fingerprint, dict(other.observed))


def _last_apply_time(history: History, environment: str, stack: str) -> datetime | None:
    """Returns when the newest apply of a stack finished. A deployment with an empty plan changed and adopted
    nothing."""
    opened = None
    for deployment in reversed(folds.of_environment(history, environment)):
        if stack not in deployment.stacks:
            continue
        applied = deployment.last(Step.APPLY, stack)
        if applied is not None and applied.ended_at is not None:
            return applied.ended_at
        opened = deployment.opened_at
    return opened


def has_cause(resource: ResourceDrift) -> bool:
    """Returns whether the difference was made outside, so that a log may show it."""
    return resource.kind is not DriftKind.INPUT


def add_causes(
    observation: Observation, windows: Mapping[tuple[str, str], Window], logged: LoggedChanges, now: datetime
) -> Observation:
    """Returns the observation with the causes that were found. `windows` are by stack and fingerprint."""
    resources = (
        _add_causes(resource, window, logged, now)
        if (window := windows.get((resource.stack, resource.fingerprint)))
        else resource
        for resource in observation.resources
    )
    return replace(observation, resources=tuple(resources))


def _add_causes(resource: ResourceDrift, window: Window, logged: LoggedChanges, now: datetime) -> ResourceDrift:
    causes: dict[tuple[str, str, str], Cause] = {}
    for change in logged.changes:
        cause = change.cause
        if window.since <= cause.at <= window.until and names(change, resource.type, resource.identity):
            # A long Azure operation has several records, and two files may contain the same event.
            causes.setdefault((cause.source, cause.event or cause.at.isoformat(), cause.what), cause)
    if not causes:
        return replace(resource, cause_unknown=_why_unknown(resource, window, logged, now))
    ordered = sorted(causes.values(), key=lambda cause: cause.at, reverse=True)
    return replace(resource, causes=tuple(ordered[:MOST_CAUSES]), more_causes=max(0, len(ordered) - MOST_CAUSES))


def _why_unknown(resource: ResourceDrift, window: Window, logged: LoggedChanges, now: datetime) -> str:
    if not any(resource.identity.get(name) for name in _NAMES):
        return "the plan does not contain an id of the resource"
    files = f"{plural(logged.files, 'file')} of the logs"
    span = f"{window.since:%Y-%m-%d %H:%M} and {window.until:%Y-%m-%d %H:%M} UTC"
    sentences = [f"no change of it between {span} is in {files}"]
    if now - window.until < LATE:
        sentences.append("logs are delivered late: a later check may find it")
    return "; ".join((*sentences, *logged.notes))


# --- matching ------------------------------------------------------------------------------------------------------


def names(change: LoggedChange, type_: str, identity: Mapping[str, str]) -> bool:
    """Returns whether a change names the resource of that type with these `identity` attributes."""
    if change.cause.source == ACTIVITY_LOG:
        return any(_is_in(text, identity.get("id", "")) for _, text in change.names)
    arn = _Arn.of(identity.get("arn") or identity.get("id") or "")
    if arn is not None and not _is_there(change, arn):
        return False
    words = _words(type_)[1:]
    service = arn.service if arn is not None else next((word for word in words if word == change.service), "")
    if arn is not None and change.service not in (service, _TAGGING):
        return False
    names = {identity[name] for name in _NAMES if identity.get(name) and _is_name_of(name, type_)}
    named = any(
        text in names and _speaks_of(key, words) and (service or _DISTINCT.fullmatch(text))
        for key, text in change.names
    )
    return named and not _contradicts(change, identity)


def _is_name_of(attribute: str, type_: str) -> bool:
    """Returns whether an attribute names the resource: a rule is named by the group that contains it."""
    return attribute != "security_group_id" or "security_group" in type_


def _is_in(named: str, id_: str) -> bool:
    """Returns whether an Azure id names this resource or a part of it. A resource is not a part of its resource
    group."""
    own_id, logged_id = id_.casefold().rstrip("/"), named.casefold().rstrip("/")
    if not own_id.startswith("/"):
        return False
    rest = logged_id.removeprefix(own_id)
    part = rest.startswith("/") and "/providers/" in own_id and "/providers/" not in rest
    return logged_id == own_id or (logged_id.startswith(own_id) and part)


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
    """Returns whether a parameter names resources of a type: `groupId` those of `aws_security_group`."""
    telling = set(_words(key)) - _ANY
    return not telling or bool(telling & set(words))


def _words(name: str) -> list[str]:
    """Returns the words of `aws_db_instance` or `dBInstanceIdentifier`, in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in spaced.casefold().split("_") if word]


def _contradicts(change: LoggedChange, identity: Mapping[str, str]) -> bool:
    """Returns whether the request names, by a parameter such as `roleName`, another value than that of the resource."""
    for key, text in change.names:
        name = "_".join(_words(key))
        stem = re.sub(r"_(?:name|id|arn|identifier)$", "", name)
        if stem == name:
            continue
        held = [identity[attribute] for attribute in (name, stem) if identity.get(attribute)]
        if held and text not in held:
            return True
    return False
