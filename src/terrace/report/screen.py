"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from terrace.report.terminal.screen import (
    Group,
    Line,
    Live,
    Part,
    Record,
    Screen,
    Table,
    Tree,
    line,
    live,
    paragraph,
    plain_text,
    spinner,
)

__all__ = [
    "Group",
    "Line",
    "Live",
    "Part",
    "Record",
    "Screen",
    "Table",
    "Tree",
    "line",
    "live",
    "paragraph",
    "plain_text",
    "spinner",
]
