"""Text from outside on its way to people: nothing in it may act on whoever reads it."""

from __future__ import annotations


def visible(text: str) -> str:
    """Text from outside with every control and format character made visible, so that it cannot act on a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def clipped(text: str, limit: int = 300) -> str:
    """Text from outside in one line without control characters, cut where it is longer than `limit`."""
    # Cut before and after: what is made visible grows, and must not grow from a megabyte.
    shown = visible(" ".join(text[: limit * 4].split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def readable(text: str) -> str:
    """Text from outside whose lines stay lines, with every other control and format character made visible."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))
