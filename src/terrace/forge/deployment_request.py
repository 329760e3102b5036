"""A deployment request: an issue with a checkbox for each role, and the handle of the pending plans. A tick is an
answer.

Only what changed counts: exactly one box newly ticked, and nothing else of the text. A tick together with another edit
is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrace.forge.plain_lines import LONGEST, reader

if TYPE_CHECKING:
    from markdown_it.token import Token

_BOX = re.compile(r"- \[( |x|X)\] ([A-Za-z0-9][A-Za-z0-9._-]{0,62})")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_WAITS = re.compile(r"`([0-9a-f]{32})`")


@dataclass(frozen=True, slots=True)
class Request:
    """The request of an issue: `handle` names the plans that its boxes are about, "" while it names none."""

    environment: str
    handle: str
    roles: tuple[str, ...]


def request(body: str) -> Request | None:
    """Returns the request of an issue; None if it is not one, or may display something else than its text."""
    text = _normal(body)
    if len(text) > LONGEST or "### Environment" not in text:
        return None
    tokens = reader().parse(text)
    if any(node.type in ("html_block", "html_inline") for token in tokens for node in (token, *(token.children or ()))):
        # It may hide a part, and show another one in its place.
        return None
    environments, waits = (
        _paragraphs_below(tokens, "Environment"),
        _paragraphs_below(tokens, "Pending plans", "What waits"),
    )
    lines = text.split("\n")
    lists = [token.map for token in tokens if token.type == "bullet_list_open" and token.level == 0 and token.map]
    roles = tuple(
        match[2] for begin, end in lists for line in lines[begin:end] if (match := _BOX.fullmatch(line)) is not None
    )
    if len(environments) != 1 or not _ENVIRONMENT.fullmatch(environments[0]) or len(waits) > 1 or not roles:
        return None
    handle = _WAITS.fullmatch(waits[0]) if waits else None
    return Request(environments[0], handle[1] if handle else "", roles)


def _paragraphs_below(tokens: Sequence[Token], *titles: str) -> list[str]:
    """Returns the paragraph below each heading with one of these titles, as written."""
    return [
        tokens[at + 4].content if at + 4 < len(tokens) and tokens[at + 3].type == "paragraph_open" else ""
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and tokens[at + 1].content in titles
    ]


def find_ticked_role(before: str, after: str) -> str | None:
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


def update_request(body: str, handle: str) -> str:
    """Returns the same request for the current pending plans: their handle, and no box ticked."""
    text = _normal(body)
    cleared = "\n".join(f"- [ ] {match[2]}" if (match := _BOX.fullmatch(line)) else line for line in text.split("\n"))
    section = f"### Pending plans\n\n`{handle}`" if handle else "### Pending plans\n\nNothing yet."
    match = re.search(r"(?m)^### (?:Pending plans|What waits)\n+[^\n]*$", cleared)
    if match is not None:
        return cleared[: match.start()] + section + cleared[match.end() :]
    return f"{cleared.rstrip()}\n\n{section}\n"


def _normal(body: str) -> str:
    return body.replace("\r\n", "\n")
