"""Text from outside in Markdown: it shows as text and cannot format, mention or link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from terrace.text import clip, visible

_SPECIAL = re.compile(
    r"([\\`*_{}\[\]()<>#+!|~&@:$-]"
    # An address without `https`; and at the beginning a heading, a list item, a code block, a command to GitLab.
    r"|(?<![^\W_])www(?=\.)|\A[=/]|\A[0-9](?=[0-9]{0,8}[.)])|\A (?=   ))",
    re.IGNORECASE,
)
# Becomes a zero-width space after escaping. No text that was made visible contains this character.
_APART = "\x00"
# Forges turn a name between colons into an emoji, and `GH-1` into a link, after rendering.
_RENDERED = re.compile(r"[@#]|:(?=(?:[0-9_+-]*[a-z][a-z0-9_+-]*|100|1234|[+-]1):)|\bgh(?=-[0-9])", re.IGNORECASE)


def plain(text: str) -> str:
    """Returns text from outside as Markdown that shows it letter by letter."""
    shown = _RENDERED.sub(lambda match: f"{match[0]}{_APART}", visible(text))
    return _SPECIAL.sub(_neutralize, shown).replace(_APART, "&#8203;")


def _neutralize(match: re.Match[str]) -> str:
    """Returns a letter that shows and has no effect."""
    return f"&#{ord(match[1][0])};{match[1][1:]}"


def plain_within(text: str, limit: int) -> str:
    """Returns text from outside in one line, cut so that its Markdown takes at most `limit` characters."""
    length = limit
    while len(shown := plain(clip(text, length))) > limit:
        length = length * limit // (len(shown) + 1)
    return shown


def code(text: str) -> str:
    """Returns text from outside in a code span, whatever backticks it contains."""
    shown = visible(text).replace("|", "¦") or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    # Markdown removes one space at both ends, unless the text is only spaces.
    edges = shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` ")
    pad = " " if edges else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str) -> str:
    """Returns a sentence of Terrace in which text between backticks is code; everything else in it is plain text."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join((code(part) if part else "") if odd % 2 else plain(part) for odd, part in enumerate(parts))


def code_block(lines: Iterable[str], language: str = "") -> str:
    """Returns lines from outside in a code block that none of them can close."""
    body = "\n".join(visible(line) for line in lines)
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", body)), default=0) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table; its cells are Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
