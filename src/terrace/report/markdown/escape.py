"""Text from outside as Markdown in which it is only text: it cannot format, mention or link."""

from __future__ import annotations

import re
from collections.abc import Iterable

from terrace.text import clipped, visible

_SPECIAL = re.compile(
    r"([\\`*_{}\[\]()<>#+!|~&@:$-]"
    # An address without `https`; and at the beginning a heading, an item, a block of code, a command to GitLab.
    r"|(?<![^\W_])www(?=\.)|\A[=/]|\A[0-9](?=[0-9]{0,8}[.)])|\A (?=   ))",
    re.IGNORECASE,
)
# An empty space goes between, once all is escaped: no text that was made visible holds this.
_APART = "\x00"
# A picture is made of a name between colons, and an issue found by `GH-1`, in what was rendered.
_RENDERED = re.compile(r"[@#]|:(?=(?:[0-9_+-]*[a-z][a-z0-9_+-]*|100|1234|[+-]1):)|\bgh(?=-[0-9])", re.IGNORECASE)


def plain(text: str) -> str:
    """Text from outside as Markdown that shows it letter by letter."""
    shown = _RENDERED.sub(lambda found: f"{found[0]}{_APART}", visible(text))
    return _SPECIAL.sub(_shown, shown).replace(_APART, "&#8203;")


def _shown(found: re.Match[str]) -> str:
    """One letter that shows, and does nothing."""
    return f"&#{ord(found[1][0])};{found[1][1:]}"


def plain_within(text: str, limit: int) -> str:
    """The same in one line, cut so that it takes at most `limit` characters."""
    length = limit
    while len(shown := plain(clipped(text, length))) > limit:
        length = length * limit // (len(shown) + 1)
    return shown


def code(text: str) -> str:
    """Text from outside in a code span, whatever backticks it holds."""
    shown = visible(text).replace("|", "¦") or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    # One space at both ends is taken for padding, where there is more than spaces.
    edges = shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` ")
    pad = " " if edges else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str) -> str:
    """A sentence of ours, with what stands between backticks as code; whatever else it holds is only text."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join((code(part) if part else "") if odd % 2 else plain(part) for odd, part in enumerate(parts))


def fenced(lines: Iterable[str], language: str = "") -> str:
    """Lines from outside in a code block that none of them can close."""
    body = "\n".join(visible(line) for line in lines)
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", body)), default=0) + 1)
    return f"{fence}{language}\n{body}\n{fence}"
