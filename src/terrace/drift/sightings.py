"""Drift in a plan at the deployed commit: each address with its quadrant. Noise is dropped here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from terrace.assess.model import Severity
from terrace.checks.secrets.plan import shows_secret
from terrace.clouds.exposure import HARMLESS, PROTECTION_ATTRIBUTES, SECURITY_ATTRIBUTES, is_one_of, is_security_type
from terrace.clouds.stateful import is_stateful
from terrace.drift.model import Quadrant, Sighting
from terrace.plans.model import MASKED, Action, OutputChange, Plan, ResourceChange, Value
from terrace.plans.normalization import settled

DEEPEST = 3
"""Maximum depth of a path; a deeper difference is reported at that depth."""


LONGEST_NAME = 2048
"""Maximum number of characters of a text by which a log may name a resource."""


def sightings(plan: Plan) -> tuple[Sighting, ...]:
    """Returns everything that is not as deployed, in the order of addresses; empty when nothing differs."""
    drift = {(one.address, one.deposed): one for one in plan.drift}
    acting = {(one.address, one.deposed): one for one in plan.effective}
    found = [
        sighting
        for key in drift.keys() | acting.keys()
        if (sighting := _sighting(plan.stack.key, drift.get(key), acting.get(key))) is not None
    ]
    outputs = [_output(plan.stack.key, one) for one in plan.outputs if one.action is not Action.NO_OP]
    return (*sorted(found, key=lambda s: (s.address, s.fingerprint)), *outputs)


def fingerprint(stack: str, address: str, quadrant: Quadrant, paths: tuple[str, ...]) -> str:
    """Returns a fingerprint that is equal for the same difference at the same place, whatever its values."""
    text = json.dumps([stack, address, quadrant.value, list(paths)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def changed_paths(change: ResourceChange) -> tuple[str, ...]:
    """Returns what an entry of a plan changes, as paths like `tags.Owner`, sorted; without noise, a list as one
    path."""
    return tuple(changed_values(change))


def changed_values(change: ResourceChange) -> dict[str, tuple[Value, Value]]:
    """Returns the values before and after of each of these paths, in their order; what the plan hides is masked."""
    found = {
        ".".join(path): (_shown(path, before), _shown(path, after))
        for path, before, after in _differences(settled(change.before), settled(change.after), ())
    }
    seen = {path.partition(".")[0] for path in found}
    before, after = change.before_marks, change.after_marks
    # Masked values differ when their marks do.
    hidden = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} if after else set()
    return dict(sorted({**found, **dict.fromkeys(hidden - seen, (MASKED, MASKED))}.items()))


def _shown(path: tuple[str, ...], value: Value) -> Value:
    """Returns a value without what looks like a secret."""
    return MASKED if shows_secret(path[-1] if path else "", value) else value


def is_grave(type_: str, kept: tuple[str, ...]) -> bool:
    """Returns whether adopting these paths into the state would hide a security-related difference."""
    return bool(kept) and severity(type_, kept) is Severity.CRITICAL


def _sighting(stack: str, drift: ResourceChange | None, change: ResourceChange | None) -> Sighting | None:
    if drift is not None and drift.action is not Action.DELETE:
        paths = changed_paths(drift)
        drift = drift if paths else None
    if drift is None:
        return _input(stack, change) if change is not None else None
    if drift.action is Action.DELETE:
        return _deleted(stack, drift, change)
    outside = changed_values(drift)
    inputs = _inputs(change, tuple(outside))
    values = dict(sorted({**outside, **inputs}.items()))
    undo = change.action if change is not None else Action.NO_OP
    kept = _kept(tuple(outside), change)
    marks = {**(change.before_marks if change is not None else {}), **drift.after_marks}
    whole = Sighting(
        stack=stack,
        address=drift.address,
        type=drift.type,
        quadrant=Quadrant.ACTIONABLE,
        severity=Severity.LOW,
        paths=tuple(values),
        undo=undo,
        fingerprint="",
        kept=kept,
        inputs=tuple(inputs),
        observed=marks,
        values=values,
        identity=_identity(drift),
    )
    return only_paths(whole, whole.paths)


def only_paths(seen: Sighting, paths: tuple[str, ...]) -> Sighting:
    """Returns the drift of some of its paths alone, with everything that follows from them."""
    kept = tuple(path for path in seen.kept if path in paths)
    inputs = tuple(path for path in seen.inputs if path in paths)
    quadrant = seen.quadrant
    if quadrant in (Quadrant.ACTIONABLE, Quadrant.UNMANAGED):
        if set(paths) <= set(inputs) and paths:
            quadrant, inputs = Quadrant.INPUT, ()
        elif seen.undo is Action.NO_OP or set(paths) <= {*kept, *inputs}:
            quadrant = Quadrant.UNMANAGED
        else:
            quadrant = Quadrant.ACTIONABLE
    return replace(
        seen,
        quadrant=quadrant,
        severity=severity(seen.type, paths, undo=seen.undo),
        paths=paths,
        fingerprint=fingerprint(seen.stack, seen.address, quadrant, paths),
        kept=kept,
        inputs=inputs,
        grave=is_grave(seen.type, kept),
        observed=_of(seen.observed, paths),
        values={path: value for path, value in seen.values.items() if path in paths},
    )


def only_outside(seen: Sighting) -> Sighting | None:
    """Returns the drift that was changed outside; None where nothing was."""
    if seen.quadrant is Quadrant.INPUT:
        return None
    return only_paths(seen, tuple(path for path in seen.paths if path not in seen.inputs)) if seen.inputs else seen


def _inputs(change: ResourceChange | None, outside: tuple[str, ...]) -> dict[str, tuple[Value, Value]]:
    """Returns what an apply would change besides, without what the provider decides."""
    if change is None or change.action not in (Action.UPDATE, Action.REPLACE):
        return {}
    computed = {str(path[0]) for path in change.unset}
    return {
        path: value
        for path, value in changed_values(change).items()
        if path.partition(".")[0] not in computed and not any(_overlap(path, other) for other in outside)
    }


def _deleted(stack: str, drift: ResourceChange, change: ResourceChange | None) -> Sighting:
    return Sighting(
        stack=stack,
        address=drift.address,
        type=drift.type,
        quadrant=Quadrant.DELETED,
        severity=severity(drift.type, (), gone=True),
        paths=(),
        undo=change.action if change is not None else Action.NO_OP,
        fingerprint=fingerprint(stack, drift.address, Quadrant.DELETED, ()),
        identity=_identity(drift),
    )


def _identity(drift: ResourceChange) -> dict[str, str]:
    """Returns the texts that a resource had when it was deployed, by attribute, without masked ones."""
    before = drift.before if isinstance(drift.before, dict) else {}
    return {name: value for name, value in before.items() if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME}


def _input(stack: str, change: ResourceChange) -> Sighting:
    paths = changed_paths(change) if change.action is Action.UPDATE or change.action is Action.REPLACE else ()
    return Sighting(
        stack=stack,
        address=change.address,
        type=change.type,
        quadrant=Quadrant.INPUT,
        severity=severity(change.type, paths, undo=change.action),
        paths=paths,
        undo=change.action,
        fingerprint=fingerprint(stack, change.address, Quadrant.INPUT, paths),
        observed=_of(change.before_marks, paths),
        values=changed_values(change) if paths else {},
    )


def _output(stack: str, change: OutputChange) -> Sighting:
    address = f"output.{change.name}"
    print_ = fingerprint(stack, address, Quadrant.INPUT, ())
    return Sighting(stack, address, "output", Quadrant.INPUT, Severity.LOW, (), change.action, print_)


def _kept(paths: tuple[str, ...], change: ResourceChange | None) -> tuple[str, ...]:
    """Returns the paths that a change leaves as they were found: applying it writes them into the state."""
    if change is None:
        return paths
    if change.action is not Action.UPDATE:
        return ()
    mended = changed_paths(change)
    return tuple(path for path in paths if not any(_overlap(path, other) for other in mended))


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _of(marks: Mapping[str, str], paths: tuple[str, ...]) -> dict[str, str]:
    names = {path.partition(".")[0] for path in paths}
    return {name: marks.get(name, "") for name in sorted(names)}


def _differences(before: Value, after: Value, at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Value, Value]]:
    if isinstance(before, dict | None) and isinstance(after, dict | None) and len(at) < DEEPEST:
        mine, theirs = before or {}, after or {}
        for name in mine.keys() | theirs.keys():
            if mine.get(name) != theirs.get(name):
                yield from _differences(mine.get(name), theirs.get(name), (*at, str(name)))
        if mine or theirs:
            return
    if before != after:
        yield at, before, after


def severity(type_: str, paths: Iterable[str], *, undo: Action = Action.NO_OP, gone: bool = False) -> Severity:
    """Returns the severity of a difference in these paths of a resource, or of its deletion (`gone`). `undo` is what
    would fix it."""
    found = [_of_path(type_, path) for path in paths]
    if gone:
        grave = is_stateful(type_) or is_security_type(type_)
        found.append(Severity.CRITICAL if grave else Severity.HIGH)
    if undo in (Action.REPLACE, Action.DELETE):
        found.append(Severity.HIGH)
    # A type without a rule, or a difference without a path, is neither minor nor severe.
    default = Severity.CRITICAL if is_security_type(type_) else Severity.MEDIUM
    return max(found, default=default)


def _of_path(type_: str, path: str) -> Severity:
    attribute = path.partition(".")[0]
    if attribute in HARMLESS:
        return Severity.LOW
    if is_security_type(type_) or is_one_of(attribute, SECURITY_ATTRIBUTES):
        return Severity.CRITICAL
    return Severity.HIGH if is_one_of(attribute, PROTECTION_ATTRIBUTES) else Severity.MEDIUM
