"""Which attributes no configuration can set, and that they are no drift."""

from __future__ import annotations

import json
from typing import Any

import pytest

from terrace.drift.detection import find_drift
from terrace.plans.differences import Comparison
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.plans.schemas import BUILTIN, computed_attributes, required_schemas
from terrace.stacks.model import Stack

AWS = "registry.terraform.io/hashicorp/aws"
DATABASE = (AWS, "aws_db_instance")
SCHEMAS = {
    "format_version": "1.0",
    "provider_schemas": {
        AWS: {
            "provider": {},
            "resource_schemas": {
                "aws_db_instance": {
                    "version": 1,
                    "block": {
                        "attributes": {
                            "id": {"type": "string", "computed": True, "optional": True},
                            "arn": {"type": "string", "computed": True},
                            "engine": {"type": "string", "required": True},
                            "tags_all": {"type": ["map", "string"], "optional": True, "computed": True},
                            "latest_restorable_time": {"type": "string", "computed": True},
                        },
                        "block_types": {"timeouts": {"nesting_mode": "single", "block": {}}},
                    },
                }
            },
        }
    },
}
COMPUTED = computed_attributes(json.dumps(SCHEMAS).encode(), [DATABASE, (AWS, "aws_other"), ("elsewhere", "x")])


def resource(actions: list[str], before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    change = {"actions": actions, "before": before, "after": after, "after_unknown": more.pop("unknown", {})}
    told = {"address": "aws_db_instance.a", "type": "aws_db_instance", "name": "a", "mode": "managed"}
    return {**told, "provider_name": AWS, "change": change, **more}


def read(drift: dict[str, Any]) -> Plan:
    document = {"format_version": "1.2", "resource_changes": [], "resource_drift": [drift]}
    return read_plan(
        json.dumps(document).encode(),
        stack=Stack.conventional("dev", "environments/dev"),
        commit="c",
        key=DigestKey("k", b"k" * 32),
        root="",
        lock=b"",
        comparison=Comparison(COMPUTED),
    )


def test_what_is_computed_and_neither_optional_nor_required_cannot_be_set() -> None:
    assert {DATABASE: {"arn", "latest_restorable_time"}} == COMPUTED


@pytest.mark.parametrize("content", [b"", b"[]", b'{"provider_schemas": 1}', b"[" * 5000])
def test_what_is_no_schema_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="JSON of schemas"):
        computed_attributes(content, [DATABASE])


@pytest.mark.parametrize(
    ("document", "is_needed"),
    [
        ({"resource_changes": [resource(["delete"])]}, True),
        ({"resource_changes": [resource(["delete", "create"])]}, True),
        ({"resource_changes": [resource(["update"], unknown={"arn": True})]}, True),
        ({"resource_drift": [resource(["update"])]}, True),
        ({"resource_changes": [resource(["update"], unknown={"tags": {"a": False}})]}, False),
        ({"resource_changes": [resource(["create"]), resource(["no-op"])]}, False),
        ({"resource_changes": [resource(["delete"], provider_name="terraform.io/builtin/terraform")]}, False),
        ({"resource_changes": [resource(["read"], mode="data")]}, False),
        ({"resource_changes": "none"}, False),
    ],
)
def test_providers_are_asked_only_where_their_answer_decides_something(document: Any, is_needed: bool) -> None:
    assert required_schemas(json.dumps(document).encode()).computed == ({DATABASE} if is_needed else set())


@pytest.mark.parametrize(
    ("entry", "is_read"),
    [
        (resource(["create"], unknown={"arn": True}), True),
        (resource(["update"], unknown={"tags": [{"a": True}]}), True),
        (resource(["create"], unknown={"tags": {"a": False}}), False),
        (resource(["read"], unknown={"arn": True}, mode="data"), False),
        (resource(["create"], unknown={"output": True}, provider_name=BUILTIN), False),
    ],
)
def test_schemas_are_read_for_objects_with_unknown_values(entry: Any, is_read: bool) -> None:
    found = required_schemas(json.dumps({"resource_changes": [entry]}).encode())
    assert found.unsettable == ({DATABASE} if is_read else set())


def test_a_computed_attribute_that_moved_is_no_drift() -> None:
    before = {"id": "1", "engine": "a", "latest_restorable_time": "09:00"}
    assert find_drift(read(resource(["update"], before, {**before, "latest_restorable_time": "09:05"}))) == ()
    (seen,) = find_drift(read(resource(["update"], before, {**before, "engine": "b", "latest_restorable_time": "9"})))
    assert seen.paths == ("engine",)
    assert set(seen.observed) == {"engine"}


@pytest.mark.parametrize("name", ["id", "arn", "tags_all", "unheard_of"])
def test_what_identifies_an_object_or_can_be_set_stays_drift(name: str) -> None:
    (seen,) = find_drift(read(resource(["update"], {name: "a"}, {name: "b"})))
    assert seen.paths == (name,)
