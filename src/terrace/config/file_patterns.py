"""File patterns in `before_plan`: `*` and `?` match within one name, `**` matches any number of directories."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 500
"""Maximum length of a pattern, in characters."""

_SPECIAL = re.compile(r"[*?\[]")
_LITERAL = ("[*]", "[?]", "[[]")
_ESCAPED = re.compile(r"\[([*?\[])\]")
_TOKEN = re.compile(r"\[[*?\[]\]|.", re.DOTALL)
_LETTERS = {"*": "[^/]*", "?": "[^/]"}


def matches(glob: str, path: str) -> bool:
    """Returns whether a path matches a pattern, or is below one that does. "" is the root of the repository."""
    return not glob or _compile(glob).fullmatch(path) is not None


def escape_pattern(path: str) -> str:
    """Returns the pattern that matches exactly a path and everything below it, whatever characters it contains."""
    return _SPECIAL.sub(r"[\g<0>]", path)


def find_common_folder(glob: str) -> str:
    """Returns the directory that contains all matches of a pattern: the directory names before the first `*` or `?`."""
    names: list[str] = []
    for part in glob.split("/")[:-1]:
        if _SPECIAL.search(_ESCAPED.sub("", part)):
            break
        names.append(_ESCAPED.sub(r"\1", part))
    return "/".join(names)


def find_fault(glob: str) -> str | None:
    """Returns why a pattern cannot be used; None for one that can."""
    if len(glob) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if any("**" in part and part != "**" for part in glob.split("/")):
        return "`**` must be a whole directory name, as in `src/**/*.py`"
    if "[" in glob:
        return "a pattern can only use `*`, `**` and `?`"
    return None


@lru_cache(maxsize=1024)
def _compile(glob: str) -> re.Pattern[str]:
    parts = []
    for part in glob.split("/"):
        if part == "**":
            parts.append("(?:[^/]+/)*")
            continue
        tokens = _TOKEN.findall(part)
        name = "".join(_LETTERS.get(token) or re.escape(token[1] if token in _LITERAL else token) for token in tokens)
        parts.append(f"{name}/")
    text = "".join(parts)
    # A pattern can match a folder, and then everything below it.
    whole = f"{text[:-1]}(?:/.*)?" if text.endswith("/") else f"{text}.*"
    return re.compile(whole, re.DOTALL)
