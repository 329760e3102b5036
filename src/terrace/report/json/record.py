"""The base of all JSON records, their encoding, and the format of moments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

Json = dict[str, Any]
"""A JSON object as Python data."""


class JsonRecord(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One JSON object, or a part of one. A field that has a default is left out while its value is the default.

    A record that a command prints is tagged with its schema, `terrace/<command>@1`. Fields are only ever added.
    The docstring below a field describes it in the reference page and in the JSON Schema.
    """


def encode(record: JsonRecord) -> str:
    """Returns a record as JSON in ASCII, indented, with a line break at the end."""
    # Texts may hold lone surrogates, for bytes of file names that are not UTF-8: msgspec's own encoder refuses them.
    return json.dumps(msgspec.to_builtins(record), indent=2, ensure_ascii=True) + "\n"


def format_time(moment: datetime) -> str:
    """Returns a moment as ISO 8601 in UTC: `2026-01-31T12:00:00Z`."""
    return moment.isoformat().replace("+00:00", "Z")


def format_optional_time(moment: datetime | None) -> str | None:
    """Returns a moment as ISO 8601 in UTC; None where it is unknown."""
    return format_time(moment) if moment is not None else None


def with_offset(moment: datetime) -> str:
    """Returns a moment as ISO 8601 in UTC with the offset `+00:00`, as objects about single events have it."""
    return moment.astimezone(UTC).isoformat()


Counts = Mapping[str, int]
"""Numbers by name."""
