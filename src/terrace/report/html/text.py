"""Text on its way into HTML. Whatever comes from outside goes through `text` or `code`, and through nothing else."""

from __future__ import annotations

import re
from html import escape

from terrace.text import clipped, readable

LONGEST = 600
"""Characters of one text that are shown."""


def text(said: str, limit: int = LONGEST) -> str:
    """One line of text, escaped, with what acts on a reader's eyes made visible."""
    return escape(clipped(said, limit))


def prose(said: str, limit: int = LONGEST) -> str:
    """A sentence of ours or of a tool: what stands between backticks is code."""
    return re.sub("`([^`<>]+)`", r"<code>\1</code>", text(said, limit))


def code(said: str, limit: int = LONGEST) -> str:
    """The same as code."""
    return f"<code>{text(said, limit)}</code>"


def block(said: str, limit: int = 4000) -> str:
    """Text whose lines stay lines."""
    shown = readable(said[:limit]) + ("\n…" if len(said) > limit else "")
    return f"<pre>{escape(shown)}</pre>"


def plural(number: int, one: str, more: str = "") -> str:
    """A number with its noun: `1 stack`, `2 stacks`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"
