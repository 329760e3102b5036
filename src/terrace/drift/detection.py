"""Drift in a plan at the deployed commit: each address with its kind. Noise is dropped here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from terrace.assess.model import Severity
from terrace.checks.secrets.plan import shows_secret
from terrace.clouds.exposure import Exposure
from terrace.drift.model import DriftDetails, DriftKind, ResourceDrift
from terrace.drift.severity import is_grave, severity
from terrace.plans.attribute_diff import resource_diff
from terrace.plans.model import MASKED, Action, OutputChange, Plan, ResourceChange, Value
from terrace.plans.normalization import normalize

DEEPEST = 3
"""Maximum depth of a path; a deeper difference is reported at that depth."""


LONGEST_NAME = 2048
"""Maximum number of characters of a text by which a log may name a resource."""


def find_drift(plan: Plan) -> tuple[ResourceDrift, ...]:
    """Returns everything that is not as deployed, in the order of addresses; empty when nothing differs."""
    drift = {(change.address, change.deposed): change for change in plan.drift}
    acting = {(change.address, change.deposed): change for change in plan.effective}
    resources = [
        resource
        for key in drift.keys() | acting.keys()
        if (resource := _resource_drift(plan.stack.key, drift.get(key), acting.get(key))) is not None
    ]
    outputs = [_output(plan.stack.key, output) for output in plan.outputs if output.action is not Action.NO_OP]
    return (*sorted(resources, key=lambda s: (s.address, s.fingerprint)), *outputs)


def fingerprint(stack: str, address: str, kind: DriftKind, paths: tuple[str, ...]) -> str:
    """Returns a fingerprint that is equal for the same difference at the same place, whatever its values."""
    text = json.dumps([stack, address, kind.value, list(paths)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def changed_paths(change: ResourceChange) -> tuple[str, ...]:
    """Returns what an entry of a plan changes, as paths like `tags.Owner`, sorted; without noise, a list as one
    path."""
    return tuple(changed_values(change))


def changed_values(change: ResourceChange) -> dict[str, tuple[Value, Value]]:
    """Returns the values before and after of each of these paths, in their order; what the plan hides is masked."""
    values = {
        ".".join(path): (_hide_secrets(path, before), _hide_secrets(path, after))
        for path, before, after in _differences(normalize(change.before), normalize(change.after), ())
    }
    names = {path.partition(".")[0] for path in values}
    # A secret beside a visible difference: its attribute has a path already.
    secrets = {path for path in _secret_paths(change) if path.partition(".")[0] in names}
    beside = {path for path in secrets if not any(_overlap(path, other) for other in values)}
    before, after = change.before_marks, change.after_marks
    # Masked values differ when their marks do.
    hidden = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} if after else set()
    return dict(sorted({**values, **dict.fromkeys((hidden - names) | beside, (MASKED, MASKED))}.items()))


def _secret_paths(change: ResourceChange) -> tuple[str, ...]:
    """Returns the masked values that differ, at most as deep as paths are."""
    return tuple(dict.fromkeys(".".join(map(str, path[:DEEPEST])) for path in change.changed_secrets if path))


def _hide_secrets(path: tuple[str, ...], value: Value) -> Value:
    """Returns a value without what looks like a secret."""
    return MASKED if shows_secret(path[-1] if path else "", value) else value


def _resource_drift(stack: str, drift: ResourceChange | None, change: ResourceChange | None) -> ResourceDrift | None:
    if drift is not None and drift.action is not Action.DELETE:
        paths = changed_paths(drift)
        drift = drift if paths else None
    if drift is None:
        return _input(stack, change) if change is not None else None
    if drift.action is Action.DELETE:
        return _deletion(stack, drift, change)
    outside = changed_values(drift)
    inputs = _inputs(change, tuple(outside))
    values = dict(sorted({**outside, **inputs}.items()))
    undo = change.action if change is not None else Action.NO_OP
    kept_paths = _kept_paths(tuple(outside), change)
    marks = {**(change.before_marks if change is not None else {}), **drift.after_marks}
    whole = ResourceDrift(
        stack=stack,
        address=drift.address,
        type=drift.type,
        kind=DriftKind.ACTIONABLE,
        severity=Severity.LOW,
        paths=tuple(values),
        undo=undo,
        fingerprint="",
        kept=kept_paths,
        inputs=tuple(inputs),
        observed=marks,
        values=values,
        details=_details(drift, change, tuple(values), tuple(inputs)),
        identity=_identity(drift),
    )
    return only_paths(whole, whole.paths)


def only_paths(drift: ResourceDrift, paths: tuple[str, ...]) -> ResourceDrift:
    """Returns the drift of some of its paths alone, with everything that follows from them."""
    kept_paths = tuple(path for path in drift.kept if path in paths)
    inputs = tuple(path for path in drift.inputs if path in paths)
    kind = drift.kind
    if kind in (DriftKind.ACTIONABLE, DriftKind.UNMANAGED):
        if set(paths) <= set(inputs) and paths:
            kind, inputs = DriftKind.INPUT, ()
        elif drift.undo is Action.NO_OP or set(paths) <= {*kept_paths, *inputs}:
            kind = DriftKind.UNMANAGED
        else:
            kind = DriftKind.ACTIONABLE
    return replace(
        drift,
        kind=kind,
        severity=severity(drift.type, paths, undo=drift.undo),
        paths=paths,
        fingerprint=fingerprint(drift.stack, drift.address, kind, paths),
        kept=kept_paths,
        inputs=inputs,
        grave=is_grave(drift.type, kept_paths),
        observed=_of(drift.observed, paths),
        values={path: value for path, value in drift.values.items() if path in paths},
        details=_details_of(drift, paths),
    )


def _details_of(drift: ResourceDrift, paths: tuple[str, ...]) -> DriftDetails:
    """Returns the details without what the other paths open."""
    others = tuple(path for path in drift.paths if path not in paths)
    opened = (each for each in drift.details.opened if not any(_is_within(each, path) for path in others))
    return replace(drift.details, opened=tuple(opened))


def _details(
    drift: ResourceChange | None, change: ResourceChange | None, paths: tuple[str, ...], inputs: tuple[str, ...]
) -> DriftDetails:
    """Returns what was opened outside, what changed inputs would open, and what forces a replacement."""
    planned = _opened(change) if change is not None and inputs else ()
    acting = (drift, change if inputs else None)
    secrets = {path for each in acting if each is not None for path in _secret_paths(each)}
    return DriftDetails(
        opened=(
            *(_opened(drift) if drift is not None else ()),
            *(each for each in planned if any(_is_within(each, path) for path in inputs)),
        ),
        forcing=change.replace_paths if change is not None and change.action is Action.REPLACE else (),
        secret=tuple(path for path in paths if any(path == other or other.startswith(f"{path}.") for other in secrets)),
    )


def _opened(change: ResourceChange) -> tuple[Exposure, ...]:
    # Of normalized values, as drift has them: positions in lists are equal then.
    return resource_diff(replace(change, before=normalize(change.before), after=normalize(change.after))).opened


def _is_within(exposure: Exposure, path: str) -> bool:
    return f"{'.'.join(map(str, exposure.path))}.".startswith(f"{path}.")


def only_outside(drift: ResourceDrift) -> ResourceDrift | None:
    """Returns the drift that was changed outside; None where nothing was."""
    if drift.kind is DriftKind.INPUT:
        return None
    return only_paths(drift, tuple(path for path in drift.paths if path not in drift.inputs)) if drift.inputs else drift


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


def _deletion(stack: str, drift: ResourceChange, change: ResourceChange | None) -> ResourceDrift:
    return ResourceDrift(
        stack=stack,
        address=drift.address,
        type=drift.type,
        kind=DriftKind.DELETED,
        severity=severity(drift.type, (), gone=True),
        paths=(),
        undo=change.action if change is not None else Action.NO_OP,
        fingerprint=fingerprint(stack, drift.address, DriftKind.DELETED, ()),
        details=_details(drift, None, (), ()),
        identity=_identity(drift),
    )


def _identity(drift: ResourceChange) -> dict[str, str]:
    """Returns the texts that a resource had when it was deployed, by attribute, without masked ones."""
    before = drift.before if isinstance(drift.before, dict) else {}
    return {name: value for name, value in before.items() if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME}


def _input(stack: str, change: ResourceChange) -> ResourceDrift:
    paths = changed_paths(change) if change.action is Action.UPDATE or change.action is Action.REPLACE else ()
    return ResourceDrift(
        stack=stack,
        address=change.address,
        type=change.type,
        kind=DriftKind.INPUT,
        severity=severity(change.type, paths, undo=change.action),
        paths=paths,
        undo=change.action,
        fingerprint=fingerprint(stack, change.address, DriftKind.INPUT, paths),
        observed=_of(change.before_marks, paths),
        values=changed_values(change) if paths else {},
        details=_details(None, change, paths, paths),
    )


def _output(stack: str, change: OutputChange) -> ResourceDrift:
    address = f"output.{change.name}"
    print_ = fingerprint(stack, address, DriftKind.INPUT, ())
    return ResourceDrift(stack, address, "output", DriftKind.INPUT, Severity.LOW, (), change.action, print_)


def _kept_paths(paths: tuple[str, ...], change: ResourceChange | None) -> tuple[str, ...]:
    """Returns the paths that a change leaves as they were found: applying it writes them into the state."""
    if change is None:
        return paths
    if change.action is not Action.UPDATE:
        return ()
    mended = changed_paths(change)
    return tuple(path for path in paths if not any(_overlap(path, other) for other in mended))


def _overlap(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.")


def _of(marks: Mapping[str, str], paths: tuple[str, ...]) -> dict[str, str]:
    names = {path.partition(".")[0] for path in paths}
    return {name: marks.get(name, "") for name in sorted(names)}


def _differences(before: Value, after: Value, at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Value, Value]]:
    if isinstance(before, dict | None) and isinstance(after, dict | None) and len(at) < DEEPEST:
        old, new = before or {}, after or {}
        for name in old.keys() | new.keys():
            if old.get(name) != new.get(name):
                yield from _differences(old.get(name), new.get(name), (*at, str(name)))
        if old or new:
            return
    if before != after:
        yield at, before, after
