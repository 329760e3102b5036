"""The risk of a change: one score with its reasons, from the data of `factors`.

More changes never lower the score, and neither does less knowledge: an unknown fact is treated as if it were true.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from terrace.assess.factors import FACTORS, LEVELS, Level
from terrace.assess.model import Assessment, Finding, Severity, Status
from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds
from terrace.clouds.exposure import (
    HARMLESS,
    PROTECTION_ATTRIBUTES,
    RIGHTS_ATTRIBUTES,
    SECURITY_ATTRIBUTES,
    WORLD,
    WORLD_SWITCHES,
    is_one_of,
    is_rights_type,
    is_security_type,
)
from terrace.clouds.stateful import is_stateful
from terrace.plans.model import Action, Masked, Path, Plan, ResourceChange, Unknown, Value
from terrace.words import and_more

IDLE = timedelta(days=30)
"""Time without a deployment after which an environment counts as idle."""

_SHOWN = 3
"""Maximum number of items that a reason names."""

_GONE = (Action.DELETE, Action.REPLACE, Action.UNKNOWN)
_SAME = (Action.NO_OP, Action.READ)


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """Facts about one environment. None, everywhere: it is unknown, which counts as the worse.

    `deployed` are the keys of stacks that have a release there, `types` the types that deployments had before, `idle`
    the time since the last deployment.
    """

    production: bool = True
    drifted: bool | None = None
    deployed: frozenset[str] | None = None
    types: frozenset[str] | None = None
    idle: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """The score (0 to 100), its level, and every factor that contributes, the largest first."""

    score: int
    level: Level
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """The contribution of one factor: `points`, and in `what` the items that were counted, or the first of them."""

    factor: str
    points: int
    what: str


@dataclass(frozen=True, slots=True)
class Counted:
    """The number of items that one factor counts, and the `first` of them, for people."""

    number: int
    first: tuple[str, ...]


Evidence = Mapping[str, Counted]
"""The items of each factor."""

UNRECORDED: Evidence = {factor.name: Counted(100, ("no evidence was recorded",)) for factor in FACTORS}
"""The evidence where none was recorded: the worst possible."""

_OF_THE_ENVIRONMENT = frozenset({"production", "drift", "idle"})
"""Factors that stacks of one environment share."""


def risk(assessment: Assessment, around: Mapping[str, EnvironmentFacts], clouds: Clouds = CLOUDS) -> Risk:
    """Returns the risk of the change. `around` is by environment; one that is missing is unknown."""
    return weigh(evidence(assessment, around, clouds))


def evidence(assessment: Assessment, around: Mapping[str, EnvironmentFacts], clouds: Clouds = CLOUDS) -> Evidence:
    """Returns the items of each factor, counted."""
    by_factor: dict[str, list[str]] = {}
    for factor, text in _evidence(assessment, around, clouds):
        by_factor.setdefault(factor, []).append(text)
    return {factor: Counted(len(things), tuple(things[:_SHOWN])) for factor, things in by_factor.items()}


def together(parts: Mapping[str, Evidence]) -> Evidence:
    """Returns the evidence of several stacks of one environment, by their keys, as that of one release."""
    total: dict[str, Counted] = {}
    for part in parts.values():
        for factor, counted in part.items():
            counted_before = total.get(factor, Counted(0, ()))
            number = (
                max(counted_before.number, counted.number)
                if factor in _OF_THE_ENVIRONMENT
                else counted_before.number + counted.number
            )
            total[factor] = Counted(number, tuple(dict.fromkeys((*counted_before.first, *counted.first)))[:_SHOWN])
    more = [key for key, part in parts.items() if part][1:]
    if more:
        counted_before = total.get("stacks", Counted(0, ()))
        total["stacks"] = Counted(counted_before.number + len(more), (*counted_before.first, *more)[:_SHOWN])
    return total


def weigh(evidence: Evidence) -> Risk:
    """Returns the score of evidence."""
    reasons = [
        Reason(f.name, min(f.cap, f.points * evidence[f.name].number), _describe(evidence[f.name]))
        for f in FACTORS
        if f.name in evidence
    ]
    score = min(100, sum(reason.points for reason in reasons))
    return Risk(score, level_of(score), tuple(sorted(reasons, key=lambda r: -r.points)))


GRAVE_LEVELS: tuple[Level, ...] = ("high", "critical")
"""Levels at which a change that no check blocks is not shown as harmless."""


def level_of(score: int) -> Level:
    """Returns the level of a score."""
    level: Level = "low"
    for name, least in reversed(LEVELS):
        if score >= least:
            level = name
    return level


def _describe(counted: Counted) -> str:
    more = and_more(counted.number - len(counted.first))
    return ", ".join(counted.first) + (f" {more}" if more else "")


# --- what counts ---------------------------------------------------------------------------------------------------


def _evidence(
    assessment: Assessment, around: Mapping[str, EnvironmentFacts], clouds: Clouds
) -> Iterator[tuple[str, str]]:
    """Yields every contribution, as the name of its factor and a description."""
    stacks = {impact.stack.key: impact.stack.environment for impact in assessment.change_set.impacts}
    stacks |= {plan.stack.key: plan.stack.environment for plan in assessment.plans.values()}
    plans = {p.stack.key: p for p in assessment.plans.values() if not p.is_empty or p.errored or not p.complete}
    unplanned = [key for key in assessment.unplanned if key not in plans]
    yield from (("not-known", f"the plan of {key}") for key in unplanned)
    touched = {key: stacks.get(key, key.partition("/")[0]) for key in (*plans, *unplanned)}
    for plan in plans.values():
        yield from _of_plan(plan, around.get(plan.stack.environment, EnvironmentFacts()), clouds)
    yield from _reach(touched, unplanned, around)
    renamed = {move.old for move in assessment.change_set.renamed}
    yield from (("removed", stack.key) for stack in assessment.change_set.removed if stack.key not in renamed)
    idle = {p.stack.key for p in assessment.plans.values() if p.is_empty and not p.errored and p.complete}
    yield from _of_findings(f for f in assessment.findings if not (f.stack in idle and f.address))


def _reach(
    touched: Mapping[str, str], unplanned: Iterable[str], around: Mapping[str, EnvironmentFacts]
) -> Iterator[tuple[str, str]]:
    """Yields the extent of the change, and the places in it that are little known."""
    environments = list(dict.fromkeys(touched.values()))
    yield from (("stacks", key) for key in list(touched)[1:])
    yield from (("environments", name) for name in environments[1:])
    for name in environments:
        facts = around.get(name, EnvironmentFacts())
        if facts.production:
            yield "production", name
        if facts.drifted is not False:
            yield "drift", name if facts.drifted else f"{name} (unknown)"
        if facts.idle is None or facts.idle > IDLE:
            yield "idle", name
    for key, name in touched.items():
        facts = around.get(name, EnvironmentFacts())
        if facts.deployed is None or key not in facts.deployed:
            yield "first", key
    for key in unplanned:
        if around.get(touched[key], EnvironmentFacts()).production:
            yield "production-change", f"the unknown changes of {key}"


def _of_findings(findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    for finding in findings:
        severity = finding.severity
        if finding.status is Status.UNKNOWN and severity is not Severity.INFO:
            severity = max(severity, Severity.HIGH)
        if severity is not Severity.INFO and finding.status is not Status.WAIVED:
            yield f"finding-{severity.word}", f"{finding.rule}: {finding.message}"


def _of_plan(plan: Plan, facts: EnvironmentFacts, clouds: Clouds) -> Iterator[tuple[str, str]]:
    key = plan.stack.key
    if plan.errored or not plan.complete:
        yield "not-known", f"the rest of the plan of {key}"
    yield from (("size", f"output {o.name}") for o in plan.outputs if o.action is not Action.NO_OP)
    for change in plan.effective:
        yield from ((factor, f"{key}: {change.address}") for factor in _of_change(change, facts.production, clouds))
    types = dict.fromkeys(change.type for change in plan.effective)
    yield from (("new-type", t) for t in types if facts.types is None or t not in facts.types)


def _of_change(change: ResourceChange, production: bool, clouds: Clouds) -> Iterator[str]:
    """Yields the factors that one change counts for.

    An attribute that a creation leaves to the provider, or leaves empty, counts for none. A factor of updates counts
    for replacements, and one of creations for deletions.
    """
    change = _as_configured(change)
    yield "size"
    if change.action is Action.UNKNOWN:
        yield "not-known"
    if change.action in (*_GONE, Action.FORGET):
        yield "loss"
    attributes = _affected_attributes(change)
    if not attributes:
        return
    if production:
        yield "production-change"
    if change.action is not Action.CREATE and is_stateful(change.type, clouds):
        yield "data"
        if change.action in _GONE:
            yield "data-loss"
    if change.action is not Action.CREATE and any(is_one_of(a, PROTECTION_ATTRIBUTES) for a in attributes):
        yield "protection"
    yield from _of_exposure(change, attributes, clouds)


def _of_exposure(change: ResourceChange, attributes: frozenset[str], clouds: Clouds) -> Iterator[str]:
    exposed = attributes
    if not is_security_type(change.type, clouds):
        exposed = frozenset(a for a in attributes if is_one_of(a, SECURITY_ATTRIBUTES))
    if not exposed:
        return
    rights = is_rights_type(change.type, clouds) or any(is_one_of(a, RIGHTS_ATTRIBUTES) for a in exposed)
    yield "rights" if rights else "exposure"
    values = [_part(side, name) for side in (change.before, change.after) for name in exposed]
    if change.action in _GONE or any(_is_hidden(value) for value in values):
        yield "exposure-doubt"
    if any(_is_unrestricted(side, exposed) for side in (change.before, change.after)):
        yield "unrestricted"


# --- what a change touches -----------------------------------------------------------------------------------------

_UNNAMED = frozenset({"?"})


def _affected_attributes(change: ResourceChange) -> frozenset[str]:
    """Returns the attributes that a change affects, without harmless ones: all of them unless it updates in place.

    If they are unknown, there is one without a name. The result is empty only when nothing but harmless ones differ.
    """
    if change.action in _SAME:
        return frozenset()
    names = _names(change.before) | _names(change.after)
    if change.action is not Action.UPDATE:
        names = {n for n in names if not (_is_empty(_part(change.before, n)) and _is_empty(_part(change.after, n)))}
    if change.action is Action.UPDATE:
        differ = {n for n in names if _differs(_part(change.before, n), _part(change.after, n))}
        return frozenset(differ - set(HARMLESS)) if differ else _UNNAMED
    return frozenset(names - set(HARMLESS)) | _UNNAMED


def _as_configured(change: ResourceChange) -> ResourceChange:
    """Returns a new resource without the attributes that its configuration does not set. An update keeps them."""
    if not change.unset or change.action not in (Action.CREATE, Action.REPLACE):
        return change
    after = change.after
    for path in change.unset:
        after = _without(after, path)
    return replace(change, after=after)


def _without(value: Value, path: Path) -> Value:
    part, rest = path[0], path[1:]
    if isinstance(value, dict) and part in value:
        return {n: _without(v, rest) if n == part else v for n, v in value.items() if rest or n != part}
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        # The indexes of the others stay: further paths refer to them.
        return [(_without(v, rest) if rest else None) if n == part else v for n, v in enumerate(value)]
    return value


def _is_empty(value: Value) -> bool:
    """Returns whether a value sets nothing. A hidden one can set anything."""
    if isinstance(value, dict | list | tuple):
        parts = value.values() if isinstance(value, dict) else value
        return all(_is_empty(part) for part in parts)
    return value is None or value == ""


def _names(value: Value) -> set[str]:
    return set(value) if isinstance(value, dict) else set()


def _part(value: Value, name: str) -> Value:
    return value.get(name) if isinstance(value, dict) else None


def _differs(before: Value, after: Value) -> bool:
    """Returns whether a value changes, as far as can be seen: a hidden one may."""
    return bool(before != after) or _is_hidden(after)


def _is_hidden(value: Value) -> bool:
    if isinstance(value, Masked | Unknown):
        return True
    if isinstance(value, dict):
        return any(_is_hidden(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_is_hidden(item) for item in value)


def _is_unrestricted(side: Value, exposed: frozenset[str]) -> bool:
    """Returns whether one of these attributes opens a resource to the world, or allows everything. Egress is
    ignored."""
    if not isinstance(side, dict) or side.get("type") == "egress":
        return False
    if any(side.get(name) is True for name in exposed if name in WORLD_SWITCHES):
        return True
    return any(_wide(name, side.get(name)) for name in exposed if name != "egress")


def _wide(name: str, value: Value) -> bool:
    if isinstance(value, dict):
        if value.get("Effect") == "Deny":
            return False
        return any(_wide(key, item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(_wide(name, item) for item in value)
    if not isinstance(value, str):
        return False
    # A policy that allows one action on every resource is common; one that allows every action is not.
    if value in WORLD:
        return name not in ("Resource", "resources", "NotAction", "not_actions")
    return value.lstrip()[:1] in ("{", "[") and _wide(name, _decode(value))


def _decode(text: str) -> Value:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
