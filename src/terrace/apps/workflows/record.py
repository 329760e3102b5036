"""The lock file: the generated files, the version of Terrace, and the pinned actions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from terrace import typed_json
from terrace.apps.workflows.pins import Pin, find_pins, replace_pins
from terrace.errors import BadInput
from terrace.report.json.record import encode
from terrace.report.json.setup import GithubLock, PinnedAction

LOCK = ".github/terrace.lock.json"

_NOWHERE = Pin("v0", "0" * 40)


@dataclass(frozen=True, slots=True)
class Record:
    """The content of the lock file. `files` are the hashes of the files as written, by path; `clouds` are those with
    requested trust policies."""

    terrace: str = ""
    actions: Mapping[str, Pin] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    clouds: tuple[str, ...] = ()


def hash_file(text: str) -> str:
    """Returns the hash of a file without its action versions: an upgrade of an action is not a change of the file."""
    return hashlib.sha256(replace_pins(text, dict.fromkeys(find_pins(text), _NOWHERE)).encode()).hexdigest()


def encode_record(record: Record) -> str:
    """Returns the text of the lock file."""
    return encode(
        GithubLock(
            terrace=record.terrace,
            clouds=record.clouds,
            actions={
                action: PinnedAction(version=pin.version, commit=pin.commit)
                for action, pin in sorted(record.actions.items())
            },
            files=dict(sorted(record.files.items())),
        )
    )


def decode(text: str) -> Record:
    """Returns the content of a lock file. Raises BadInput for one that Terrace did not write."""
    try:
        lock = typed_json.decode(text.encode("utf-8", "surrogatepass"), GithubLock)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{LOCK} does not have the format that Terrace writes", hint="restore it from Git") from error
    actions = {name: Pin(pin.version, pin.commit) for name, pin in lock.actions.items()}
    return Record(lock.terrace, actions, lock.files, lock.clouds)
