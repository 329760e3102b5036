"""The view of a plan that policies get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.policy.view import HIDDEN, LATER, view
from terrace.plans.addresses import block_of
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.stacks.model import Stack

SCHEMA = Path(__file__).parents[2] / "docs/reference/policy-input.schema.json"
KEY = DigestKey(id="test", secret=b"0" * 32)


def plan_of(changes: list[dict[str, object]], configuration: Mapping[str, object] | None = None) -> Plan:
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": changes,
        "configuration": {"root_module": configuration or {}},
        "complete": True,
    }
    stack = Stack.conventional("prod", "environments/prod")
    return read_plan(json.dumps(document).encode(), stack=stack, commit="c", key=KEY, root="/", lock=b"")


def change(address: str, actions: list[str], before: object, after: object, **more: object) -> dict[str, object]:
    kind, name = address.split("[")[0].split(".")[-2:]
    told = {"actions": actions, "before": before, "after": after, "after_unknown": {}, **more}
    return {"address": address, "type": kind, "name": name, "mode": "managed", "change": told}


def test_every_object_is_one_entry_with_its_full_address_and_action() -> None:
    plan = plan_of(
        [
            change('module.a["x"].module.b[0].aws_s3_bucket.data', ["create"], None, {"bucket": "b"}),
            change("aws_s3_bucket.old", ["delete"], {"bucket": "o"}, None),
            change("aws_s3_bucket.kept", ["no-op"], {"bucket": "k"}, {"bucket": "k"}),
        ]
    )
    first, old, kept = view(plan)["resources"]
    assert (first["address"], first["block"]) == (
        'module.a["x"].module.b[0].aws_s3_bucket.data',
        "module.a.module.b.aws_s3_bucket.data",
    )
    assert (first["action"], first["before"], first["after"]) == ("create", None, {"bucket": "b"})
    assert (old["action"], old["before"], old["after"]) == ("delete", {"bucket": "o"}, None)
    assert (kept["action"], kept["before"], kept["after"]) == ("no-op", {"bucket": "k"}, {"bucket": "k"})


def test_unknown_and_sensitive_values_are_marked_in_their_place() -> None:
    marks = {"after_unknown": {"arn": True}, "after_sensitive": {"password": True}}
    plan = plan_of([change("aws_db_instance.it", ["create"], None, {"password": "hunter22"}, **marks)])
    (found,) = view(plan)["resources"]
    assert found["after"] == {"arn": dict(LATER), "password": dict(HIDDEN)}
    assert (found["unknown"], found["sensitive"]) == ([["arn"]], [["password"]])
    assert "hunter22" not in json.dumps(view(plan))


def test_documents_in_texts_are_parsed() -> None:
    after = {"policy": '{"Statement": [{"Effect": "Allow"}]}', "note": "{no json", "list": [{"env": '["a"]'}]}
    (found,) = view(plan_of([change("aws_iam_policy.it", ["create"], None, after)]))["resources"]
    assert found["json"] == {"policy": {"Statement": [{"Effect": "Allow"}]}, "list.0.env": ["a"]}


def test_blocks_know_whom_they_refer_to_and_who_refers_to_them() -> None:
    configuration = {
        "resources": [
            {"address": "aws_s3_bucket.data"},
            {
                "address": "aws_s3_bucket_versioning.data",
                "expressions": {"bucket": {"references": ["aws_s3_bucket.data.id", "aws_s3_bucket.data"]}},
            },
        ]
    }
    changes = [
        change("aws_s3_bucket.data[0]", ["create"], None, {}),
        change("aws_s3_bucket_versioning.data", ["create"], None, {}),
    ]
    bucket, versioning = view(plan_of(changes, configuration))["resources"]
    assert versioning["refers_to"] == ["aws_s3_bucket.data"]
    assert bucket["referred_from"] == ["aws_s3_bucket_versioning.data"]


@given(st.lists(st.text(max_size=8), max_size=3))
def test_an_index_may_hold_anything(keys: list[str]) -> None:
    address = "aws_x.y" + "".join(f"[{json.dumps(key)}]" for key in keys)
    assert block_of(address) == "aws_x.y"
    assert block_of("module.m" + "".join(f"[{json.dumps(key)}]" for key in keys) + ".aws_x.y") == "module.m.aws_x.y"


def test_the_view_is_plain_json() -> None:
    plan = plan_of([change("a_b.c", ["update"], {"n": 1.5}, {"n": 2})])
    assert json.loads(json.dumps(view(plan))) == view(plan)


def test_what_a_provider_assumes_is_said_where_nothing_is_set() -> None:
    plan = plan_of(
        [
            change("azurerm_storage_account.it", ["create"], None, {"min_tls_version": "TLS1_0", "name": "a"}),
            change("aws_x.y", ["create"], None, {}),
            change("azurerm_storage_account.gone", ["delete"], {"name": "a"}, None),
        ]
    )
    account, other, gone = view(plan)["resources"]
    assert account["defaults"]["allow_nested_items_to_be_public"] is True
    assert "min_tls_version" not in account["defaults"]
    assert other["defaults"] == gone["defaults"] == {}


def test_the_view_is_what_its_schema_says() -> None:
    """The schema allows no field that it does not tell: whoever adds one documents it."""
    marks = {"after_unknown": {"arn": True}, "after_sensitive": {"password": True}}
    plan = plan_of(
        [
            change('module.a["x"].aws_db_instance.it[0]', ["delete", "create"], {}, {"password": "hunter22"}, **marks),
            change("aws_s3_bucket.old", ["delete"], {"bucket": "o"}, None),
        ]
    )
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(view(plan))
