"""Patterns for names: two usual conventions by name, or a regular expression with bounded running time.

Names come from authors of pull requests, who can be untrusted. A regular expression is accepted only if it matches any
name within a few milliseconds: it repeats no group, and few other parts.
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
"""Maximum length of a name. Longer names do not match any regular expression."""

LONGEST = 200
MOST_REPEATED = 3

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|[*+?]|\{\d*,?\d*\}|.", re.DOTALL)


def find_fault(pattern: str) -> str | None:
    """Returns why a pattern cannot be used; None for one that can."""
    if pattern in WORDS:
        return None
    if len(pattern) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"it is not a regular expression: {error}"
    repeated, before = 0, ""
    for token in _TOKEN.findall(pattern):
        if token == "(?":
            return "it has a lookaround, a named group, or flags"
        if re.fullmatch(r"\\[1-9]", token):
            return "it has a backreference"
        if token in ("*", "+") or (token[0] == "{" and len(token) > 1):
            if before == ")":
                return "it repeats a group, which can take exponential time"
            repeated += 1
        before = token
    return f"it repeats more than {MOST_REPEATED} times" if repeated > MOST_REPEATED else None


def fits(name: str, pattern: str) -> bool:
    """Returns whether a whole name matches a pattern that `fault` accepts."""
    if pattern in WORDS:
        return _compile(WORDS[pattern]).fullmatch(name) is not None
    return len(name) <= LONGEST_NAME and _compile(pattern).fullmatch(name) is not None


@lru_cache(maxsize=64)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
