"""Cloud change logs: reads records of AWS CloudTrail and of the Azure activity log.

The formats are those that the clouds document:

- CloudTrail's files, `{"Records": [...]}`, and the output of `aws cloudtrail lookup-events`, `{"Events": [...]}`
- the activity log as Azure exports it to a storage account, one JSON record per line or `{"records": [...]}`, and the
  output of `az monitor activity-log list`, a list or `{"value": [...]}`

Records of reads, of failures, and of changes to data instead of the resource are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from terrace.drift.model import Cause

CLOUDTRAIL = "AWS CloudTrail"
ACTIVITY_LOG = "Azure activity log"
LONGEST = 256
"""Maximum number of characters that are kept of one field of a record."""

LATE = timedelta(hours=2)
"""Maximum time between a change and the time in the name of its file: both clouds deliver late."""

_READS = ("Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet", "Select", "Query", "Scan", "Assume")
_DONE = frozenset({"succeeded", "success", "accepted", "accept"})
_LOOKS = re.compile(r"/(?:list|get|check|validate|export|read)[^/]*/action$", re.IGNORECASE)
_UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """One change in a log. `names` are the resources that the request names, as pairs of parameter and value.

    `service`, `account` and `region` are "" where the log does not contain them.
    """

    cause: Cause
    names: tuple[tuple[str, str], ...]
    service: str = ""
    account: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class LoggedChanges:
    """The result of reading logs: the changes, the number of files, and notes about what could not be read."""

    changes: tuple[LoggedChange, ...] = ()
    files: int = 0
    notes: tuple[str, ...] = ()


class ChangeLogs(Protocol):
    """Reads the change logs that terrace.yaml names."""

    def read(self, places: Iterable[str], since: datetime, until: datetime) -> LoggedChanges:
        """Returns the changes within that period. Unreadable files become notes, not errors."""
        ...


class NoChangeLogs:
    """The reader where no logs can be read."""

    def read(self, places: Iterable[str], since: datetime, until: datetime) -> LoggedChanges:
        """Returns no changes, with a note."""
        return LoggedChanges(notes=tuple(f"{place} cannot be read here" for place in places))


class NoLog(ValueError):
    """The file is not a log of a known format."""


def read_changes(content: bytes, since: datetime, until: datetime) -> tuple[LoggedChange, ...]:
    """Returns the changes of one file within that period. Raises NoLog; skips records that cannot be read."""
    return tuple(
        change
        for record in _records(content)
        if (change := _change(record)) is not None and since <= change.cause.at <= until
    )


# --- names of files ------------------------------------------------------------------------------------------------

_DAY = re.compile(r"(?:^|/)CloudTrail/(?:.*/)?(\d{4})(?:/(\d{2})(?:/(\d{2}))?)?(?=/|$)")
_HOUR = re.compile(r"(?:^|/)y=(\d{4})(?:/m=(\d{2})(?:/d=(\d{2})(?:/h=(\d{2}))?)?)?(?=/|$)")
_MINUTE = re.compile(r"_CloudTrail_[a-z0-9-]+_(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})Z_")
_NO_CHANGES = re.compile(r"(?:^|/)CloudTrail-(?:Digest|Insight)(?:/|$)")


def may_contain(name: str, since: datetime, until: datetime) -> bool:
    """Returns whether a folder or file of that name may contain changes within that period, by the layouts of both
    clouds."""
    if _NO_CHANGES.search(name):
        return False
    period = period_of(name)
    return period is None or (period[0] <= until + LATE and period[1] >= since)


def period_of(name: str) -> tuple[datetime, datetime] | None:
    """Returns the time in the name of a folder or file; None where it has none."""
    match = _MINUTE.search(name.rpartition("/")[2]) or _HOUR.search(name) or _DAY.search(name)
    if match is None:
        return None
    parts = [int(part) for part in match.groups() if part is not None]
    try:
        year, month, day, hour, minute = (*parts, *(1, 1, 1, 0, 0)[len(parts) :])
        begin = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    spans = {1: timedelta(days=366), 2: timedelta(days=31), 3: timedelta(days=1)}
    return begin, begin + spans.get(len(parts), timedelta(hours=1))


# --- records -------------------------------------------------------------------------------------------------------

_Text = str | None


_ABBREVIATED = {"source_ip_address": "sourceIPAddress", "event_id": "eventID"}


def _as_aws_writes(name: str) -> str:
    first, *rest = name.split("_")
    return _ABBREVIATED.get(name) or first + "".join(word.title() for word in rest)


class _Session(msgspec.Struct, rename="camel"):
    source_identity: _Text = None


class _Identity(msgspec.Struct, rename="camel"):
    arn: _Text = None
    user_name: _Text = None
    principal_id: _Text = None
    invoked_by: _Text = None
    account_id: _Text = None
    session_context: _Session | None = None


class _Resource(msgspec.Struct, rename="upper"):
    arn: _Text = None


class _Trail(msgspec.Struct, rename=_as_aws_writes):
    event_time: str
    event_source: str
    event_name: str
    user_identity: _Identity = msgspec.field(default_factory=_Identity)
    aws_region: _Text = None
    source_ip_address: _Text = None
    user_agent: _Text = None
    error_code: _Text = None
    request_parameters: Any = None
    event_id: _Text = None
    read_only: bool | None = None
    resources: list[_Resource] | None = None
    recipient_account_id: _Text = None
    event_category: _Text = None
    management_event: bool | None = None


class _Named(msgspec.Struct):
    value: _Text = None


class _Request(msgspec.Struct, rename="camel"):
    client_ip_address: _Text = None


class _Person(msgspec.Struct):
    claims: dict[str, Any] | None = None


class _Activity(msgspec.Struct, rename="camel"):
    resource_id: str
    operation_name: str | _Named
    category: str | _Named | None = None
    time: _Text = None
    event_timestamp: _Text = None
    caller: _Text = None
    result_type: _Text = None
    status: str | _Named | None = None
    caller_ip_address: _Text = None
    http_request: _Request | None = None
    identity: _Person | str | None = None
    claims: dict[str, Any] | None = None
    correlation_id: _Text = None
    event_data_id: _Text = None


class _Found(msgspec.Struct, rename="pascal"):
    cloud_trail_event: str


_raw = msgspec.json.Decoder(msgspec.Raw)
_whole = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_trail = msgspec.json.Decoder(_Trail, strict=False)
_activity = msgspec.json.Decoder(_Activity)
_found = msgspec.json.Decoder(_Found)
_LISTS = ("Records", "Events", "records", "value")


def _records(content: bytes) -> Iterator[_Trail | _Activity]:
    for raw in _parts(content):
        for decoder in (_trail, _activity):
            try:
                yield decoder.decode(raw)
                break
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                continue
        else:
            inner = _inner(raw)
            if inner is not None:
                yield inner


def _inner(raw: msgspec.Raw) -> _Trail | None:
    """Returns the record that `lookup-events` has as a text."""
    try:
        return _trail.decode(_found.decode(raw).cloud_trail_event)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _parts(content: bytes) -> Iterable[msgspec.Raw]:
    content = content.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        whole: Any = _whole.decode(content)
    except (msgspec.MsgspecError, RecursionError):
        return _lines(content)
    if isinstance(whole, list):
        return whole
    for name in _LISTS:
        if name in whole:
            try:
                return _list.decode(whole[name])
            except msgspec.MsgspecError as error:
                raise NoLog(f"its {name} are not a list") from error
    if "resourceId" in whole or "eventSource" in whole:
        return (msgspec.Raw(content),)
    raise NoLog("it has neither AWS CloudTrail records nor Azure activity log records")


def _lines(content: bytes) -> list[msgspec.Raw]:
    """Returns the records of a file with one per line."""
    lines = [line.strip().rstrip(b",") for line in content.split(b"\n")]
    records = [msgspec.Raw(line) for line in lines if line.startswith(b"{")]
    if not records or not content.startswith(b"{"):
        raise NoLog("it is not JSON")
    try:
        _raw.decode(records[0])
    except msgspec.MsgspecError as error:
        raise NoLog("it is not JSON") from error
    return records


def _change(record: _Trail | _Activity) -> LoggedChange | None:
    return _of_trail(record) if isinstance(record, _Trail) else _of_activity(record)


def _of_trail(record: _Trail) -> LoggedChange | None:
    at = _time(record.event_time)
    reads = record.read_only if record.read_only is not None else record.event_name.startswith(_READS)
    data = record.management_event is False or record.event_category not in (None, "Management")
    if at is None or reads or data or record.error_code:
        return None
    identity = record.user_identity
    who = identity.arn or identity.user_name or identity.invoked_by or identity.principal_id or ""
    if identity.session_context is not None and identity.session_context.source_identity:
        who = f"{identity.session_context.source_identity} as {who}"
    service = record.event_source.partition(".")[0]
    names = list(_named_objects(record.request_parameters))
    names += [("resourceArn", resource.arn) for resource in record.resources or () if resource.arn]
    cause = _cause(
        CLOUDTRAIL,
        at,
        who=who,
        operation=f"{service}:{record.event_name}",
        origin=record.source_ip_address,
        client=record.user_agent,
        event=record.event_id,
    )
    account = record.recipient_account_id or identity.account_id or ""
    return LoggedChange(cause, tuple(names), service, account, record.aws_region or "")


def _named_objects(parameters: Any) -> Iterator[tuple[str, str]]:
    """Returns the texts by which a request names what it changes: those on its first level, and lists of resources.

    On deeper levels a request names other resources, such as the group that a new rule allows.
    """
    for key, value in parameters.items() if isinstance(parameters, dict) else ():
        if isinstance(value, str):
            yield key, value
        elif key.lower().startswith("resource") or key == "instancesSet":
            yield from ((inner or key, text) for inner, text in _texts(value, 4))


def _texts(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "", value
    elif depth and isinstance(value, list):
        for item in value:
            yield from _texts(item, depth - 1)
    elif depth and isinstance(value, dict):
        for name, item in value.items():
            yield from ((inner or name, text) for inner, text in _texts(item, depth - 1))


def _of_activity(record: _Activity) -> LoggedChange | None:
    at = _time(record.time or record.event_timestamp or "")
    operation = _value(record.operation_name)
    status = (record.result_type or _value(record.status)).casefold()
    last = operation.rpartition("/")[2].casefold()
    changes = last in ("write", "delete", "action") and not _LOOKS.search(operation)
    if at is None or not changes or status not in _DONE:
        return None
    if _value(record.category).casefold() not in ("", "administrative"):
        return None
    claims = record.claims or (record.identity.claims if isinstance(record.identity, _Person) else None) or {}
    who = record.caller or next((str(claims[name]) for name in (_UPN, "upn", "name", "appid") if claims.get(name)), "")
    cause = _cause(
        ACTIVITY_LOG,
        at,
        who=who,
        operation=operation,
        origin=record.caller_ip_address or (record.http_request.client_ip_address if record.http_request else None),
        client=None,
        event=record.correlation_id or record.event_data_id,
    )
    return LoggedChange(cause, (("resourceId", record.resource_id),))


def _value(value: str | _Named | None) -> str:
    return (value.value if isinstance(value, _Named) else value) or ""


def _cause(source: str, at: datetime, *, who: str, operation: str, origin: _Text, client: _Text, event: _Text) -> Cause:
    texts = (text[:LONGEST] if text else "" for text in (who, operation, origin, client, event))
    return Cause(source, at, *texts)


def _time(text: str) -> datetime | None:
    # Azure writes seven digits of a second, but Python reads six.
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
