"""Events as records: what was written stays readable, and whatever else is written is named and acts on nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.compliance import recorded_audits
from terrace.drift import acknowledgements, adopted_drift, checks
from terrace.errors import TerraceError
from terrace.ledger import folds, holds, kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import decode_all, encode, seal, verify
from terrace.ledger.event import Event
from terrace.ledger.events import codec
from terrace.ledger.events.record import Malformed, Record, Unknown
from terrace.ledger.model import GENESIS, Draft, History, draft
from terrace.states import backup_status, restores

GOLDEN = Path(__file__).parent / "golden" / "written.jsonl"
KINDS = {value for name, value in vars(kinds).items() if name.isupper()}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
HOSTILE = st.sampled_from(
    ["", "-x", "--output=/tmp/x", "../../x", "a/../b", "/etc", "x\n", "x\0", "\ud800", "[/x]", "${x}", "a" * 5000, -1]
)
VIEWS: tuple[Callable[[History], object], ...] = (
    folds.deployments,
    lambda h: [holds.hold(h, e) for e in ("prod", "dev")],
    lambda h: [folds.find_unsettled(h, e, 1) for e in ("prod", "dev")],
    lambda h: [folds.live_deployments(h, e) for e in ("prod", "dev")],
    lambda h: [folds.releases(h, e) for e in ("prod", "dev")],
    lambda h: folds.approvals(h, f"{32:012x}"),
    backup_status.backup_statuses,
    backup_status.recorded_hashes,
    backup_status.good_backups,
    restores.restores,
    lambda h: list(recorded_audits.newest_first(h, "prod")),
    lambda h: checks.checks(h, "prod"),
    lambda h: acknowledgements.acknowledgements(h, "prod"),
    lambda h: adopted_drift.find_absorptions(h, "prod"),
)


@cache
def written() -> tuple[Event, ...]:
    """A chain with every kind of event and every shape of each, as Terrace wrote them so far."""
    return decode_all(GOLDEN.read_bytes().splitlines())


def chained(events: list[Event]) -> History:
    """The same events as a chain again."""
    sealed: list[Event] = []
    for event in events:
        previous = sealed[-1].hash if sealed else GENESIS
        said = Draft(event.kind, event.subject, event.actor, event.payload)
        sealed.append(seal(said, position=len(sealed), previous=previous, id=event.id, time=event.time, key=NO_KEY))
    return History(tuple(sealed), key=NO_KEY)


def test_events_of_all_earlier_versions_are_readable() -> None:
    assert verify(written()).ok
    reading = History(written(), key=NO_KEY).reading
    assert [(fault.event.kind, fault.reason) for fault in reading.faults] == []
    assert {event.kind for event in reading.events} == KINDS - {
        kinds.EVENT_DISMISSED,
        kinds.EVENTS_DISMISSED,
        kinds.DATES_DISMISSED,
    }
    assert [encode(event) for event in reading.events] == GOLDEN.read_bytes().splitlines()


def test_every_kind_has_a_record_and_every_record_a_kind() -> None:
    assert set(codec.RECORDS) == KINDS
    assert all(record.__doc__ for record in codec.RECORDS.values())


@pytest.mark.parametrize("event", written(), ids=lambda e: f"{e.position}-{e.kind}")
def test_a_record_says_all_that_the_event_says(event: Event) -> None:
    assert isinstance(event.record, Record)
    again = codec.encode(event.record)
    assert _less(json.loads(json.dumps(event.payload)), json.loads(json.dumps(again))) == []
    back = codec.decode(event.kind, event.subject, event.actor, json.loads(json.dumps(again)))
    assert back == event.record


def _less(one: Any, other: Any, at: str = "$") -> list[str]:
    """Where something of one is not in the other. Times may be written in another way."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [p for k in one for p in (_less(one[k], other[k], f"{at}.{k}") if k in other else [f"{at}.{k}"])]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [p for n, (a, b) in enumerate(zip(one, other, strict=True)) for p in _less(a, b, f"{at}[{n}]")]
    return [] if one == other or at.endswith(".at") else [at]


@given(st.sampled_from(sorted(KINDS)) | st.text(max_size=20), st.text(max_size=12), st.text(max_size=12), JSON)
def test_any_json_is_decoded_or_rejected_with_its_position(kind: str, subject: str, actor: str, value: Any) -> None:
    payload = value if isinstance(value, dict) else {"x": value}
    found = codec.decode(kind, subject, actor, payload, position=7)
    assert isinstance(found, Record) or found.position == 7


def _places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _places(one, (*at, key))


def _with(value: Any, at: tuple[str | int, ...], new: Any) -> Any:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = _with(value[at[0]], at[1:], new)  # type: ignore[index]
    return copy


@settings(max_examples=120)
@given(st.data())
def test_one_event_that_is_something_else_breaks_no_view(data: st.DataObject) -> None:
    events = list(written())
    number = data.draw(st.integers(0, len(events) - 1))
    place = data.draw(st.sampled_from(list(_places(events[number].payload))[1:] or [()]))
    new = data.draw(JSON | HOSTILE)
    payload = _with(events[number].payload, place, new)
    if not isinstance(payload, dict):
        payload = {"x": new}
    events[number] = _of(events[number], payload)
    history = chained(events)
    for view in VIEWS:
        view(history)
    assert all(fault.event.position >= number for fault in history.reading.faults)


def _of(event: Event, payload: dict[str, Any]) -> Event:
    said = Draft(event.kind, event.subject, event.actor, payload)
    return seal(said, position=event.position, previous=event.previous, id=event.id, time=event.time, key=NO_KEY)


@given(st.lists(st.integers(0, len(written()) - 1), max_size=40))
def test_any_order_of_events_breaks_no_view(order: list[int]) -> None:
    history = chained([written()[n] for n in order])
    for view in VIEWS:
        view(history)


HOLDER = {"host": "h", "boot": "b", "pid": 1, "who": "ann"}
OPENED = {
    "environment": "prod",
    "commit": "c" * 40,
    "origin": {"kind": "manual", "by": "ann"},
    "waves": [["prod"]],
    "policy": "p",
}


@pytest.mark.parametrize(
    ("kind", "payload", "field"),
    [
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "commit": "--output=/tmp/x"}, "commit"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "commit": "c" * 40 + "\n"}, "commit"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "commit": "HEAD"}, "commit"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "live": "-p"}, "live"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "settles": "../d1"}, "settles"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "environment": "../prod"}, "environment"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "environment": "dev"}, "waves"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "waves": [["prod"], ["prod"]]}, "waves"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "origin": {"kind": "automatic-rollback", "of": "d0"}}, "origin"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "origin": {"kind": "by-the-moon"}}, "origin.kind"),
        (kinds.DEPLOYMENT_OPENED, {**OPENED, "origin": None}, "origin"),
        (kinds.STEP_BEGUN, {"step": "apply", "stack": "prod", "attempt": "../../../outside"}, "attempt"),
        (kinds.STEP_BEGUN, {"step": "apply", "stack": "prod", "attempt": "/tmp/x"}, "attempt"),
        (kinds.STEP_BEGUN, {"step": "apply", "stack": "prod", "attempt": "."}, "attempt"),
        (kinds.STEP_BEGUN, {"step": "burn", "stack": "prod", "attempt": "a"}, "step"),
        (kinds.STEP_ENDED, {"attempt": "a", "result": "succeeded", "detail": {"tag": "--delete"}}, "detail.tag"),
        (kinds.STEP_ENDED, {"attempt": "a", "result": "succeeded", "detail": {"branch": "a..b"}}, "detail.branch"),
        (kinds.STEP_ENDED, {"attempt": "a", "result": "succeeded", "detail": {"backup": "../x"}}, "detail.backup"),
        (kinds.LEASE_TAKEN, {"holder": HOLDER, "epoch": 1 << 60}, "epoch"),
        (kinds.LEASE_TAKEN, {"holder": {**HOLDER, "pid": "1"}, "epoch": 1}, "holder.pid"),
        (kinds.DEPLOYMENT_ENDED, {"result": "won"}, "result"),
    ],
)
def test_an_id_from_the_ledger_is_no_option_and_no_path(kind: str, payload: dict[str, Any], field: str) -> None:
    found = codec.decode(kind, "d1", "ann", payload, position=3)
    assert isinstance(found, Malformed), found
    assert (found.position, found.field) == (3, field)


@pytest.mark.parametrize(
    ("subject", "actor", "payload", "field"),
    [
        ("-d1", "ann", {}, "subject"),
        ("d1/../d2", "ann", {}, "subject"),
        ("d1\n", "ann", {}, "subject"),
        ("d1", "\ud800", {}, "actor"),
        ("d1", "a" * 2000, {}, "actor"),
        ("d1", "ann", {"x": "\udfff"}, "payload"),
        ("d1", "ann", {"x": json.loads("[" * 100 + "]" * 100)}, "payload"),
        ("d1", "ann", {"x": "a" * (codec.LARGEST + 1)}, "payload"),
    ],
)
def test_what_is_too_deep_too_long_or_no_text_is_named(
    subject: str, actor: str, payload: dict[str, Any], field: str
) -> None:
    found = codec.decode(kinds.LEASE_RELEASED, subject, actor, payload)
    assert isinstance(found, Malformed)
    assert found.field == field


def test_an_event_that_could_not_be_read_back_is_not_written() -> None:
    event = next(e for e in written() if e.kind == kinds.STEP_BEGUN)
    assert isinstance(event.record, Record)
    assert draft(event.record, event.subject, "ann").payload["attempt"] == event.payload["attempt"]
    with pytest.raises(TerraceError, match=r"step\.begun cannot be written.*attempt"):
        draft(msgspec.structs.replace(event.record, attempt="../x"), event.subject, "ann")


def test_an_event_kind_of_a_later_version_is_reported_as_such() -> None:
    assert codec.decode("deployment.painted", "d1", "ann", {}, position=4) == Unknown(4, "deployment.painted")


@pytest.mark.parametrize(
    ("value", "fit"),
    [
        ({"a": [1, None, "x"]}, True),
        (10**30, True),
        ("a" * 300_000, False),
        (json.loads("[" * 40 + "]" * 40), False),
        (["\ud800"], False),
    ],
)
def test_an_output_that_no_event_could_hold_is_told_apart(value: object, fit: bool) -> None:
    assert codec.fits(value) is fit
