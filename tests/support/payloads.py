"""Records as the JSON data of events, for tests that write events by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from terrace.ledger.events.steps import Detail
from terrace.ledger.origins import origin_record
from terrace.stacks.model import Origin


def payload_of(record: msgspec.Struct) -> dict[str, Any]:
    """Returns a record as JSON data, with every field that has a value."""
    payload: dict[str, Any] = msgspec.to_builtins(record)
    return payload


def origin_payload(origin: Origin) -> dict[str, Any]:
    """Returns an origin as JSON data."""
    return payload_of(origin_record(origin))


def detail_of(**values: object) -> Detail:
    """Returns the detail of a step that is read from this JSON data."""
    return msgspec.convert(values, Detail)
