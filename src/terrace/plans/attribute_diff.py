"""The difference that a change makes to the attributes of one resource, as every report shows it.

The differences are complete and exact: applied to the value before, they give the value after. Reports show them in
another order and leave some out; `ResourceDiff.shown` decides which.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from terrace.clouds.exposure import Exposure, exposures, protection
from terrace.plans.list_alignment import align, canonical
from terrace.plans.model import MASKED, UNKNOWN, Action, OutputChange, Path, ResourceChange, Value

DEEPEST_DOCUMENT = 40
"""Maximum nesting of a JSON text that is compared by its content; a deeper one is compared as text."""


class Absent:
    """Replaces a value that does not exist, which is not the same as null."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Element:
    """A step into a list: the position before and after, None on the side where the element does not exist. `key` is
    its identifying attribute, such as `name="web"`."""

    before: int | None
    after: int | None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A step into the content of a JSON text."""


Step = str | Element | Document


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that differs. `before` and `after` are ABSENT where there is none; `moved` is an element of a list that
    only has another position. `forces` is whether it forces a replacement. `exposes` says what it opens, such as "open
    to everyone"; "" for nothing."""

    path: tuple[Step, ...]
    before: Value
    after: Value
    moved: bool = False
    forces: bool = False
    exposes: str = ""

    @property
    def is_added(self) -> bool:
        """Returns whether nothing was set before."""
        return self.before is ABSENT or self.before is None

    @property
    def is_removed(self) -> bool:
        """Returns whether nothing is set after."""
        return self.after is ABSENT or self.after is None

    @property
    def name(self) -> str:
        """The path as people read it: `policy.Statement[Sid="read"].Action[0]`."""
        return path_text(self.path)


@dataclass(frozen=True, slots=True)
class ShownDiff:
    """The part of a diff that people read, the most important differences first.

    `forced` are attributes that force a replacement and have no difference. `opens` says what the change
    exposes that no single difference shows. `hidden` are attributes whose sensitive value changes. `later` are the
    attributes that are known after apply, `copies` the number of differences that repeat others.
    """

    differences: tuple[Difference, ...] = ()
    forced: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    copies: int = 0


@dataclass(frozen=True, slots=True)
class ResourceDiff:
    """The difference of one resource. `hidden` are attributes whose sensitive value changes; `opened` is what the
    change exposes that was not exposed before."""

    change: ResourceChange
    differences: tuple[Difference, ...]
    hidden: tuple[str, ...] = ()
    opened: tuple[Exposure, ...] = ()

    @property
    def exposes(self) -> tuple[str, ...]:
        """The reasons of what the change opens, each once."""
        return tuple(dict.fromkeys(exposure.reason for exposure in self.opened))

    def select_shown(self) -> ShownDiff:
        """Returns what people read: objects attribute by attribute, what forces a replacement first, then what exposes
        something, without what is known only after apply and without copies of other attributes.
        """
        forcing = self.change.replace_paths
        every = [part for diff in self.differences for part in expand(diff)]
        tags = {(diff.path[1:], _pair(diff)) for diff in every if diff.path[:1] == ("tags",)}
        shown, later, copies, already_shown = [], [], 0, set()
        for diff in every:
            forces = _is_among(diff.path, forcing)
            exposed = [exposure for exposure in self.opened if _reaches(diff, exposure)]
            already_shown |= set(exposed)
            if diff.is_added and not forces and is_empty(diff.after):
                continue
            if diff.path[:1] == ("tags_all",) and (diff.path[1:], _pair(diff)) in tags:
                copies += 1
            elif diff.after is UNKNOWN and not forces and (diff.is_added or _is_among(diff.path, self.change.unset)):
                later.append(diff.name)
            else:
                shown.append(replace(diff, forces=forces, exposes=exposed[0].reason if exposed else ""))
        missing = [path for path in forcing if path and not any(_leads_to(diff.path, path) for diff in shown)]
        return ShownDiff(
            differences=tuple(sorted(shown, key=lambda diff: (not diff.forces, not diff.exposes))),
            forced=tuple(dict.fromkeys(map(_plain_path, missing))),
            opens=_reasons_with_paths(exposure for exposure in self.opened if exposure not in already_shown),
            hidden=self.hidden,
            later=tuple(later),
            copies=copies,
        )


@dataclass(frozen=True, slots=True)
class NotedDifferences:
    """The differences of some attributes of one resource, by attribute. `opens` says what is exposed that no single
    difference shows; `forced` are attributes that force a replacement and have no difference."""

    attributes: Mapping[str, tuple[Difference, ...]]
    opens: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()


def resource_diff(change: ResourceChange) -> ResourceDiff:
    """Returns the difference that a change makes. The values of the change must be masked already."""
    if change.action is Action.NO_OP:
        return ResourceDiff(change, ())
    before, after = _equally_masked(change.before, change.after)
    diffs = tuple(differences(before if before is not None else ABSENT, after if after is not None else ABSENT))
    if diffs and not diffs[0].path:
        # A resource that is created or deleted: one difference for each attribute.
        diffs = tuple(_of_whole(diffs[0]))
    return ResourceDiff(change, diffs, _hidden_attributes(change), _find_new_exposures(change, before, after, diffs))


def output_diff(output: OutputChange) -> tuple[Difference, ...]:
    """Returns the difference of an output."""
    if output.action is Action.NO_OP:
        return ()
    if output.sensitive:
        return (Difference((), ABSENT if output.action is Action.CREATE else MASKED, MASKED),)
    before = ABSENT if output.action is Action.CREATE else output.before
    after = ABSENT if output.action is Action.DELETE else output.after
    before, after = _equally_masked(before, after)
    return tuple(part for difference in differences(before, after) for part in expand(difference))


def value_diff(before: Value, after: Value, *, secret: bool = False) -> tuple[Difference, ...]:
    """Returns the difference of an attribute that differs, with paths from its value on, without empty parts of what
    was added. A value of None stands for "not set".

    The values must be masked already. A last difference of MASKED alone is a sensitive part that differs; `secret` is
    whether one is known to differ.
    """
    before, after = (ABSENT if value is None else value for value in (before, after))
    old, new = _equally_masked(before, after)
    diffs = tuple(part for diff in differences(old, new) for part in expand(diff))
    is_changed = before is not ABSENT and after is not ABSENT
    differs = is_changed and (secret or set(_masked_paths(before, ())) != set(_masked_paths(after, ())))
    if not diffs or differs:
        return (*diffs, Difference((), MASKED, MASKED))
    return tuple(diff for diff in diffs if not (diff.is_added and is_empty(diff.after))) or diffs


def with_notes(
    attributes: Mapping[str, Iterable[Difference]], opened: Iterable[Exposure], forcing: Iterable[Path]
) -> NotedDifferences:
    """Returns the differences of attributes of one resource, with what forces a replacement and what opens something.

    A name such as `tags.owner` is the path of an attribute; exposures and paths start at the resource, without steps
    into JSON texts.
    """
    noted: dict[str, tuple[Difference, ...]] = {}
    missing, forced = list(opened), list(forcing)
    reasons, paths = tuple(missing), tuple(forced)
    for name, diffs in attributes.items():
        parts = []
        for diff in diffs:
            steps = (*name.split("."), *(step for step in diff.path if not isinstance(step, Document)))
            whole = replace(diff, path=steps)
            exposed = [exposure for exposure in reasons if _reaches(whole, exposure)]
            missing = [exposure for exposure in missing if exposure not in exposed]
            forced = [path for path in forced if not _leads_to(steps, path)]
            parts.append(replace(diff, forces=_is_among(steps, paths), exposes=exposed[0].reason if exposed else ""))
        noted[name] = tuple(parts)
    return NotedDifferences(
        attributes=noted,
        opens=_reasons_with_paths(missing),
        forced=tuple(dict.fromkeys(map(_plain_path, filter(None, forced)))),
    )


def _reasons_with_paths(exposed: Iterable[Exposure]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{exposure.reason} ({_plain_path(exposure.path)})" for exposure in exposed))


def is_exposing(change: ResourceChange) -> bool:
    """Returns whether a change opens something. Mostly quicker than its difference."""
    if change.action is Action.NO_OP or not (
        protection(change.type, change.before)
        if change.action is Action.DELETE
        else exposures(change.type, change.after)
    ):
        return False
    return bool(resource_diff(change).opened)


def differences(before: Value, after: Value, at: tuple[Step, ...] = ()) -> Iterator[Difference]:
    """Yields the differences of two values, changed leaves only."""
    if before is after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from differences(before.get(name, ABSENT), after.get(name, ABSENT), (*at, name))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, at)
    elif isinstance(before, str) and isinstance(after, str) and before != after:
        yield from _of_texts(before, after, at)
    elif not _is_same(before, after):
        yield Difference(at, before, after)


def apply_differences(value: Value, diffs: Iterable[Difference]) -> Value:
    """Returns the value after, from the value before and its differences. A JSON text is equal in content only."""
    return _apply(value, [(difference.path, difference) for difference in diffs])


def expand(difference: Difference) -> Iterator[Difference]:
    """Yields an object that exists on one side only as its attributes; other differences as they are."""
    side_value, side = (difference.after, "after") if difference.is_added else (difference.before, "before")
    if difference.moved or not (difference.is_added or difference.is_removed):
        yield difference
        return
    children: Iterable[tuple[Step, Value]]
    if isinstance(side_value, dict) and side_value:
        children = ((name, side_value[name]) for name in sorted(side_value))
    elif isinstance(side_value, list) and side_value:
        is_after = side == "after"
        children = ((Element(None, i) if is_after else Element(i, None), item) for i, item in enumerate(side_value))
    elif isinstance(side_value, str) and (content := document(side_value)) is not ABSENT:
        children = ((Document(), content),)
    else:
        yield difference
        return
    for step, child in children:
        values = {"before": ABSENT, "after": ABSENT, side: child}
        yield from expand(replace(difference, path=(*difference.path, step), **values))


def path_text(path: Sequence[Step]) -> str:
    """Returns a path as people read it. A step into a JSON text is not shown."""
    parts = []
    for step in path:
        if isinstance(step, str):
            parts.append(f".{step}" if step.replace("_", "a").replace("-", "a").isalnum() else f"[{json.dumps(step)}]")
        elif isinstance(step, Element):
            position = step.after if step.after is not None else step.before
            parts.append(f"[{step.key or position}]")
    return "".join(parts).removeprefix(".")


def is_empty(value: Value) -> bool:
    """Returns whether a value sets nothing."""
    return value is ABSENT or value is None or value == "" or value == [] or value == {}


def document(text: str) -> Value:
    """Returns the content of a JSON text with an object or a list; ABSENT for any other text."""
    if text.lstrip()[:1] not in ("{", "["):
        return ABSENT
    try:
        decoded = json.loads(text, parse_float=Decimal, object_pairs_hook=_object)
    except (ValueError, ArithmeticError, RecursionError):
        return ABSENT
    return decoded if decoded and _depth(decoded) <= DEEPEST_DOCUMENT else ABSENT


# --- comparing -----------------------------------------------------------------------------------------------------


def _is_same(value: Value, other: Value) -> bool:
    if value is ABSENT or other is ABSENT:
        return value is other
    return canonical(value) == canonical(other)


def _of_lists(before: list[Value], after: list[Value], at: tuple[Step, ...]) -> Iterator[Difference]:
    for pair in align(before, after):
        step = Element(pair.before, pair.after, pair.key)
        old = before[pair.before] if pair.before is not None else ABSENT
        other = after[pair.after] if pair.after is not None else ABSENT
        if pair.moved:
            yield Difference((*at, step), old, other, moved=True)
        else:
            yield from differences(old, other, (*at, step))


def _of_texts(before: str, after: str, at: tuple[Step, ...]) -> Iterator[Difference]:
    old, new = document(before), document(after)
    if type(old) is type(new) and old is not ABSENT and not _is_same(old, new):
        yield from differences(old, new, (*at, Document()))
    else:
        yield Difference(at, before, after)


def _of_whole(difference: Difference) -> Iterator[Difference]:
    value = difference.after if difference.before is ABSENT else difference.before
    if not isinstance(value, dict):
        yield difference
        return
    for name in sorted(value):
        is_new = difference.before is ABSENT
        yield Difference((name,), ABSENT if is_new else value[name], value[name] if is_new else ABSENT)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) != len(pairs):
        # Readers disagree on which of two equal names is in effect.
        raise ValueError("a name occurs twice")
    return decoded


def _depth(value: Value) -> int:
    level, depth = [value], 0
    while level and depth <= DEEPEST_DOCUMENT:
        depth += 1
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
    return depth


def _pair(difference: Difference) -> tuple[str, str]:
    before, after = ("\0" if side is ABSENT else canonical(side) for side in (difference.before, difference.after))
    return before, after


def _plain_path(path: Sequence[str | int | None]) -> str:
    steps = (part if isinstance(part, str) else Element(part, part) for part in path if part is not None)
    return path_text(tuple(steps))


# --- applying ------------------------------------------------------------------------------------------------------


def _apply(value: Value, diffs: list[tuple[tuple[Step, ...], Difference]]) -> Value:
    if not diffs:
        return value
    if not diffs[0][0]:
        return diffs[-1][1].after
    groups: dict[Step, list[tuple[tuple[Step, ...], Difference]]] = {}
    for path, difference in diffs:
        groups.setdefault(path[0], []).append((path[1:], difference))
    first = diffs[0][0][0]
    if isinstance(first, Document):
        return json.dumps(_apply(document(value), groups[first]), default=_plain)
    if isinstance(first, str):
        changed = {**(value if isinstance(value, dict) else {})}
        for name, inner in groups.items():
            changed[str(name)] = _apply(changed.get(str(name), ABSENT), inner)
        return {name: inner for name, inner in changed.items() if inner is not ABSENT}
    return _applied_list(value if isinstance(value, list) else [], groups)


def _applied_list(before: list[Value], groups: Mapping[Any, list[tuple[tuple[Step, ...], Difference]]]) -> list[Value]:
    """Fills the positions after with changed elements, and the others with the rest in its order."""
    placed = {
        step.after: _apply(ABSENT if step.before is None else before[step.before], inner)
        for step, inner in groups.items()
        if step.after is not None
    }
    taken = {step.before for step in groups}
    rest = iter([item for index, item in enumerate(before) if index not in taken])
    size = len(placed) + sum(index not in taken for index in range(len(before)))
    return [placed[index] if index in placed else next(rest) for index in range(size)]


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else repr(value)


# --- masks, replacements, exposure ---------------------------------------------------------------------------------

_ANY = "*"


def _equally_masked(before: Value, after: Value) -> tuple[Value, Value]:
    """Returns both values, each masked where one of them is, in every element of a list: elements can be paired with
    elements at other positions."""
    masks = {*_masked_paths(before, ()), *_masked_paths(after, ())}
    if not masks:
        return before, after
    return _mask_at(before, masks), _mask_at(after, masks)


def _masked_paths(value: Value, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if value is MASKED:
        yield at
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _masked_paths(inner, (*at, f".{name}"))
    elif isinstance(value, list):
        for inner in value:
            yield from _masked_paths(inner, (*at, _ANY))


def _mask_at(value: Value, masks: set[tuple[str, ...]], at: tuple[str, ...] = ()) -> Value:
    if value is None or value is ABSENT:
        return value
    if at in masks:
        return MASKED
    if isinstance(value, dict):
        return {name: _mask_at(inner, masks, (*at, f".{name}")) for name, inner in value.items()}
    if isinstance(value, list):
        return [_mask_at(inner, masks, (*at, _ANY)) for inner in value]
    return value


def _hidden_attributes(change: ResourceChange) -> tuple[str, ...]:
    """Returns the attributes with a sensitive part whose value changes, or that are sensitive on one side only."""
    before, after = change.before, change.after
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ()
    was, will = change.before_marks, change.after_marks
    return tuple(
        name
        for name in sorted(before.keys() & after.keys())
        if _is_hidden(before[name], after[name], changes=bool(will) and was.get(name) != will.get(name))
    )


def _is_hidden(before: Value, after: Value, *, changes: bool) -> bool:
    old, new = set(_masked_paths(before, ())), set(_masked_paths(after, ()))
    return old != new or (changes and bool(old))


def _is_among(path: tuple[Step, ...], paths: Iterable[Path]) -> bool:
    return any(_leads_to(path, other) for other in paths if other)


def _leads_to(path: tuple[Step, ...], other: Sequence[str | int | None]) -> bool:
    """Returns whether one of two paths is the beginning of the other."""
    for step, part in zip(path, other, strict=False):
        if isinstance(step, Document):
            if part is not None:
                return True
        elif isinstance(step, Element):
            if part not in (step.before, step.after):
                return False
        elif step != part:
            return False
    return True


def _reaches(difference: Difference, exposure: Exposure) -> bool:
    """Returns whether a difference is about the exposed value, or about an object with it."""
    return (
        not difference.moved
        and len(difference.path) <= len(exposure.path)
        and all(map(_is_at, difference.path, exposure.path))
    )


def _is_at(step: Step, part: str | int | None) -> bool:
    if isinstance(step, Document):
        return part is None
    if isinstance(step, Element):
        return part == (step.after if step.after is not None else step.before)
    return step == part


def _find_new_exposures(
    change: ResourceChange, before: Value, after: Value, diffs: tuple[Difference, ...]
) -> tuple[Exposure, ...]:
    """Returns what the change exposes that was not exposed before."""
    if change.action in (Action.FORGET, Action.READ, Action.NO_OP):
        return ()
    if change.action is Action.DELETE:
        return protection(change.type, before)
    known = {(exposure.reason, _names_only(exposure)) for exposure in exposures(change.type, before)}
    return tuple(
        exposure
        for exposure in exposures(change.type, after)
        if (exposure.reason, _names_only(exposure)) not in known or any(_reaches(part, exposure) for part in diffs)
    )


def _names_only(exposure: Exposure) -> tuple[str, ...]:
    return tuple(part for part in exposure.path if isinstance(part, str))
