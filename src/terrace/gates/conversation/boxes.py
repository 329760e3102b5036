"""A deployment request: an issue with a box for each role, and the handle of what waits. A tick is an answer.

Only what changed counts: exactly one box newly ticked, and nothing else of the text. Whoever edits anything with it has
ticked nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOX = re.compile(r"- \[( |x|X)\] ([A-Za-z0-9][A-Za-z0-9._-]{0,62})")
_ENVIRONMENT = re.compile(r"(?m)^### Environment\n+([A-Za-z0-9][A-Za-z0-9._-]{0,62})$")
_WAITS = re.compile(r"(?m)^### What waits\n+`([0-9a-f]{8})`$")


@dataclass(frozen=True, slots=True)
class Request:
    """What an issue asks for: `handle` names the plans that its boxes are about, "" while it names none."""

    environment: str
    handle: str
    roles: tuple[str, ...]


def request(body: str) -> Request | None:
    """The request of an issue; None where it is none."""
    text = _normal(body)
    environment = _ENVIRONMENT.search(text)
    roles = tuple(found[2] for line in text.split("\n") if (found := _BOX.fullmatch(line)))
    if environment is None or not roles:
        return None
    waits = _WAITS.search(text)
    return Request(environment[1], waits[1] if waits else "", roles)


def ticked(before: str, after: str) -> str | None:
    """The role whose box was ticked, if that is all that changed."""
    old, new = _normal(before).split("\n"), _normal(after).split("\n")
    if len(old) != len(new):
        return None
    changed = [(was, is_) for was, is_ in zip(old, new, strict=True) if was != is_]
    if len(changed) != 1:
        return None
    was, is_ = (_BOX.fullmatch(line) for line in changed[0])
    if was is None or is_ is None or was[2] != is_[2]:
        return None
    return is_[2] if (was[1], is_[1].lower()) == (" ", "x") else None


def about(body: str, handle: str) -> str:
    """The same request about what waits now: its handle, and no box ticked."""
    text = _normal(body)
    cleared = "\n".join(f"- [ ] {found[2]}" if (found := _BOX.fullmatch(line)) else line for line in text.split("\n"))
    section = f"### What waits\n\n`{handle}`" if handle else "### What waits\n\nNothing yet."
    found = re.search(r"(?m)^### What waits\n+[^\n]*$", cleared)
    if found is not None:
        return cleared[: found.start()] + section + cleared[found.end() :]
    return f"{cleared.rstrip()}\n\n{section}\n"


def _normal(body: str) -> str:
    return body.replace("\r\n", "\n")
