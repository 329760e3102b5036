"""Reading a plan takes short ways where it can; each gives what the plain form of the same function gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from terrace.plans import json_format
from terrace.plans.addresses import block_of
from terrace.plans.differences import Comparison, approval_coverage, list_alterations
from terrace.plans.masking import mask, paths
from terrace.plans.model import MASKED, UNKNOWN
from terrace.plans.secrets import Secrets

NAMES = st.sampled_from(["a", "b", "id", "tags"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from([1.0, 1.5, 1000.0, "", "1", "hunter-22", "a-hunter-22-b"]),
)
VALUES = st.recursive(LEAVES, lambda v: st.lists(v, max_size=3) | st.dictionaries(NAMES, v, max_size=3), max_leaves=8)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
MARKS = st.recursive(
    st.sampled_from([True, False, None]),
    lambda m: st.lists(m, max_size=3) | st.dictionaries(NAMES, m, max_size=3),
    max_leaves=5,
)
SIDES = st.none() | OBJECTS


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


@st.composite
def changes(draw: st.DrawFn) -> json_format.Change:
    before = draw(SIDES)
    # Mostly nearly equal: two values that were drawn apart have few equal parts.
    after = draw(SIDES | st.just(before))
    if isinstance(after, dict) and draw(st.booleans()):
        after = after | draw(OBJECTS)
    marks = draw(MARKS)
    return json_format.Change(
        ["update"], raw(before), raw(after), raw(draw(MARKS)), raw(marks), raw(draw(MARKS | st.just(marks)))
    )


# --- the part of a change that an approval covers --------------------------------------------------------------------

ABSENT = object()


def differences(sides: tuple[Any, ...], at: tuple[Any, ...], computed: frozenset[str]) -> Iterator[list[Any]]:
    """Every difference: objects by name, lists of equal length by place, everything else as a whole."""
    before, after, unknown, *_ = sides
    pair = (before, after)
    objects = [isinstance(side, dict) for side in pair]
    if unknown is not True and (all(objects) or (not at and any(objects) and None in pair)):
        for name in sorted({name for side in sides if isinstance(side, dict) for name in side}):
            inner = (
                *(side.get(name, ABSENT) if isinstance(side, dict) else ABSENT for side in pair),
                *(mark_at(mark, name) for mark in sides[2:]),
            )
            ends = inner[1] is None or inner[1] is ABSENT or bool(list(paths(inner[2])))
            for path, leaf in differences(inner, (*at, name), frozenset()):
                yield [path, {k: v for k, v in leaf.items() if k != "before" or at or name not in computed or not ends}]
    elif unknown is not True and all(isinstance(s, list) for s in pair) and len(before) == len(after):
        for index, values in enumerate(zip(before, after, strict=True)):
            inner = (*values, *(mark_at(mark, index) for mark in sides[2:]))
            yield from differences(inner, (*at, index), frozenset())
    else:
        later, *marks = (sorted(map(list, paths(mark)), key=str) for mark in sides[2:])
        if later or marks[0] != marks[1] or not same(before, after):
            known = {n: v for n, v in (("before", before), ("after", after)) if v is not ABSENT}
            yield [list(at), {**known, "unknown": later, "marks": marks}]


def mark_at(marks: Any, at: Any) -> Any:
    if marks is True:
        return True
    if isinstance(marks, dict):
        return marks.get(at)
    return marks[at] if isinstance(marks, list) and isinstance(at, int) and at < len(marks) else None


def same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)


def plainly(change: json_format.Change, computed: frozenset[str] = frozenset()) -> list[Any]:
    marks = (change.after_unknown, change.before_sensitive, change.after_sensitive)
    sides = tuple(json_format.value(side) for side in (change.before, change.after, *marks))
    return list(differences(sides, (), computed))


@given(changes())
@example(json_format.Change(["update"], raw({"a": [True, {"b": 1}]}), raw({"a": [1, {"b": 1.0}]})))
@example(json_format.Change(["create"], raw(None), raw({"a": 1, "b": {"a": []}}), raw({"id": True})))
def test_the_differences_of_a_change_are_those_of_the_plain_comparison(change: json_format.Change) -> None:
    assert repr(list_alterations(change)) == repr(plainly(change))


@given(changes())
def test_the_old_value_of_a_computed_attribute_that_ends_is_left_out_as_the_plain_comparison_does(
    change: json_format.Change,
) -> None:
    resource = json_format.Resource(address="aws_x.a", type="aws_x", name="a", provider_name="p", change=change)
    found, _ = approval_coverage(resource, Comparison({("p", "aws_x"): frozenset({"a", "tags"})}))
    assert repr(found["altered"]) == repr(plainly(change, frozenset({"a", "tags"})))


# --- masks and secrets -----------------------------------------------------------------------------------------------


def plainly_masked(value: Any, sensitive: Any, unknown: Any) -> Any:
    if sensitive is True:
        return MASKED
    if unknown is True:
        return UNKNOWN
    if isinstance(value, dict) or (value is None and (isinstance(sensitive, dict) or isinstance(unknown, dict))):
        there = value or {}
        names = [*there, *(n for n in (unknown if isinstance(unknown, dict) else ()) if list(paths(unknown[n])))]
        return {n: plainly_masked(there.get(n), mark_at_name(sensitive, n), mark_at_name(unknown, n)) for n in names}
    if isinstance(value, list):
        return [plainly_masked(v, mark_at_place(sensitive, i), mark_at_place(unknown, i)) for i, v in enumerate(value)]
    return value


def mark_at_name(marks: Any, name: str) -> Any:
    return marks.get(name) if isinstance(marks, dict) else None


def mark_at_place(marks: Any, at: int) -> Any:
    return marks[at] if isinstance(marks, list) and at < len(marks) else None


@given(OBJECTS, MARKS, MARKS)
def test_a_masked_value_is_that_of_the_plain_mask(value: Any, sensitive: Any, unknown: Any) -> None:
    assert mask(value, sensitive, unknown) == plainly_masked(value, sensitive, unknown)


def texts(value: Any, marks: Any) -> Iterator[str]:
    if isinstance(value, str) and marks is True:
        yield value
    for at, inner in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        mark = mark_at_name(marks, str(at)) if isinstance(value, dict) else mark_at_place(marks, int(at))
        yield from texts(inner, True if marks is True else mark)


@given(st.lists(changes(), max_size=3), VALUES)
def test_secrets_are_found_and_hidden_as_by_looking_at_every_text(found: list[json_format.Change], value: Any) -> None:
    pairs = [pair for one in found for pair in ((one.before, one.before_sensitive), (one.after, one.after_sensitive))]
    wanted = {t for v, marks in pairs for t in texts(json_format.value(v), json_format.value(marks)) if len(t) >= 6}
    resources = [json_format.Resource(address="aws_x.a", type="aws_x", name="a", change=one) for one in found]
    secrets = Secrets(json_format.Document(resource_changes=resources))
    assert set(secrets.texts) == wanted

    def hidden(one: Any) -> Any:
        if isinstance(one, str):
            return MASKED if any(text in one for text in wanted) else one
        if isinstance(one, dict):
            return {name: hidden(inner) for name, inner in one.items()}
        return [hidden(inner) for inner in one] if isinstance(one, list) else one

    assert secrets.hide(value, json.dumps(value).encode()) == hidden(value)


# --- addresses -------------------------------------------------------------------------------------------------------

KEYS = st.text(st.sampled_from('a."\\[]{}\n$é'), max_size=5) | st.integers(0, 12)


@given(st.none() | KEYS, st.none() | KEYS)
def test_the_block_of_an_address_has_no_index_whatever_the_keys_hold(module: Any, key: Any) -> None:
    one, other = ("" if k is None else f"[{json.dumps(k, ensure_ascii=False)}]" for k in (module, key))
    assert block_of(f"module.m{one}.aws_x.a{other}") == "module.m.aws_x.a"


@given(st.text(st.sampled_from('ab.1"\\[]'), max_size=12))
def test_the_block_of_any_text_is_what_is_outside_of_brackets_and_quotes(address: str) -> None:
    outside, depth, quoted, escaped = "", 0, False, False
    for character in address if "[" in address else "":
        if depth <= 0 and not quoted and character not in '"[]':
            outside += character
        if quoted:
            escaped, quoted = character == "\\" and not escaped, character != '"' or escaped
        elif character == '"':
            quoted = True
        else:
            depth += {"[": 1, "]": -1}.get(character, 0)
    assert block_of(address) == (outside if "[" in address else address)
