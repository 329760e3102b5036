"""Names that teams give their environments, and the order in which a release usually goes through them."""

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
"""One step a line, from the first to the last; each with its usual spellings."""

PRODUCTION = frozenset(SPELLINGS[-2])
"""The spellings of production."""

HOMES = frozenset({"environments", "environment", "envs", "env", "accounts", "account", "subscriptions"})
"""Folders each of whose folders is an environment, whatever it is called."""

_RANKS = {word: rank for rank, words in enumerate(SPELLINGS) for word in words}
_VAGUE = frozenset({"live", "test", "testing", "int", "integration", "acc", "quality", "dr", "perf", "performance"})


def rank(name: str) -> int | None:
    """Returns the place of an environment in the usual order; None where the whole name is no usual spelling."""
    return _RANKS.get(name.lower().replace("_", "-"))


def is_vague(name: str) -> bool:
    """Returns whether a usual spelling is as usual for something else, such as `test` and `live`."""
    return name.lower() in _VAGUE


def word_in(name: str) -> tuple[str, str, str] | None:
    """Returns what is before a usual spelling in a longer name, the spelling as it is written, and what is after it.

    `acme-prod` is ("acme-", "prod", ""). None where no word of the name is one, or where several are.
    """
    found = []
    tokens = list(re.finditer(r"[^._-]+", name))
    for index, token in enumerate(tokens):
        pair = name[token.start() : tokens[index + 1].end()] if index + 1 < len(tokens) else ""
        if pair and rank(pair) is not None:
            found.append((token.start(), tokens[index + 1].end()))
        elif rank(token[0]) is not None and not any(start <= token.start() < end for start, end in found):
            found.append(token.span())
    if len(found) != 1 or found[0] == (0, len(name)):
        return None
    start, end = found[0]
    return name[:start], name[start:end], name[end:]


def usual_rank(name: str) -> int | None:
    """Returns the place in the usual order of a name that is a usual spelling, or has one among its words."""
    whole = rank(name)
    if whole is not None:
        return whole
    found = word_in(name)
    return rank(found[1]) if found is not None else None


def order_names(names: Iterable[str]) -> tuple[str, ...]:
    """Returns environments in the usual promotion order. Those without a usual name come last, by alphabet."""
    ranks = {name: usual_rank(name) for name in names}
    return tuple(sorted(ranks, key=lambda name: (ranks[name] is None, ranks[name] or 0, name)))


def is_production(name: str) -> bool:
    """Returns whether an environment is production, by its name."""
    return not PRODUCTION.isdisjoint(re.split(r"[._-]", name.lower()))
