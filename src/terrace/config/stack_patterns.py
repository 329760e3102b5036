"""Patterns in `stacks:`: one entry for many folders. Each `*` of its path matches a part of one folder's name, and the
other keys take what it matched as `{1}`, `{2}` and so on.

    {path: "live/*/*", environment: "{1}"}    live/prod/network is the stack network of prod

A `*` never matches a hidden folder or one that holds modules, examples or tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

ASIDE = frozenset({"modules", "module", "examples", "example", "tests", "fixtures", "testdata"})
"""Names of folders whose configuration is no stack, unless a path names them."""

LONGEST = 500
"""Characters of a pattern."""

_CAPTURE = re.compile(r"\{(\d+)\}")


def is_pattern(path: str) -> bool:
    """Returns whether a path of `stacks:` matches many folders."""
    return "*" in path


def fault(path: str) -> str | None:
    """Returns what is wrong with a pattern, or None."""
    if len(path) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if "**" in path:
        return "`**` is not known: a `*` matches inside of one folder's name"
    # With several in one name it would not be plain which one takes what, and looking for it may take forever.
    if any(part.count("*") > 1 for part in path.split("/")):
        return "the name of one folder has one `*` at most"
    if any(letter in path for letter in "?[{"):
        return "only `*` is known in a pattern"
    return None


def unknown_captures(text: str, path: str) -> tuple[str, ...]:
    """Returns those captures of a text, as they are written, that the pattern has no `*` for."""
    known = path.count("*")
    return tuple(found[0] for found in _CAPTURE.finditer(text) if not 1 <= int(found[1]) <= known)


def captures(path: str, folder: str) -> tuple[str, ...] | None:
    """Returns what each `*` of a pattern matches in a folder's path; None where the folder does not match."""
    found = _compiled(path).fullmatch(folder)
    if found is None:
        return None
    wanted, parts = path.split("/"), folder.split("/")
    if any("*" in want and (part in ASIDE or part.startswith(".")) for want, part in zip(wanted, parts, strict=True)):
        return None
    return found.groups()


def covers(path: str, folder: str) -> bool:
    """Returns whether a folder, or one above it, is that of a path, or matches the path as a pattern.

    `.` is the root of the repository alone.
    """
    if path == ".":
        return not folder
    above = "/".join(folder.split("/")[: path.count("/") + 1])
    return above == path or (is_pattern(path) and _compiled(path).fullmatch(above) is not None)


def filled(text: str, values: tuple[str, ...]) -> str:
    """Returns a text with its captures replaced by what was matched."""
    return _CAPTURE.sub(lambda found: values[int(found[1]) - 1], text)


def may_overlap(one: str, other: str) -> bool:
    """Returns whether two paths, patterns or not, may match one folder. In doubt they may."""
    mine, theirs = one.split("/"), other.split("/")
    return len(mine) == len(theirs) and all("*" in a or "*" in b or a == b for a, b in zip(mine, theirs, strict=True))


def matching(path: str, folders: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields each folder that a pattern matches, with what its `*` match."""
    for folder in folders:
        values = captures(path, folder)
        if values is not None:
            yield folder, values


@lru_cache(maxsize=256)
def _compiled(path: str) -> re.Pattern[str]:
    return re.compile("([^/]+)".join(re.escape(part) for part in path.split("*")))
