"""The key `docs` of terrace.yaml: which modules have a page in their README."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from terrace.config.checks import record_settings
from terrace.config.comparisons import Ordered
from terrace.config.kinds import Choice
from terrace.config.records import Key, Record


@dataclass(frozen=True, slots=True)
class ModuleDocs:
    """Which changed modules need a right page in their README: those that have one (`marked`), or all but stacks."""

    modules: Literal["marked", "all"] = "marked"


_KEYS = Record(
    "docs",
    (
        Key(
            "modules",
            Choice(("marked", "all")),
            "Which changed modules need a page in their README: those with markers there, or all.",
            "check",
            looser=Ordered(("all", "marked"), "modules without a marker no longer need a page in their README"),
        ),
    ),
    makes=ModuleDocs,
)

SETTINGS = record_settings(_KEYS, "Which modules have a page that is made from them.")
