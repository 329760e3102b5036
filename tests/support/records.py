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


def validate(output: str) -> JsonRecord:
    """Returns the record that a command printed.

    Raises msgspec.ValidationError for an unknown schema, and for a field that is missing, unknown or of another type.
    """
    # A file name that is not UTF-8 is printed with lone surrogates, which only the decoder of Python reads.
    text = json.dumps(json.loads(output), ensure_ascii=False).encode("utf-8", "replace")
    record: JsonRecord = _DECODER.decode(text)
    return record
