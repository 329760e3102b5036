"""The part of a plan that an approval covers: what moves by itself is no other plan, and another object is one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from terrace.plans.differences import Comparison
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.stacks.model import Stack

AWS = "registry.terraform.io/hashicorp/aws"
COMPUTED = {(AWS, "aws_db_instance"): frozenset({"id", "arn", "latest_restorable_time", "status"})}

DATABASE = {
    "id": "db-1",
    "arn": "arn:aws:rds:::db-1",
    "latest_restorable_time": "2026-01-01T00:00:00Z",
    "status": "available",
    "engine": "postgres",
    "tags": {"team": "a"},
    "restore": [{"until": "2026-01-01T00:00:00Z", "keep": 7}],
}


def document(actions: list[str], before: Any, after: Any, unknown: Any = None, **more: Any) -> dict[str, Any]:
    change = {"actions": actions, "before": before, "after": after, "after_unknown": unknown or {}}
    resource = {
        "address": "aws_db_instance.main",
        "mode": "managed",
        "type": "aws_db_instance",
        "name": "main",
        "provider_name": AWS,
        "change": change | {"before_sensitive": {}, "after_sensitive": {}},
    }
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [resource | more]}


def read(found: dict[str, Any], *allowed: str, computed: bool = True) -> Plan:
    return read_plan(
        json.dumps(found).encode(),
        stack=Stack.conventional("dev", "environments/dev"),
        commit="c",
        key=DigestKey("k", b"k" * 32),
        root="",
        lock=b"",
        comparison=Comparison(COMPUTED if computed else {}, allowed),
    )


def later(value: dict[str, Any]) -> dict[str, Any]:
    """The same object some minutes later."""
    moved = copy.deepcopy(value)
    moved["latest_restorable_time"] = "2026-01-01T00:05:00Z"
    if "restore" in moved:
        moved["restore"][0]["until"] = "2026-01-01T00:05:00Z"
    return moved


def tagged(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "tags": {"team": "b"}}


def imported(one: dict[str, Any]) -> dict[str, Any]:
    found = document(["no-op"], one, one)
    found["resource_changes"][0]["change"]["importing"] = {"id": "db-1"}
    return found


PLANS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "an update": lambda one: document(["update"], one, tagged(one)),
    "a move": lambda one: document(["no-op"], one, one, previous_address="aws_db_instance.old"),
    "an import": imported,
}


@pytest.mark.parametrize("make", PLANS.values(), ids=PLANS)
def test_what_a_plan_does_not_alter_may_move(make: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    assert read(make(DATABASE), computed=False).digest == read(make(later(DATABASE)), computed=False).digest


def test_a_block_that_is_altered_covers_only_what_is_altered_in_it() -> None:
    def kept_longer(one: dict[str, Any]) -> dict[str, Any]:
        after = copy.deepcopy(one)
        after["restore"][0]["keep"] = 30
        return document(["update"], one, after)

    assert read(kept_longer(DATABASE)).digest == read(kept_longer(later(DATABASE))).digest


def test_a_delete_and_a_replacement_do_not_cover_what_the_provider_computes() -> None:
    simple = {name: value for name, value in DATABASE.items() if name != "restore"}
    after = {"engine": "mysql", "tags": {"team": "a"}}
    unknown = dict.fromkeys(("id", "arn", "latest_restorable_time", "status"), True)
    makes: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (
        lambda one: document(["delete"], one, None),
        lambda one: document(["delete", "create"], one, after, unknown),
        lambda one: document(["update"], one, {**tagged(one), "latest_restorable_time": None}, unknown),
    )
    for make in makes:
        assert read(make(simple)).digest == read(make(later(simple))).digest
        assert read(make(simple), computed=False).digest != read(make(later(simple)), computed=False).digest


def test_a_delete_covers_what_a_configuration_sets() -> None:
    guarded = document(["delete"], {**DATABASE, "skip_final_snapshot": False}, None)
    bare = document(["delete"], {**DATABASE, "skip_final_snapshot": True}, None)
    assert read(guarded).digest != read(bare).digest


@pytest.mark.parametrize("name", ["id", "arn"])
@pytest.mark.parametrize("actions", [["update"], ["delete"], ["delete", "create"]], ids=lambda a: "-".join(a))
def test_the_same_change_of_another_object_is_another_plan(actions: list[str], name: str) -> None:
    other = {**DATABASE, name: "another"}
    after = [None if actions == ["delete"] else tagged(one) for one in (DATABASE, other)]
    assert read(document(actions, DATABASE, after[0])).digest != read(document(actions, other, after[1])).digest


def test_a_new_object_is_covered_with_all_its_values() -> None:
    for actions, before in ((["create"], None), (["delete", "create"], DATABASE)):
        one, other = ({**DATABASE, "engine": engine} for engine in ("postgres", "mysql"))
        plans = [
            read(document(actions, {**before, "engine": x["engine"]} if before else None, x)) for x in (one, other)
        ]
        assert plans[0].digest != plans[1].digest


def test_a_number_is_not_taken_for_a_truth() -> None:
    one = document(["update"], {"x": 1}, {"x": True})
    assert read(one).digest != read(document(["update"], {"x": 1}, {"x": 1})).digest


def test_an_allowed_attribute_is_no_part_of_the_digest_and_is_named() -> None:
    def planned_at(time: str) -> dict[str, Any]:
        return document(["update"], DATABASE, {**DATABASE, "tags": {"team": "b", "planned": time}})

    allowed = "aws_db_instance.main.tags.planned"
    plans = [read(planned_at(time), allowed) for time in ("09:00", "10:00")]
    assert plans[0].digest == plans[1].digest
    assert plans[0].volatile == (allowed,)
    assert read(planned_at("09:00")).digest != read(planned_at("10:00")).digest
    # What is beside it is covered as before.
    other = document(["update"], DATABASE, {**DATABASE, "tags": {"team": "c", "planned": "09:00"}})
    assert read(other, allowed).digest != plans[0].digest


def test_an_allowed_attribute_holds_for_every_instance_and_for_outputs() -> None:
    def planned_at(time: str) -> dict[str, Any]:
        found = document(["create"], None, {"note": time})
        found["resource_changes"][0]["address"] = 'module.a["x.y"].aws_db_instance.main[0]'
        found["output_changes"] = {"time": {"actions": ["update"], "before": "old", "after": time}}
        return found

    allowed = ("module.a.aws_db_instance.main.note", "output.time")
    plans = [read(planned_at(time), *allowed) for time in ("09:00", "10:00")]
    assert plans[0].digest == plans[1].digest
    assert plans[0].volatile == allowed


def test_an_allowed_attribute_that_the_plan_does_not_alter_is_not_named() -> None:
    plan = read(document(["update"], DATABASE, tagged(DATABASE)), "aws_db_instance.main.engine", "aws_s3_bucket.b.tags")
    assert plan.volatile == ()
    assert plan.digest == read(document(["update"], DATABASE, tagged(DATABASE))).digest
