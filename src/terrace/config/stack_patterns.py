"""Directory patterns in `stacks:`: one entry for many directories. Each `*` in its path matches part of one directory
name, and the other keys can use the match as `{1}`, `{2}` and so on.

    {path: "live/*/*", environment: "{1}"}    live/prod/network is the stack network of prod

A `*` never matches a hidden directory, or a directory for modules, examples or tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

ASIDE = frozenset({"modules", "module", "examples", "example", "tests", "fixtures", "testdata"})
"""Names of directories whose configuration is not a stack, unless a path contains them literally."""

LONGEST = 500
"""Maximum length of a pattern, in characters."""

_CAPTURE = re.compile(r"\{(\d+)\}")


def is_pattern(path: str) -> bool:
    """Returns whether a path of `stacks:` is a pattern."""
    return "*" in path


def find_fault(path: str) -> str | None:
    """Returns why a pattern cannot be used; None for one that can."""
    if len(path) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if "**" in path:
        return "`**` is not supported: a `*` matches within one directory name"
    # With several in one name the match would be ambiguous, and finding it could take exponential time.
    if any(part.count("*") > 1 for part in path.split("/")):
        return "a directory name can have at most one `*`"
    if any(letter in path for letter in "?[{"):
        return "a pattern can only use `*`"
    return None


def find_unknown_captures(text: str, path: str) -> tuple[str, ...]:
    """Returns the captures of a text that have no `*` in the pattern, as they are written."""
    stars = path.count("*")
    return tuple(match[0] for match in _CAPTURE.finditer(text) if not 1 <= int(match[1]) <= stars)


def match_captures(path: str, folder: str) -> tuple[str, ...] | None:
    """Returns the match of each `*` of a pattern in a directory path; None if the path does not match."""
    match = _compile(path).fullmatch(folder)
    if match is None:
        return None
    pattern, parts = path.split("/"), folder.split("/")
    if any("*" in name and (part in ASIDE or part.startswith(".")) for name, part in zip(pattern, parts, strict=True)):
        return None
    return match.groups()


def covers(path: str, folder: str) -> bool:
    """Returns whether a directory or one of its parents equals a path, or matches the path as a pattern.

    `.` is the root of the repository alone.
    """
    if path == ".":
        return not folder
    above = "/".join(folder.split("/")[: path.count("/") + 1])
    return above == path or (is_pattern(path) and _compile(path).fullmatch(above) is not None)


def fill_captures(text: str, values: tuple[str, ...]) -> str:
    """Returns a text with its captures replaced by the matches."""
    return _CAPTURE.sub(lambda match: values[int(match[1]) - 1], text)


def can_overlap(pattern: str, other: str) -> bool:
    """Returns whether two paths or patterns can match the same directory. In doubt they can."""
    parts, others = pattern.split("/"), other.split("/")
    return len(parts) == len(others) and all("*" in a or "*" in b or a == b for a, b in zip(parts, others, strict=True))


def find_matching(path: str, folders: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields each directory that a pattern matches, with the match of each `*`."""
    for folder in folders:
        values = match_captures(path, folder)
        if values is not None:
            yield folder, values


@lru_cache(maxsize=256)
def _compile(path: str) -> re.Pattern[str]:
    return re.compile("([^/]+)".join(re.escape(part) for part in path.split("*")))
