"""JSON records as the data that a program reads."""

from __future__ import annotations

import json
from typing import Any, Union

import msgspec

from terrace.report.json.all import RECORDS
from terrace.report.json.record import JsonRecord, encode

_DECODER = msgspec.json.Decoder(Union[RECORDS])  # noqa: UP007 - made of a tuple


def data_of(record: JsonRecord) -> Any:
    """Returns a record, encoded and decoded again."""
    return json.loads(encode(record))


def validated(output: str) -> JsonRecord:
    """Returns the record that a command printed.

    Raises msgspec.ValidationError for an unknown schema, and for a field that is missing, unknown or of another type.
    """
    record: JsonRecord = _DECODER.decode(output)
    return record
