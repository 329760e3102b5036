"""The grammars of everything that comes from the ledger and is used as more than text: ids, commits, names, paths.

Anyone who can write to the ledger can choose these values. None can be an option, leave its folder, or end a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, get_args

from msgspec import Meta

from terrace.config.naming import NAME
from terrace.hcl.addresses import ADDRESS_PATTERN, LONGEST, RESOURCE_PATTERN, SIGHTED_PATTERN

_NAME = NAME.pattern
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,254}"

Id = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
"""A deployment, an attempt, a restore, an event: 12 hexadecimal digits today. One part of a path, no option."""

IdOrNone = Annotated[str, Meta(pattern=r"\A(?:[A-Za-z0-9][A-Za-z0-9_-]{0,63})?\Z")]
"""An id, or "" for none."""

Commit = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")]
"""A whole commit id."""

CommitOrNone = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{40}|[0-9a-f]{64})?\Z")]
"""A whole commit id, or "" for none."""

EnvironmentName = Annotated[str, Meta(pattern=rf"\A{_NAME}\Z")]
"""An environment, as terrace.yaml may name one."""

EnvironmentOrNone = Annotated[str, Meta(pattern=rf"\A(?:{_NAME})?\Z")]
"""An environment, or "" for none."""

StackKey = Annotated[str, Meta(pattern=rf"\A{_NAME}(?:/{_NAME})?\Z")]
"""A stack: `dev`, or `prod/network`."""

StackOrNone = Annotated[str, Meta(pattern=rf"\A(?:{_NAME}(?:/{_NAME})?)?\Z")]
"""A stack, or "" where it is the whole environment's."""

Word = Annotated[str, Meta(pattern=r"\A(?:[A-Za-z0-9_][A-Za-z0-9._:+=/-]{0,254})?\Z")]
"""A hash, a version, the id of a key, or "": printable, without spaces, not an option."""

_FOLDER = (
    r"(?:\.|(?!-)(?!/)(?!(?:.*/)?(?:\.{1,2}|\.git)(?:/|\Z))(?!.*//)(?!.*/\Z)"
    r"[^\x00-\x1f\x7f\\]{1,1024})"
)

Folder = Annotated[str, Meta(pattern=rf"\A{_FOLDER}\Z")]
"""A folder of the repository, from its root: relative, without `..`; `.` is the root itself."""

FolderOrNone = Annotated[str, Meta(pattern=r"\A(?:|" + _FOLDER + r")\Z")]
"""A folder of the repository, or "" where none is known."""

BackupName = Annotated[str, Meta(pattern=rf"\A{_PART}(?:/{_PART}){{0,9}}\Z")]
"""A copy of a state in the store of backups."""

BackupOrNone = Annotated[str, Meta(pattern=rf"\A(?:{_PART}(?:/{_PART}){{0,9}})?\Z")]
"""A copy of a state, or "" for none."""

Ref = Annotated[
    str,
    Meta(pattern=r"\A(?!.*(?:\.\.|//|@\{|/\.|\.lock(?:/|\Z)|[/.]\Z))[A-Za-z0-9_][A-Za-z0-9._/+@-]{0,254}\Z"),
]
"""The name of a tag or branch."""

RefOrNone = Annotated[
    str,
    Meta(pattern=r"\A(?:(?!.*(?:\.\.|//|@\{|/\.|\.lock(?:/|\Z)|[/.]\Z))[A-Za-z0-9_][A-Za-z0-9._/+@-]{0,254})?\Z"),
]
"""The name of a tag or branch, or ""."""

Lineage = Annotated[str, Meta(pattern=r"\A[ -~]{0,255}\Z")]
"""The lineage of a state: Terraform writes a UUID, and reads anything; "" while there is no state."""

ResourceAddress = Annotated[str, Meta(pattern=RESOURCE_PATTERN, max_length=LONGEST)]
"""An object of a stack: `module.a["k"].aws_instance.web[0]`."""

SightedAddress = Annotated[str, Meta(pattern=SIGHTED_PATTERN, max_length=LONGEST)]
"""An object of a stack, or one of its outputs."""

AnyAddress = Annotated[str, Meta(pattern=ADDRESS_PATTERN, max_length=LONGEST)]
"""An object, or a module."""

ForgeId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
"""A comment, a review, a change or a run, as the forge numbers them."""

Login = Annotated[str, Meta(pattern=r"\A(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,254}(?:\[bot\])?)?\Z")]
"""An account of a forge."""

Line = Annotated[str, Meta(max_length=1024)]
"""A short text: a name, a host. It may hold anything, and is only ever compared and shown."""

Text = Annotated[str, Meta(max_length=1 << 20)]
"""Text of people and programs. It may hold anything, and is only ever shown."""

Count = Annotated[int, Meta(ge=0, le=1 << 53)]
"""How many."""

Serial = Annotated[int, Meta(ge=-1, le=1 << 53)]
"""The serial of a state; -1 if it is unknown."""

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its zone. `is_plausible` checks whether one is in the usable range."""

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def is_plausible(time: datetime) -> bool:
    """Returns whether a time is in a range in which every sum with a duration in terrace.yaml is a time."""
    return time.tzinfo is not None and _EARLIEST <= time < _LATEST


def is_of(grammar: object, text: str) -> bool:
    """Returns whether a text matches one of these grammars."""
    return re.search(pattern_of(grammar), text) is not None


def pattern_of(grammar: object) -> str:
    """The pattern of one of these grammars."""
    return next(str(meta.pattern) for meta in get_args(grammar)[1:] if meta.pattern)


NAMES: Mapping[str, str] = {
    pattern_of(grammar): name
    for grammar, name in (
        (Id, "an id"),
        (IdOrNone, "an id"),
        (Commit, "a whole commit id"),
        (CommitOrNone, "a whole commit id"),
        (EnvironmentName, "an environment"),
        (StackKey, "a stack"),
        (StackOrNone, "a stack"),
        (Word, "a word"),
        (Folder, "a folder of the repository"),
        (BackupName, "a copy of a state"),
        (BackupOrNone, "a copy of a state"),
        (Ref, "a tag or branch"),
        (RefOrNone, "a tag or branch"),
        (Lineage, "a lineage"),
        (ResourceAddress, "an address of an object"),
        (SightedAddress, "an address of an object or output"),
        (AnyAddress, "an address"),
        (Login, "an account"),
    )
}
"""Descriptions of the grammars by pattern, for messages about invalid values."""
