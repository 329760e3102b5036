"""The digest and the masks on generated plans: what must not matter does not, and what matters does."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from terrace.plans.digest import DigestKey
from terrace.plans.masking import mask, paths
from terrace.plans.model import MASKED, Plan
from terrace.plans.read import read_plan
from terrace.stacks.model import Stack

SECRET = "s3cr3t-value"

numbers = st.integers(-(10**20), 10**20) | st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
scalars = st.none() | st.booleans() | numbers | st.text(max_size=6)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3)
actions = st.sampled_from([["create"], ["update"], ["delete"], ["delete", "create"], ["create", "delete"]])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    changes = []
    for number in range(draw(st.integers(1, 4))):
        changes.append(
            {
                "address": f"x.r{number}",
                "mode": "managed",
                "type": "x",
                "name": f"r{number}",
                "provider_name": "p",
                "change": {
                    "actions": draw(actions),
                    "before": draw(objects),
                    "after": draw(objects),
                    "after_unknown": {},
                    "before_sensitive": {},
                    "after_sensitive": {},
                },
            }
        )
    outputs = draw(st.dictionaries(st.sampled_from(["o", "p"]), values, max_size=2))
    return {
        "format_version": "1.2",
        "timestamp": draw(st.text(max_size=5)),
        "terraform_version": "1.11.4",
        "resource_changes": changes,
        "output_changes": {
            name: {"actions": ["update"], "before": None, "after": value, "after_unknown": False}
            for name, value in outputs.items()
        },
        "variables": {"v": {"value": draw(values)}},
        "prior_state": {"values": draw(values)},
    }


def read(document: dict[str, Any]) -> Plan:
    return read_plan(
        json.dumps(document).encode(),
        stack=Stack.conventional("dev", "environments/dev"),
        commit="c",
        key=DigestKey("k", b"k" * 32),
        root="",
        lock=b"",
    )


def shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        pairs = [(name, shuffled(inner, order)) for name, inner in value.items()]
        order.shuffle(pairs)
        return dict(pairs)
    return [shuffled(inner, order) for inner in value] if isinstance(value, list) else value


@given(documents(), st.randoms(use_true_random=False))
def test_order_and_what_would_not_be_done_do_not_matter(document: dict[str, Any], order: random.Random) -> None:
    other = shuffled(document, order)
    order.shuffle(other["resource_changes"])
    other["timestamp"] = "another"
    other["terraform_version"] = "1.12.0"
    other["prior_state"] = {"values": "another"}
    idle = copy.deepcopy(document["resource_changes"][0])
    idle["address"] = "x.idle"
    idle["change"]["actions"] = ["no-op"]
    other["resource_changes"].append(idle)
    assert read(other).digest == read(document).digest


@given(documents(), st.data())
def test_every_real_change_matters(document: dict[str, Any], data: st.DataObject) -> None:
    other = copy.deepcopy(document)
    change = data.draw(st.sampled_from(other["resource_changes"]))
    what = data.draw(
        st.sampled_from(["after", "before", "actions", "address", "unknown", "sensitive", "variable", "drop"])
    )
    match what:
        case "after" | "before":
            change["change"][what]["a"] = data.draw(
                values.filter(lambda v: not same(v, change["change"][what].get("a")))
            )
        case "actions":
            change["change"]["actions"] = data.draw(actions.filter(lambda a: a != change["change"]["actions"]))
        case "address":
            change["address"] += "x"
        case "unknown":
            change["change"]["after_unknown"] = {"z": True}
        case "sensitive":
            change["change"]["after_sensitive"] = {"a": True}
        case "variable":
            value = data.draw(values.filter(lambda v: not same(v, other["variables"]["v"]["value"])))
            other["variables"]["v"]["value"] = value
        case _:
            other["resource_changes"].remove(change)
    assume(document != other or what in ("after", "before"))
    assert read(other).digest != read(document).digest


def same(one: Any, other: Any) -> bool:
    """Whether two values are one JSON value: 1 and 1.0 are, 1 and true are not."""
    return json.dumps(plain(one), sort_keys=True) == json.dumps(plain(other), sort_keys=True)


def plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


@given(values, st.data())
def test_whatever_is_marked_sensitive_is_gone(value: Any, data: st.DataObject) -> None:
    value = {"top": value, "list": [value, value]}

    def mark(inner: Any) -> Any:
        if data.draw(st.integers(0, 3)) == 0:
            return True
        if isinstance(inner, dict):
            return {name: mark(item) for name, item in inner.items()}
        return [mark(item) for item in inner] if isinstance(inner, list) else False

    marks = mark(value)
    secret = planted(value, marks)
    found = mask(secret, marks)
    assert SECRET not in repr(found)
    assert repr(found).count(repr(MASKED)) == len(list(paths(marks)))


def planted(value: Any, marks: Any) -> Any:
    """The value with a secret wherever it is marked."""
    if marks is True:
        return SECRET
    if isinstance(value, dict):
        return (
            {name: planted(item, marks.get(name)) for name, item in value.items()} if isinstance(marks, dict) else value
        )
    if isinstance(value, list) and isinstance(marks, list):
        return [planted(item, mark) for item, mark in zip(value, marks, strict=True)]
    return value
