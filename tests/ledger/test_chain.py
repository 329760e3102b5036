"""The hash chain: whatever is done to a ledger, the first event that tells is named."""

from __future__ import annotations

import gc
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.errors import Corrupt, TerraceError
from terrace.ledger.authenticity import NO_KEY, EventKey, LedgerKey
from terrace.ledger.chain import decode, decode_all, encode, export, seal, seal_all, verified_events, verify
from terrace.ledger.event import Event
from terrace.ledger.model import GENESIS, Draft

NOON = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC)

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
drafts = st.builds(
    Draft,
    kind=st.sampled_from(["step.begun", "step.ended"]),
    subject=st.text(max_size=10),
    actor=st.text(max_size=10),
    payload=st.dictionaries(st.text(max_size=5), json_data, max_size=3),
)


def chain(given_drafts: list[Draft]) -> tuple[Event, ...]:
    ids = [f"e{i}" for i in range(len(given_drafts))]
    return seal_all(given_drafts, events=0, head=GENESIS, ids=ids, time=NOON, key=NO_KEY)


@given(st.lists(drafts, max_size=6))
def test_sealed_events_verify_and_are_read_back_unchanged(given_drafts: list[Draft]) -> None:
    events = chain(given_drafts)
    found = verify(events)
    assert found.ok
    assert found.head == (events[-1].hash if events else GENESIS)
    assert tuple(decode(line.encode()) for line in export(events)) == events
    assert all(b"\n" not in encode(event) for event in events)


@given(st.lists(drafts, min_size=2, max_size=6), st.data())
def test_any_single_tampering_is_found_where_it_is(given_drafts: list[Draft], data: st.DataObject) -> None:
    events = list(chain(given_drafts))
    at = data.draw(st.integers(0, len(events) - 1))
    how = data.draw(st.sampled_from(["actor", "payload", "time", "kind", "drop", "swap", "repeat"]))
    match how:
        case "drop":
            at = data.draw(st.integers(0, len(events) - 2))
            del events[at]
        case "swap":
            at = data.draw(st.integers(0, len(events) - 2))
            events[at], events[at + 1] = events[at + 1], events[at]
        case "repeat":
            events.insert(at + 1, events[at])
            at += 1
        case "payload":
            events[at] = replace(events[at], payload={**events[at].payload, "tampered": True})
        case "time":
            events[at] = replace(events[at], time=events[at].time + timedelta(microseconds=1))
        case "actor":
            events[at] = replace(events[at], actor=events[at].actor + "x")
        case _:
            events[at] = replace(events[at], kind=events[at].kind + "x")
    found = verify(events)
    assert found.first_bad is not None
    assert found.first_bad.position == at
    with pytest.raises(Corrupt):
        verified_events(events)


def test_a_rewritten_end_of_the_chain_is_detected_by_a_recorded_head() -> None:
    events = chain([Draft("k", "s", "a", {"n": n}) for n in range(4)])
    cut = events[:2]
    assert verify(cut).ok, "a cut chain is a good chain: only a head from outside tells"
    found = verify(cut, expected_head=events[3].hash)
    assert found.first_bad is not None
    assert found.first_bad.position == 2
    assert verify(events, expected_head=events[1].hash).ok


def test_times_of_every_zone_are_kept_as_utc() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    one = seal(Draft("k", "s", "a"), position=0, previous=GENESIS, id="e", time=there, key=NO_KEY)
    assert one == seal(Draft("k", "s", "a"), position=0, previous=GENESIS, id="e", time=NOON, key=NO_KEY)


@pytest.mark.parametrize("value", [1.5, float("nan"), {1: "x"}, b"bytes", {"deep": [object()]}])
def test_values_that_are_not_plain_json_are_refused(value: object) -> None:
    with pytest.raises(TerraceError, match="cannot be written into the ledger"):
        seal(Draft("k", "s", "a", {"v": value}), position=0, previous=GENESIS, id="e", time=NOON, key=NO_KEY)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1.0", "1e3"])
def test_a_stored_number_that_no_ledger_holds_is_no_event(number: str) -> None:
    line = encode(chain([Draft("k", "s", "a", {"n": 1})])[0])
    with pytest.raises(Corrupt):
        decode(line.replace(b'"n":1', f'"n":{number}'.encode()))


def test_a_line_that_is_no_event_is_named_by_its_position() -> None:
    lines = [encode(event) for event in chain([Draft("k", "s", "a")] * 3)]
    assert decode_all(lines) == tuple(decode(line) for line in lines)
    with pytest.raises(Corrupt, match="event 11:"):
        decode_all([lines[0], b"{}", lines[2]], first=10)


@given(st.binary(max_size=60))
def test_random_bytes_raise_corrupt_and_no_other_error(line: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(line)


def _as_before(line: bytes) -> tuple[Event | None, bool]:
    """The event of a line and whether its hash holds, found out from its content alone."""
    try:
        event = decode(line)
    except Corrupt:
        return None, False
    return event, _holds(event)


def _holds(event: Event) -> bool:
    first = verify([event]).first_bad
    return first is None or first.why != "its content was changed"


def _changed(line: bytes, how: str) -> bytes:
    match how:
        case "a blank":
            return line.replace(b'"actor":', b'"actor": ', 1)
        case "a field twice":
            return line.replace(b'"actor":', b'"actor":"eve","actor":', 1)
        case "a field of the payload twice":
            return line.replace(b'"payload":{', b'"payload":{"n":2,', 1)
        case "another field":
            return line.replace(b'"hash":', b'"forged":1,"hash":', 1)
        case "another order":
            return b'{"time":' + line.rpartition(b'"time":')[2][:-1] + b"," + line[1:].rpartition(b',"time":')[0] + b"}"
        case "a number in another form":
            return line.replace(b'"position":0', b'"position":-0', 1)
        case "a character in another form":
            return line.replace(b"a", b"\\u0061", 1)
        case "a character that is not escaped":
            return line.replace(b"\\u00e9", "\u00e9".encode()).replace(b"\\u007f", b"\x7f")
        case "a time in another form":
            return line.replace(b"+00:00", b"Z", 1)
        case "an empty code":
            return line.replace(b'"hash":', b'"code":"","hash":', 1)
        case "another hash":
            return line.replace(b'"hash":"', b'"hash":"0', 1)
        case "another id":
            return line.replace(b'"id":"', b'"id":"x', 1)
    return line


CHANGES = (
    *("nothing", "a blank", "a field twice", "a field of the payload twice", "another field", "another order"),
    *("a number in another form", "a character in another form", "a character that is not escaped"),
    *("a time in another form", "an empty code", "another hash", "another id"),
)


@pytest.mark.parametrize("how", CHANGES)
@given(drafts, st.sampled_from((NO_KEY, EventKey.of(b"key"))))
def test_a_line_that_is_verified_by_its_bytes_is_what_its_content_says(how: str, one: Draft, key: LedgerKey) -> None:
    marked = replace(one, actor="ann\u00e9\x7f" if "escaped" in how else one.actor, payload={"n": 1, **one.payload})
    (event,) = seal_all([marked], events=0, head=GENESIS, ids=["e"], time=NOON, key=key)
    line = _changed(encode(event), how)
    expected, holds = _as_before(line)
    try:
        (found,) = decode_all([line])
    except Corrupt:
        assert expected is None
        return
    assert found == expected
    assert _holds(found) == holds
    assert expected is not None
    assert found.record == expected.record
    if found.hash_holds:
        assert encode(found) == line, "two readers of these bytes see one event"


def test_most_lines_are_verified_by_their_bytes_and_a_changed_copy_is_not() -> None:
    (event,) = decode_all([encode(chain([Draft("k", "s", "a", {"n": [1, {"x": None}]})])[0])])
    assert event.hash_holds
    assert not replace(event, actor="eve").hash_holds
    assert verify([replace(event, actor="eve")]).first_bad is not None


def test_the_garbage_collector_is_enabled_again_after_events_were_read() -> None:
    assert gc.isenabled()
    decode_all([])
    with pytest.raises(Corrupt):
        decode_all([b"{"])
    assert gc.isenabled()


@pytest.mark.parametrize("depth", [10, 60, 62, 63, 64, 65, 100])
def test_the_depth_of_a_payload_that_is_read_from_a_line_has_its_bound(depth: int) -> None:
    payload: object = 1
    for number in range(depth):
        payload = [payload] if number % 2 else {"n": payload}
    draft = Draft("environment.held", "dev", "ann", {"reason": "x", "n": payload, "brackets": "[" * 80})
    (event,) = decode_all([encode(chain([draft])[0])])
    assert event.record == replace(event).record
