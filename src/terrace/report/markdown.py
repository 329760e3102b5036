"""Text from outside as Markdown in which it is only text: it cannot format, mention or link."""

from __future__ import annotations

import re
from collections.abc import Iterable

from terrace.report.text import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:$-])")


def plain(text: str) -> str:
    """Text from outside as Markdown that shows it letter by letter."""
    return _SPECIAL.sub(_shown, visible(text))


def _shown(found: re.Match[str]) -> str:
    """One letter that shows, and does nothing. Forges look for @names and #numbers in what was rendered: an empty space
    goes between."""
    return f"&#{ord(found[1])};" + ("&#8203;" if found[1] in "@#" else "")


def code(text: str) -> str:
    """Text from outside in a code span, whatever backticks it holds."""
    shown = visible(text).replace("|", "¦")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
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
