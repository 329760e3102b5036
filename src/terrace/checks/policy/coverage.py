"""Resource types that no policy evaluates: the absence of findings means nothing for them, and that is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.policy.catalogue import PolicyRule
from terrace.clouds.all import CLOUDS
from terrace.plans.model import Action, Plan
from terrace.words import join_some

PROVIDERS = tuple(prefix for cloud in CLOUDS.values() for prefix in cloud.covered_types)
"""Beginnings of the types that policies are expected to cover."""

_NAMED = 8


def find_uncovered(rules: Iterable[PolicyRule], plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
    """Returns one finding for the types in these plans that no rule names; none where no rule names a type at all.

    A rule for every type (`*`) covers none: it knows nothing about the type.
    """
    covered = {type_ for rule in rules for type_ in rule.types if type_ != "*"}
    if not any(type_.startswith(PROVIDERS) for type_ in covered):
        return ()
    counts = Counter(
        change.type
        for plan in plans.values()
        for change in plan.changes
        if change.mode == "managed"
        and change.action not in (Action.DELETE, Action.FORGET)
        and change.type.startswith(PROVIDERS)
        and change.type not in covered
    )
    if not counts:
        return ()
    shown = join_some([f"{type_} ({count})" for type_, count in sorted(counts.items(), key=_most)], _NAMED)
    types = "resource type" if len(counts) == 1 else "resource types"
    return (
        Finding(
            rule="not-covered",
            severity=Severity.INFO,
            status=Status.UNKNOWN,
            tool="opa",
            message=f"no policy evaluates {len(counts)} {types} in these plans: {shown}",
            advisory=True,
        ),
    )


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
