"""Output of `ledger ...`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from terrace.ledger.reading import Fault
from terrace.ledger.unproven import Code, UnprovenEvent
from terrace.report.json.record import Counts, JsonRecord, with_offset
from terrace.text import clip


class BadEvent(JsonRecord):
    """An event at which the chain of hashes is broken, or whose time is wrong."""

    position: int
    """Position of the event."""
    why: str
    """Reason."""


class UnreadEvent(JsonRecord):
    """An event that cannot be read."""

    position: int
    """Position of the event."""
    why: str
    """Reason."""
    environment: str | None
    """Environment that it holds; null for all."""


class AuthenticityPart(JsonRecord):
    """Authenticity of the results in the ledger."""

    checked: bool
    """True if every result was verified with the ledger key."""
    key: str | None
    """Id of the ledger key of this machine, or null."""
    foreign_key: str | None
    """Id of another key that the ledger uses, or null."""


class LedgerVerifyJson(JsonRecord, tag_field="schema", tag="terrace/ledger-verify@1"):
    """Output of `terrace ledger verify`."""

    ok: bool
    """True if the chain is intact and every event can be read."""
    events: int
    """Number of events."""
    head: str
    """Hash of the newest event."""
    first_bad: BadEvent | None
    """First event at which the chain is broken, or null."""
    unread: tuple[UnreadEvent, ...]
    """Events that cannot be read."""
    times: tuple[BadEvent, ...]
    """Events whose time is wrong."""
    authentic: AuthenticityPart
    """Authenticity of the results."""


class InvalidEvent(JsonRecord):
    """An event that cannot be read, as `ledger dismiss` shows it."""

    position: int
    """Position of the event."""
    kind: str
    """Kind of the event."""
    at: str
    """Time of the event."""
    by: str
    """Actor of the event."""
    why: str
    """Reason."""
    environment: str | None
    """Environment that it holds; null for all."""


def invalid_event(fault: Fault) -> InvalidEvent:
    """Returns an event that cannot be read."""
    event = fault.event
    return InvalidEvent(
        position=event.position,
        kind=clip(event.kind, 100),
        at=with_offset(event.time),
        by=clip(event.actor),
        why=clip(fault.reason),
        environment=fault.environment or None,
    )


class LedgerDismissJson(JsonRecord, tag_field="schema", tag="terrace/ledger-dismiss@1"):
    """Output of `terrace ledger dismiss`: of invalid events, or of dates in the future."""

    dry_run: bool
    """True if nothing was recorded."""
    position: int
    """Position of the first event."""
    environment: str | None
    """Environment that all of the events held; null for several or all."""
    positions: tuple[int, ...] | UnsetType = UNSET
    """Positions of the invalid events."""
    events: tuple[InvalidEvent, ...] | UnsetType = UNSET
    """Invalid events."""
    dates: tuple[int, ...] | UnsetType = UNSET
    """Positions of the events whose date is ignored."""


def dismissed_events_json(faults: Sequence[Fault], environment: str | None, *, dry_run: bool) -> LedgerDismissJson:
    """Returns the output of `terrace ledger dismiss` for invalid events."""
    positions = tuple(fault.event.position for fault in faults)
    return LedgerDismissJson(
        dry_run=dry_run,
        position=positions[0],
        environment=environment,
        positions=positions,
        events=tuple(map(invalid_event, faults)),
    )


class UnverifiedEvent(JsonRecord):
    """An event that is valid although its authentication code was not verified."""

    position: int
    """Position of the event."""
    kind: str
    """Kind of the event."""
    says: str
    """Content of the event in words."""
    environment: str | None
    """Environment, or null."""
    deployment: str | None
    """Id of the deployment, or null."""
    stack: str | None
    """Key of the stack, or null."""
    at: str
    """Time of the event."""
    by: str
    """Actor of the event."""
    code: Code
    """Authentication code; `unchecked`: its key is not on this machine."""
    doubtful: bool
    """True if it was written without the key while the key was in use."""


def unverified_event(unproven: UnprovenEvent) -> UnverifiedEvent:
    """Returns an event whose authentication code was not verified."""
    event = unproven.event
    return UnverifiedEvent(
        position=event.position,
        kind=event.kind,
        says=unproven.says,
        environment=unproven.environment or None,
        deployment=unproven.deployment or None,
        stack=unproven.stack or None,
        at=with_offset(event.time),
        by=event.actor,
        code=unproven.code,
        doubtful=unproven.doubtful,
    )


class LedgerRekeyJson(JsonRecord, tag_field="schema", tag="terrace/ledger-rekey@1"):
    """Output of `terrace ledger rekey`."""

    dry_run: bool
    """True if nothing was recorded."""
    key: str
    """Id of the new key."""
    before: str | None
    """Id of the previous key, or null."""
    unchecked: Counts
    """Number of events by kind whose code was not verified."""
    absent: tuple[int, ...]
    """Positions of events that stay without effect."""
    events: tuple[UnverifiedEvent, ...]
    """Events that are valid although their code was not verified."""


class LedgerBeginJson(JsonRecord, tag_field="schema", tag="terrace/ledger-begin@1"):
    """Output of `terrace ledger begin`."""

    ledger: str
    """Id of the new ledger."""
