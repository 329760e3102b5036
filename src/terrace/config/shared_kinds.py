"""Kinds of values that several keys of terrace.yaml have."""

from __future__ import annotations

import re

from terrace.config.kinds import Text

WORD_OF_PATTERN = Text(
    "a name of letters, digits, `.`, `_` and `-`, with captures like `{1}` where the path has a `*`",
    re.compile(r"(?![._-])(?:[A-Za-z0-9._-]|\{[1-9]\}){1,63}"),
)
WORKSPACE = Text(
    "a name of a workspace, with captures like `{1}` where the path has a `*`",
    re.compile(r"(?!-)(?!\.{1,2}$)(?:[A-Za-z0-9._~$&+:=@-]|\{[1-9]\}){1,90}"),
)
FILE_OF_SETTINGS = Text(
    "a path from the root of the repository without `=`, which Terraform takes for a setting",
    re.compile(r"(?!/)(?!-)(?!(.*/)?\.\.(/|$))[^=\x00-\x1f\\]+"),
)
VARIABLE = Text("a name of an environment variable", re.compile(r"[A-Za-z_][A-Za-z0-9_]*"))
PATH = Text("a path from the root of the repository", re.compile(r"(?!/)(?!-)(?!(.*/)?\.\.(/|$))[^\x00-\x1f\\]+"))
