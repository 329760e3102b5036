"""Patterns that names must fit: two usual conventions by name, or a regular expression that cannot run away.

Names come from whoever opens a pull request. An expression is taken only if matching a name of any kind takes a few
milliseconds at most: no group is repeated, and little else is.
"""

from __future__ import annotations

import re
from functools import lru_cache

WORDS = {
    "snake_case": r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*",
    "kebab-case": r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
    "any": r"(?s:.*)",
}
"""Conventions by name."""

LONGEST_NAME = 128
"""Longer names fit no expression."""

LONGEST = 200
MOST_REPEATED = 3

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|[*+?]|\{\d*,?\d*\}|.", re.DOTALL)


def fault(pattern: str) -> str | None:
    """What is wrong with a pattern; None for one that may be used."""
    if pattern in WORDS:
        return None
    if len(pattern) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"it is no regular expression: {error}"
    repeated, before = 0, ""
    for token in _TOKEN.findall(pattern):
        if token == "(?":
            return "it has a group that looks around, has a name, or sets flags"
        if re.fullmatch(r"\\[1-9]", token):
            return "it refers back to a group"
        if token in ("*", "+") or (token[0] == "{" and len(token) > 1):
            if before == ")":
                return "it repeats a group, which may take forever"
            repeated += 1
        before = token
    return f"it repeats more than {MOST_REPEATED} times" if repeated > MOST_REPEATED else None


def fits(name: str, pattern: str) -> bool:
    """Whether a whole name is as a pattern, which has no fault, wants it."""
    if pattern in WORDS:
        return _compiled(WORDS[pattern]).fullmatch(name) is not None
    return len(name) <= LONGEST_NAME and _compiled(pattern).fullmatch(name) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
