"""Numbers, lists, spans of time and attribute paths in words, so that every message writes them in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Returns a number with its noun: `1 stack`, `2 stacks`. `nouns` is the plural where it does not end in `s`."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def and_more(count: int, noun: str = "") -> str:
    """Returns the end of a list that leaves out `count` items: `and 3 more`, or `and 3 more findings`; "" for none."""
    if count <= 0:
        return ""
    return f"and {plural(count, f'more {noun}')}" if noun else f"and {count:,} more"


def join_some(items: Sequence[str], most: int, separator: str = ", ") -> str:
    """Returns at most `most` items in one line: `a, b and 3 more`."""
    return " ".join(part for part in (separator.join(items[:most]), and_more(len(items) - most)) if part)


def duration(span: timedelta, units: int = 4) -> str:
    """Returns a span of time in at most so many units: `1h 30m`. It is rounded up to a second; `0s` where negative."""
    seconds = max(0, -(-span // timedelta(seconds=1)))
    numbers = ((seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    shown = [f"{number}{unit}" for number, unit in numbers]
    first = next((index for index, (number, _) in enumerate(numbers) if number), len(numbers) - 1)
    chosen = zip(numbers[first : first + units], shown[first : first + units], strict=True)
    return " ".join(text for (number, _), text in chosen if number) or "0s"


def ago(then: datetime | None, now: datetime) -> str:
    """Returns how long ago a moment was, in its largest unit: `3h ago`; `-` where it is unknown."""
    return "-" if then is None else f"{duration(now - then, units=1)} ago"


def attribute_path(path: Sequence[str | int]) -> str:
    """Returns the path of an attribute as Terraform writes it: `ingress[0].cidr_blocks`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
