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

from terrace.apps.workflows.pins import repinned, used
from terrace.apps.workflows.record import Record, hashed


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


def upgrade(files: Mapping[str, str], there: Mapping[str, str], before: Record, after: Record) -> Upgrade:
    """Returns the changes that write `files`. `there` are the existing files at these paths and at those of `before`;
    `after` is the new lock file without the files."""
    writes, kept, missed = {}, {}, []
    remembered: dict[str, str] = {}
    for path, fresh in files.items():
        old, now = before.files.get(path), there.get(path)
        text = fresh if now is None else _with_their_versions(fresh, now, before)
        if now is None and old is not None:
            missed.append(path)
            remembered[path] = old
        elif now is None or hashed(now) in (old, hashed(text)):
            remembered[path] = hashed(text)
            if now != text:
                writes[path] = text
        else:
            kept[path] = text
            if old is not None:
                remembered[path] = old
    left = {path: old for path, old in before.files.items() if path not in files and path in there}
    gone = tuple(sorted(path for path, old in left.items() if hashed(there[path]) == old))
    record = Record(after.terrace, after.actions, remembered, after.clouds)
    return Upgrade(writes, gone, kept, tuple(missed), record)


def _with_their_versions(text: str, there: str, before: Record) -> str:
    """Returns the text with the versions of actions that people chose in the file."""
    theirs = {action: pin for action, pin in used(there).items() if pin != before.actions.get(action)}
    return repinned(text, theirs)


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
