"""The verified and folded beginning of a ledger, so that a command reads only the events after it.

A snapshot has the states of the reader and of the folds, and the lines of the events that commands need most. All other
events are read from the ledger when they are needed, and compared with the hashes that were verified. It has nothing
that depends on dismissals, signatures and reviews. The code that stores it authenticates it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from terrace import __version__, typed_json
from terrace.ledger import kinds
from terrace.ledger.authenticity import EventKey, LedgerKey
from terrace.ledger.chain import encode_quickly
from terrace.ledger.collector import without_collector
from terrace.ledger.events.deployments import DeploymentEnded, DeploymentOpened
from terrace.ledger.model import History
from terrace.ledger.old_events import BLOCK, KeptLines, Lines, OldEvents, OldReadable, digest_of, old_events
from terrace.ledger.reader_state import ReaderState
from terrace.ledger.reading import Reader
from terrace.ledger.view import Fold, View

T = TypeVar("T")

FORMAT = 2
"""The version of everything in a snapshot. Raise it with any change of a state or of how it is made."""

LONGEST_TAIL = 1000
"""Events after a snapshot, from which on a new one is made."""

LONGEST_OPEN = 10_000
"""Events since a deployment was opened, up to which a snapshot ends before it. Gates evaluate what was before it."""

_READ_WHEN_NEEDED = frozenset({kinds.STEP_BEGUN, kinds.STEP_LISTED, kinds.STEP_ENDED})
"""Most events of a ledger, and the largest: a snapshot has no lines of them."""


class Snapshot(msgspec.Struct, kw_only=True):
    """The beginning of a ledger: `count` events up to the one with the hash `head`.

    `key` is the id of the key with which MACs were verified, "" without one. `anchor` is where the ledger stores these
    events: a commit of its branch. The other fields are decoded when they are needed.
    """

    format: int
    version: str
    key: str
    anchor: str
    count: int
    head: str
    digests: list[bytes]
    positions: bytes
    ends: bytes
    lines: bytes
    ids: msgspec.Raw
    reader: msgspec.Raw
    folds: dict[str, msgspec.Raw]


def encode(snapshot: Snapshot) -> bytes:
    """Returns the bytes of a snapshot."""
    return msgspec.msgpack.encode(snapshot)


def decode(content: bytes | memoryview, key: LedgerKey) -> Snapshot | None:
    """Returns the snapshot; None if these bytes are not a snapshot of this version of Terrace for this key."""
    try:
        snapshot = typed_json.unpack(content, Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    is_ours = (snapshot.format, snapshot.version, snapshot.key) == (FORMAT, __version__, _key_id(key))
    return snapshot if is_ours and snapshot.count > 0 else None


def recall(snapshot: Snapshot, key: LedgerKey, lines: Lines) -> History:
    """Returns the history of the events of a snapshot. `lines` reads those that it does not have.

    Raises msgspec.DecodeError if the state of the reader is not what it should be.
    """
    kept = KeptLines(array("I", snapshot.positions), array("Q", snapshot.ends), snapshot.lines)
    events = OldEvents(
        snapshot.count, snapshot.digests, kept, lambda: typed_json.unpack(snapshot.ids, frozenset[str]), lines
    )
    with without_collector():
        state = typed_json.unpack(snapshot.reader, ReaderState)
    readable = OldReadable(events, state.invalid, state.times)
    view = View(Reader.of_state(state, events, readable, key), snapshot.count, stored=_Folds(snapshot, readable, state))
    return History.from_snapshot(events, view, key)


def resume(snapshot: Snapshot, history: History, lines: Lines) -> History:
    """Returns the same history, of which the events of a snapshot are no longer in memory."""
    resumed = recall(snapshot, history.key, lines).continue_with(history.events[snapshot.count :])
    # The histories before refer to each other: without this, their events would stay in memory.
    history.forget_earlier()
    return resumed


@dataclass(frozen=True, slots=True)
class _Folds:
    """The folds of a snapshot. `state` is that of the reader."""

    snapshot: Snapshot
    readable: OldReadable
    state: ReaderState

    def fold(self, kind: type[Fold[T]]) -> Fold[T] | None:
        """Returns a fold over the valid events; None if the snapshot does not have it."""
        stored = self.snapshot.folds.get(kind.__name__)
        if stored is None or kind.STATE is None:
            return None
        with without_collector():
            return kind.of_state(typed_json.unpack(stored, kind.STATE), self.readable)


def is_due(history: History) -> bool:
    """Returns whether a new snapshot of a history would have so many more events that it is worth its cost."""
    return _end(history) - _count_of(history) > LONGEST_TAIL


def take(history: History, folds: Iterable[type[Fold[Any]]], anchor: str) -> Snapshot:
    """Returns a snapshot of a history up to the deployments that gates may evaluate. Nothing is dismissed in it."""
    assert not history.undated and not history.absent, "a snapshot has nothing that depends on dismissals"
    count = _end(history)
    covered = history.before(count)
    view = covered.current_view
    known = old_events(history)
    first = len(known) if known is not None else 0
    new = covered.events[first:]
    lines = {
        event.position: encode_quickly(event)
        for event in new
        if event.kind not in _READ_WHEN_NEEDED or event.position in (0, count - 1)
    }
    faults = {fault.event.position: fault.event for fault in view.reading.faults}
    lines |= {at: encode_quickly(event) for at, event in faults.items() if at >= first}
    kept = (known.kept if known is not None else KeptLines((), (), b"")).continue_with(dict(sorted(lines.items())))
    stored = view.stored_folds
    state = stored.state if isinstance(stored, _Folds) else None
    return Snapshot(
        format=FORMAT,
        version=__version__,
        key=_key_id(history.key),
        anchor=anchor,
        count=count,
        head=covered.head,
        digests=_digests(covered, known),
        positions=array("I", kept.positions).tobytes(),
        ends=array("Q", kept.ends).tobytes(),
        lines=kept.content,
        ids=_pack((known.ids if known is not None else frozenset()) | {event.id for event in new}),
        reader=_pack(view.reader.state(covered.events, state)),
        folds={kind.__name__: _pack(view.fold_of(kind).state()) for kind in folds},
    )


def _count_of(history: History) -> int:
    known = old_events(history)
    return len(known) if known is not None else 0


def _end(history: History) -> int:
    """Returns where the next snapshot ends: before the newest deployment, and before older ones that are still open."""
    known, total = _count_of(history), len(history.events)
    opened: dict[str, int] = {}
    newest = total
    for event in history.events[known:]:
        if event.kind == DeploymentOpened.KIND:
            opened.setdefault(event.subject, event.position)
            newest = event.position
        elif event.kind == DeploymentEnded.KIND:
            opened.pop(event.subject, None)
    recent = (position for position in opened.values() if total - position <= LONGEST_OPEN)
    return min((newest, *recent))


def _digests(covered: History, known: OldEvents | None) -> list[bytes]:
    """Returns the digest of each block of events."""
    whole = len(known) // BLOCK if known is not None else 0
    firsts = range(whole * BLOCK, len(covered.events), BLOCK)
    new = (digest_of(covered.events[first : first + BLOCK]) for first in firsts)
    return [*(known.digests[:whole] if known is not None else ()), *new]


def _pack(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


def _key_id(key: LedgerKey) -> str:
    return key.id if isinstance(key, EventKey) else ""
