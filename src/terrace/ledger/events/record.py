"""The base of all records, and the record of an event without a known one."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

About = Literal["ledger", "deployment", "environment", "stack", "comment", "digest"]
"""The meaning of the subject of a kind of event."""


class Part(msgspec.Struct, frozen=True):
    """A part of a payload. `OMITTED` names the fields that are not written while they have their default value."""

    OMITTED: ClassVar[frozenset[str]] = frozenset()


class Record(Part, frozen=True):
    """The payload of one kind of event, read and validated. Fields are only ever added, each with a default.

    `KIND` is the kind of the event; `ABOUT` says what its subject names. A field that some writers leave out and others
    write with a value that equals its default has the default UNSET.
    """

    KIND: ClassVar[str]
    ABOUT: ClassVar[About]


class Unknown(msgspec.Struct, frozen=True):
    """An event of a kind that this version of Terrace does not know: a later version or another program wrote it."""

    position: int
    kind: str


class Malformed(msgspec.Struct, frozen=True):
    """An event that is not what its kind says. `field` is where it is wrong, in the words of its JSON."""

    position: int
    field: str
    why: str
