"""How events hang together: canonical JSON, one hash each, and what a broken chain looks like.

The hash of an event is SHA-256 over the canonical JSON of all its other fields but the code, which authenticates the
hash; the hash of the event before is one of them. So nothing can be altered, dropped or reordered without every later
hash telling.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import msgspec

from terrace import typed_json
from terrace.errors import Corrupt, TerraceError
from terrace.ledger.authenticity import EventKey, LedgerKey
from terrace.ledger.collector import without_collector
from terrace.ledger.event import Event
from terrace.ledger.model import GENESIS, Draft

T = TypeVar("T")

TOLERANCE = timedelta(minutes=5)
"""How far clocks of several machines may differ."""

FIELDS = ("position", "id", "time", "actor", "kind", "subject", "payload", "previous")
"""The fields that the hash covers, by their names in the canonical JSON."""


@dataclass(frozen=True, slots=True)
class FirstBad:
    """The first break of a chain. `position` counts from 0; one past the end means that something is missing there."""

    position: int
    why: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of verifying a whole chain. `head` is the hash of the last event that is good."""

    events: int
    head: str
    first_bad: FirstBad | None = None

    @property
    def ok(self) -> bool:
        return self.first_bad is None


def seal(
    draft: Draft,
    *,
    position: int,
    previous: str,
    id: str,  # noqa: A002
    time: datetime,
    key: LedgerKey,
) -> Event:
    """The event that a draft becomes at this place of the chain. `time` is kept in UTC, to the microsecond.

    With the `key` of the ledger it gets the code that proves who wrote it.
    """
    moment = time.astimezone(UTC)
    payload = _plain(draft.payload)
    record = _record(position, id, moment, draft.actor, draft.kind, draft.subject, payload, previous)
    digest = _hash(record)
    code = key.code(digest) if isinstance(key, EventKey) else ""
    return Event(position, id, moment, draft.actor, draft.kind, draft.subject, payload, previous, digest, code)


def seal_all(
    drafts: Sequence[Draft],
    *,
    events: int,
    head: str,
    ids: Iterable[str],
    time: datetime,
    latest: datetime | None = None,
    key: LedgerKey,
) -> tuple[Event, ...]:
    """The events that drafts become when they are appended, in order, to a chain of `events` that ends with `head`.

    `latest` is the time of the last event: no event is dated before the one that it follows, as far as clocks may
    differ. A date further in the future is not used: it would make every later event wrong too.
    """
    if latest is not None and latest <= time + TOLERANCE:
        time = max(time, latest)
    sealed: list[Event] = []
    for draft, id in zip(drafts, ids, strict=False):  # noqa: A001
        previous = sealed[-1].hash if sealed else head
        sealed.append(seal(draft, position=events + len(sealed), previous=previous, id=id, time=time, key=key))
    return tuple(sealed)


def encode(event: Event) -> bytes:
    """One line of canonical JSON, without a line feed."""
    code = {"code": event.code} if event.code else {}
    return _canonical({**_fields(event), "hash": event.hash, **code})


def encode_quickly(event: Event) -> bytes:
    """Returns a line that `decode` reads as the same event. It is canonical if the line of the event was."""
    if not event.hash_holds:
        return encode(event)
    time = event.time.isoformat(timespec="microseconds")
    line = _Line(
        actor=event.actor,
        code=event.code,
        hash=event.hash,
        id=event.id,
        kind=event.kind,
        payload=dict(event.payload),
        position=event.position,
        previous=event.previous,
        subject=event.subject,
        time=time,
    )
    return _ENCODER.encode(line)


def decode(line: bytes) -> Event:
    """Returns the event of a line. Raises Corrupt when it is not an event. `verify` checks the hash."""
    try:
        record = json.loads(line, parse_float=_refuse, parse_constant=_refuse)
        return Event(
            position=_convert(record["position"], int),
            id=_convert(record["id"], str),
            time=_with_zone(record["time"]),
            actor=_convert(record["actor"], str),
            kind=_convert(record["kind"], str),
            subject=_convert(record["subject"], str),
            payload=_convert(record["payload"], dict),
            previous=_convert(record["previous"], str),
            hash=_convert(record["hash"], str),
            code=_convert(record.get("code", ""), str),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Corrupt("a line of the ledger is not an event") from error


def decode_all(lines: Iterable[bytes], *, first: int = 0) -> tuple[Event, ...]:
    """Returns the events of lines from position `first` on. Raises Corrupt with the first position without an event."""
    events: list[Event] = []
    with without_collector():
        for position, line in enumerate(lines, first):
            try:
                events.append(_of_canonical(line) or decode(line))
            except Corrupt as error:
                raise Corrupt(
                    f"the ledger is broken at event {position}: what is stored there is not an event",
                    hint="Terrace does not use a broken ledger. Another clone can have an intact copy",
                ) from error
    return tuple(events)


class _Line(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A line as it is stored; the fields in the order of canonical JSON."""

    actor: str
    code: str = ""
    hash: str
    id: str
    kind: str
    payload: dict[str, Any]
    position: int
    previous: str
    subject: str
    time: str


def _of_canonical(line: bytes) -> Event | None:
    """Returns the event of a line if the hash of its bytes matches; None if its content has to be hashed.

    The bytes are hashed only if the line is the canonical form of its content: no duplicate field, no spaces, one form
    of every number and character. Otherwise two readers could see two different events.
    """
    try:
        read = _decoder().decode(line)
        time = _with_zone(read.time)
    except (ValueError, RecursionError):
        return None
    plain = line.isascii() and b"\x7f" not in line and _ENCODER.encode(read) == line
    if not plain or time.isoformat(timespec="microseconds") != read.time:
        return None
    # `code` and `hash` follow `actor`; everything else is what was hashed.
    start = len(b'{"actor":,') + len(_ENCODER.encode(read.actor))
    end = start + len(b'"hash":,') + len(_ENCODER.encode(read.hash))
    if read.code:
        end += len(b'"code":,') + len(_ENCODER.encode(read.code))
    if hashlib.sha256(line[:start] + line[end:]).hexdigest() != read.hash:
        return None
    event = Event(
        read.position,
        read.id,
        time,
        read.actor,
        read.kind,
        read.subject,
        read.payload,
        read.previous,
        read.hash,
        read.code,
    )
    return event.read_from(line)


def verify(events: Sequence[Event], expected_head: str | None = None) -> Verification:
    """Verifies a chain from its first event to its last, and whether it still has an earlier head."""
    verification = _verify(events, 0, GENESIS, set())
    if verification.first_bad is not None:
        return verification
    previous = verification.head
    if expected_head is not None and expected_head != GENESIS and expected_head not in {e.hash for e in events}:
        why = f"the head {expected_head[:12]} that was noted is not in this chain: it was cut off or replaced"
        return Verification(len(events), previous, FirstBad(len(events), why))
    return verification


def _verify(events: Sequence[Event], first: int, previous: str, ids: Container[str]) -> Verification:
    """Returns the verification of events from position `first` on that follow an intact chain with these ids."""
    seen: set[str] = set()
    number = first + len(events)
    for index, event in enumerate(events, first):
        why = _why_wrong(event, index, previous) or _why_repeated(event, ids) or _why_repeated(event, seen)
        if why is not None:
            return Verification(number, previous, FirstBad(index, why))
        seen.add(event.id)
        previous = event.hash
    return Verification(number, previous)


def verified_events(
    events: Sequence[Event], *, first: int = 0, previous: str = GENESIS, ids: Container[str] = frozenset()
) -> tuple[Event, ...]:
    """Returns the events if their chain is intact. Raises Corrupt, with the first break, if it is not.

    They start at position `first`, follow the event with the hash `previous`, and have none of the earlier `ids`.
    """
    verification = _verify(events, first, previous, ids)
    if verification.first_bad is not None:
        raise Corrupt(
            f"the ledger is broken at event {verification.first_bad.position}: {verification.first_bad.why}",
            hint="see `terrace ledger verify`. Another clone can have an intact copy",
        )
    return tuple(events)


def strange_times(
    events: Iterable[Event], now: datetime, dismissed: Collection[int] = frozenset()
) -> tuple[tuple[int, str], ...]:
    """Returns the positions of events with a date before an earlier event, or in the future, each with the problem.

    An event with an early date has the time of the latest event before it. An event with a date in the future blocks
    all work, unless its position is one of the `dismissed` ones.
    """
    problems = []
    latest: datetime | None = None
    for event in events:
        if event.position in dismissed:
            continue
        if latest is not None and event.time < latest:
            problems.append(
                (event.position, f"it is dated {event.time:%Y-%m-%d %H:%M:%S} UTC, before one that it follows")
            )
        elif event.time > now + TOLERANCE:
            problems.append((event.position, f"it is dated {event.time:%Y-%m-%d %H:%M:%S} UTC, which is still to come"))
        latest = event.time if latest is None else max(latest, event.time)
    return tuple(problems)


def export(events: Iterable[Event]) -> Iterator[str]:
    """Every event as a line of JSON that `decode` reads back."""
    for event in events:
        yield encode(event).decode("ascii")


def _why_wrong(event: Event, index: int, previous: str) -> str | None:
    if not event.hash_holds and event.hash != _hash(_fields(event)):
        return "its content was changed"
    if event.previous != previous:
        return "it does not follow the event before it: something was dropped, added or moved"
    if event.position != index:
        return f"it is at position {index}, and its content says {event.position}"
    return None


def _why_repeated(event: Event, ids: Container[str]) -> str | None:
    return f"its id {event.id} was there before" if event.id in ids else None


def _fields(event: Event) -> dict[str, Any]:
    """Returns the data that the hash of an event covers."""
    return _record(
        event.position, event.id, event.time, event.actor, event.kind, event.subject, event.payload, event.previous
    )


def _record(
    position: int,
    id: str,  # noqa: A002
    time: datetime,
    actor: str,
    kind: str,
    subject: str,
    payload: Mapping[str, Any],
    previous: str,
) -> dict[str, Any]:
    values = (position, id, time.isoformat(timespec="microseconds"), actor, kind, subject, payload, previous)
    return dict(zip(FIELDS, values, strict=True))


def _hash(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(record)).hexdigest()


def _canonical(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _plain(value: Any) -> Any:
    """JSON data as it will be read back. Floats are refused: not every reader prints them alike."""
    match value:
        case None | bool() | int() | str():
            return value
        case list() | tuple():
            return [_plain(item) for item in value]
        case Mapping() if all(isinstance(name, str) for name in value):
            return {name: _plain(item) for name, item in value.items()}
    raise TerraceError(f"a {type(value).__name__} cannot be written into the ledger")


@cache
def _decoder() -> msgspec.json.Decoder[_Line]:
    return typed_json.decoder(_Line, _refuse)


_ENCODER = msgspec.json.Encoder(order="sorted")


def _refuse(number: str) -> None:
    raise ValueError(f"{number} is not a valid number in a ledger")


def _with_zone(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time without its zone")
    return time


def _convert(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(kind.__name__)
    return value
