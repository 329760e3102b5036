"""The source of Terrace as syntax trees, for tests that hold a rule over all of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import terrace

SOURCE = Path(terrace.__file__).parent


def trees(naming: str = "") -> Iterator[tuple[str, ast.Module]]:
    """Returns path and tree of every file in which this expression matches: the others cost time for nothing."""
    pattern = re.compile(naming)
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text("utf-8")
        if pattern.search(text):
            yield path.relative_to(SOURCE).as_posix(), ast.parse(text)
