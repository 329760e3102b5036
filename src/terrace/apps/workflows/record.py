"""The lock file: the generated files, the version of Terrace, and the pinned actions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from terrace.apps.workflows.pins import Pin, repinned, used
from terrace.errors import BadInput

LOCK = ".github/terrace.lock.json"
SCHEMA = "terrace/github-lock@1"

_HASH = re.compile(r"[0-9a-f]{64}")
_NOWHERE = Pin("v0", "0" * 40)


@dataclass(frozen=True, slots=True)
class Record:
    """The content of the lock file. `files` are the hashes of the files as written, by path; `clouds` are those with
    requested trust policies."""

    terrace: str = ""
    actions: Mapping[str, Pin] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    clouds: tuple[str, ...] = ()


def hashed(text: str) -> str:
    """Returns the hash of a file without its action versions: an upgrade of an action is not a change of the file."""
    return hashlib.sha256(repinned(text, dict.fromkeys(used(text), _NOWHERE)).encode()).hexdigest()


def encoded(record: Record) -> str:
    """Returns the text of the lock file."""
    fields = {
        "schema": SCHEMA,
        "terrace": record.terrace,
        "clouds": list(record.clouds),
        "actions": {
            action: {"version": pin.version, "commit": pin.commit} for action, pin in sorted(record.actions.items())
        },
        "files": dict(sorted(record.files.items())),
    }
    return json.dumps(fields, indent=2) + "\n"


def decoded(text: str) -> Record:
    """Returns the content of a lock file. Raises BadInput for one that Terrace did not write."""
    try:
        return _read(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"{LOCK} does not have the format that Terrace writes", hint="restore it from Git") from error


def _read(document: Any) -> Record:
    files = {str(path): str(value) for path, value in document["files"].items()}
    if document["schema"] != SCHEMA or not all(_HASH.fullmatch(value) for value in files.values()):
        raise ValueError
    actions = {str(name): Pin(str(pin["version"]), str(pin["commit"])) for name, pin in document["actions"].items()}
    return Record(str(document["terrace"]), actions, files, tuple(str(cloud) for cloud in document["clouds"]))
