"""Text from outside on its way to people: nothing in it may act on a reader, a terminal, or the log of a job."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 20_000
"""Characters of one field that are shown where no other limit is given."""

MARKS = 4
"""Combining marks on one letter that are shown: more of them paint over the lines around it."""

# `str.isprintable` takes these for printable, and they show nothing: fillers, selectors, an empty Braille cell.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_SELECTORS = "\ufe0e\ufe0f"
# `@ann`, `#1`, `!1`, `GH-1`, `[skip ci]`, `***NO_CI***`, an address of an issue, a trailer.
_ACTING = re.compile(r"([@#!\[*:]|\bgh-(?=\d))(?=\S)", re.IGNORECASE)
_BRACKET = re.compile(r"(##[A-Za-z]*)\[")
_COLONS = re.compile(r"(?m)^([^\S\n]*:):")


def visible(text: str) -> str:
    """One line that shows by its number every character that acts on a terminal or shows nothing itself: control and
    format characters, line breaks, unusual spaces, fillers, more marks on a letter than a language needs."""
    if text.isascii():
        return text if text.isprintable() else "".join(c if c.isprintable() else _number(c) for c in text)
    shown: list[str] = []
    marks, selectable = 0, False
    for c in text:
        # Such a selector makes a picture of the sign before it, as people's keyboards write it.
        if c in _SELECTORS and selectable:
            shown.append(c)
            selectable = False
            continue
        marks = marks + 1 if unicodedata.category(c) in ("Mn", "Me") else 0
        is_visible = c.isprintable() and marks <= MARKS and not _UNSEEN.match(c)
        shown.append(c if is_visible else _number(c))
        selectable = is_visible and unicodedata.category(c) == "So"
    return "".join(shown)


def clip(text: str, limit: int = 300) -> str:
    """Text from outside in one line without control characters, cut where it is longer than `limit`."""
    # Cut before and after: what is made visible grows, and must not grow from a megabyte.
    shown = visible(" ".join(text[: limit * 4].split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def field(text: str, limit: int = LONGEST) -> str:
    """Text from outside in one line, letter by letter, cut where it is longer than `limit`."""
    shown = visible(text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def readable(text: str) -> str:
    """Text from outside whose lines stay lines, with every other control and format character made visible."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def harmless(lines: str) -> str:
    """Lines for the log of a CI job, in which no line is a command to the runner of the job.

    GitHub Actions obeys `::name::` at the beginning of a line and `##[name]` anywhere in one, Azure Pipelines
    `##vso[name]`.
    """
    return _COLONS.sub(r"\1\\x3a", _BRACKET.sub(r"\1\\x5b", lines))


def json_text(text: str) -> str:
    """JSON, the same value, in which no line is a command to the runner of a job."""
    # In JSON, two hash signs occur in strings only.
    return _BRACKET.sub(r"\1\\u005b", text)


def commit_text(text: str, limit: int = 500) -> str:
    """Text from outside as part of a line in the message of a commit or a tag.

    Forges act on such messages: they call people, close issues, skip the checks of a commit, and take lines at the end
    for authors. A space parts what they look for.
    """
    return _ACTING.sub(r"\1 ", clip(text, limit))


def _number(c: str) -> str:
    """`\\x1b`, `\\u202e`, `\\U000e0041`: a character by its number."""
    code = ord(c)
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(c)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
