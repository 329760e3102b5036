"""Kinds of values that several keys of terrace.yaml share."""

from __future__ import annotations

import re

from terrace.config import file_patterns, stack_patterns
from terrace.config.kinds import Checked, Converted, Either, Flag, ListOf, Text
from terrace.config.yaml_nodes import Sequence, quote

WORD_OF_PATTERN = Text(
    "a name of letters, digits, `.`, `_` and `-`, with captures like `{1}` where the path has a `*`",
    re.compile(r"(?![._-])(?:[A-Za-z0-9._-]|\{[1-9]\}){1,63}"),
)
WORKSPACE = Text(
    "a workspace name, with captures like `{1}` where the path has a `*`",
    re.compile(r"(?!-)(?!\.{1,2}$)(?:[A-Za-z0-9._~$&+:=@-]|\{[1-9]\}){1,90}"),
)
FILE_OF_SETTINGS = Text(
    "a path from the root of the repository without `=`",
    re.compile(r"(?!/)(?!-)(?!(.*/)?\.\.(/|$))[^=\x00-\x1f\\]+"),
)
VARIABLE = Text("the name of an environment variable", re.compile(r"[A-Za-z_][A-Za-z0-9_]*"))

PATH = Text("a path from the root of the repository", re.compile(r"(?!/)(?!-)(?!(.*/)?\.\.(/|$))[^\x00-\x1f\\]+"))
"""A path, as written in the file."""


INSIDE = r"(?![/~])(?!(?:.*/)?\.\.(?:/|$)).+"
"""The grammar of a path inside the repository: neither absolute nor in a home directory, and without `..`."""


def _normalize_from_root(path: str) -> str:
    """Returns a path without `.` segments and without a trailing `/`; "" is the root of the repository."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _normalize(path: str) -> str:
    """Returns a path without `.` segments and without a trailing `/`; `.` is the root of the repository."""
    return _normalize_from_root(path) or "."


NORMAL_PATH = Converted(PATH, _normalize)
"""A normalized path; `.` is the root of the repository."""

PATH_FROM_ROOT = Converted(PATH, _normalize_from_root)
"""A normalized path; "" is the root of the repository."""


def _folder_fault(path: str) -> str | None:
    why = stack_patterns.find_fault(path) if stack_patterns.is_pattern(path) else None
    return why and f"{quote(path)} is not a directory pattern: {why}"


def _file_fault(glob: str) -> str | None:
    why = file_patterns.find_fault(glob)
    return why and f"{quote(glob)} is not a file pattern: {why}"


FOLDERS = Checked(NORMAL_PATH, _folder_fault, 'example: "live/*/*", with one `*` for each directory name that varies')
"""A directory path or pattern."""

FILES = Checked(PATH_FROM_ROOT, _file_fault)
"""A path of a file or directory, or a file pattern."""

PATHS_DESCRIPTION = "paths from the root of the repository"

_PATHS = ListOf(NORMAL_PATH, items=PATHS_DESCRIPTION)
PATHS_OR_ALL = Either(lambda node: _PATHS if isinstance(node, Sequence) else Flag(), (Flag(), _PATHS))
"""A list of paths, or a flag for all or none."""
