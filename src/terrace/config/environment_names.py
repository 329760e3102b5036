"""Usual names of environments, and their usual promotion order."""

from __future__ import annotations

import re
from collections.abc import Iterable

SPELLINGS: tuple[tuple[str, ...], ...] = (
    ("sandbox", "sbx", "playground"),
    ("dev", "develop", "development", "devel"),
    ("int", "integration"),
    ("test", "testing", "tst"),
    ("qa", "quality"),
    ("nonprod", "non-prod", "nonprd", "nprd", "nonproduction", "non-production"),
    ("perf", "performance", "loadtest"),
    ("uat", "acceptance", "acc"),
    ("staging", "stage", "stg"),
    ("preprod", "pre-prod", "preprd", "preproduction", "pre-production", "ppd"),
    ("prod", "production", "prd", "live"),
    ("dr", "disaster-recovery"),
)
"""The usual environments in promotion order, each with its usual spellings."""

PRODUCTION = frozenset(SPELLINGS[-2])
"""The usual spellings of production."""

HOMES = frozenset({"environments", "environment", "envs", "env", "accounts", "account", "subscriptions"})
"""Directories in which every subdirectory is an environment, under any name."""

_RANKS = {word: rank for rank, words in enumerate(SPELLINGS) for word in words}
_VAGUE = frozenset({"live", "test", "testing", "int", "integration", "acc", "quality", "dr", "perf", "performance"})


def rank(name: str) -> int | None:
    """Returns the position of an environment in the usual order; None if the whole name is not a usual spelling."""
    return _RANKS.get(name.lower().replace("_", "-"))


def is_vague(name: str) -> bool:
    """Returns whether a usual spelling is also common for other things, such as `test` and `live`."""
    return name.lower() in _VAGUE


def split_name(name: str) -> tuple[str, str, str] | None:
    """Returns the parts of a longer name around a usual spelling: the prefix, the spelling, the suffix.

    `acme-prod` is ("acme-", "prod", ""). None if no word of the name is a usual spelling, or if several are.
    """
    spans = []
    tokens = list(re.finditer(r"[^._-]+", name))
    for index, token in enumerate(tokens):
        pair = name[token.start() : tokens[index + 1].end()] if index + 1 < len(tokens) else ""
        if pair and rank(pair) is not None:
            spans.append((token.start(), tokens[index + 1].end()))
        elif rank(token[0]) is not None and not any(start <= token.start() < end for start, end in spans):
            spans.append(token.span())
    if len(spans) != 1 or spans[0] == (0, len(name)):
        return None
    start, end = spans[0]
    return name[:start], name[start:end], name[end:]


def usual_rank(name: str) -> int | None:
    """Returns the position in the usual order of a name that is or contains a usual spelling; None for others."""
    whole = rank(name)
    if whole is not None:
        return whole
    parts = split_name(name)
    return rank(parts[1]) if parts is not None else None


def order_names(names: Iterable[str]) -> tuple[str, ...]:
    """Returns environments in the usual promotion order. Those without a usual name come last, by alphabet."""
    ranks = {name: usual_rank(name) for name in names}
    return tuple(sorted(ranks, key=lambda name: (ranks[name] is None, ranks[name] or 0, name)))


def is_production(name: str) -> bool:
    """Returns whether an environment is production, by its name."""
    return not PRODUCTION.isdisjoint(re.split(r"[._-]", name.lower()))
