"""Decides what an upgrade does with each generated file: three texts decide, since people may have changed it.

    as it was written   as it is there   as it would be written
    the same            the same         another                  written: not changed by people
    the same            another          the same, or another kept, and reported: people changed it
    none                something        something                kept, and reported: it existed before Terrace
    something           nothing          something                not written, and reported: people removed it
    something           the same         nothing removed

A newer version of an action in a file is kept, and is ignored as a change.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from terrace.apps.workflows.pins import find_pins, replace_pins
from terrace.apps.workflows.record import Record, hash_file


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The changes, by path. `writes` are texts to write; `gone` are files to remove; `kept` are files that people
    changed, each with the text that Terrace would write; `missed` are files that people removed. `record` is the new
    lock file."""

    writes: Mapping[str, str]
    gone: tuple[str, ...]
    kept: Mapping[str, str]
    missed: tuple[str, ...]
    record: Record


def upgrade(files: Mapping[str, str], existing: Mapping[str, str], before: Record, after: Record) -> Upgrade:
    """Returns the changes that write `files`. `existing` are the files in the repository at these paths and at those of
    `before`; `after` is the new lock file without the files."""
    writes, edited, missed = {}, {}, []
    remembered: dict[str, str] = {}
    for path, fresh in files.items():
        old, now = before.files.get(path), existing.get(path)
        text = fresh if now is None else _with_their_versions(fresh, now, before)
        if now is None and old is not None:
            missed.append(path)
            remembered[path] = old
        elif now is None or hash_file(now) in (old, hash_file(text)):
            remembered[path] = hash_file(text)
            if now != text:
                writes[path] = text
        else:
            edited[path] = text
            if old is not None:
                remembered[path] = old
    dropped = {path: old for path, old in before.files.items() if path not in files and path in existing}
    gone = tuple(sorted(path for path, old in dropped.items() if hash_file(existing[path]) == old))
    record = Record(after.terrace, after.actions, remembered, after.clouds)
    return Upgrade(writes, gone, edited, tuple(missed), record)


def _with_their_versions(text: str, existing: str, before: Record) -> str:
    """Returns the text with the versions of actions that people chose in the file."""
    own_pins = {action: pin for action, pin in find_pins(existing).items() if pin != before.actions.get(action)}
    return replace_pins(text, own_pins)


def diff(path: str, old: str, new: str) -> str:
    """Returns the changes of a file, as a unified diff."""
    lines = difflib.unified_diff(
        old.splitlines(),
        new.splitlines(),
        f"a/{path}" if old else "/dev/null",
        f"b/{path}" if new else "/dev/null",
        lineterm="",
    )
    return "\n".join(lines)
