"""Attributes that differ in every plan are found before an approval is requested, by following their values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from terrace.assess.model import Finding
from terrace.checks.volatile import find_volatile
from terrace.plans.model import UNKNOWN, Action, Digest, OutputChange, Plan, ResourceChange
from terrace.plans.volatile_values import find_volatile_attributes, read_clock
from terrace.stacks.model import Stack


def change(address: str, before: Any, after: Any, action: Action = Action.UPDATE, module: str = "") -> ResourceChange:
    return ResourceChange(address, "terraform_data", "a", action, module=module, before=before, after=after)


def found(
    source: str,
    *changes: ResourceChange,
    module: str = "",
    outputs: tuple[OutputChange, ...] = (),
    allow: str = "",
    asked: bool = True,
) -> tuple[Finding, ...]:
    files = {"": [("main.tf", source.encode())], "m": [("main.tf", module.encode())]}
    found = find_volatile_attributes(changes, outputs, read_clock(files), (allow,) if allow else ())
    plan = Plan(Stack.conventional("dev", "live"), "c", Digest("d", "k"), changes, outputs, moving=found)
    return find_volatile(plan, needs_approval=asked)


A = "terraform_data.a"
MOVES = change(A, {"input": "09:00", "x": 1}, {"input": "10:00", "x": 1})


@pytest.mark.parametrize(
    "source",
    [
        f'resource "terraform_data" "a" {{\n  input = {value}\n}}\n{more}'
        for value, more in (
            ("plantimestamp()", ""),
            ('"at ${formatdate("YYYY-MM-DD", plantimestamp())}"', ""),
            ("local.now", "locals {\n  now = upper(local.time)\n  time = plantimestamp()\n}\n"),
            ("merge(local.tags, { a = 1 })", "locals {\n  tags = { at = plantimestamp() }\n}\n"),
            ("data.external.x.result", 'data "external" "x" {\n  result = { at = plantimestamp() }\n}\n'),
            ("terraform_data.b.input", 'resource "terraform_data" "b" {\n  input = plantimestamp()\n}\n'),
            ("1 + length(local.now)", "locals {\n  now = plantimestamp()\n}\n"),
        )
    ],
)
def test_the_time_of_the_plan_is_followed_to_the_attribute(source: str) -> None:
    (one,) = found(source, MOVES)
    assert one.blocks
    assert (one.address, one.stack) == (A, "dev/live")
    assert "terraform_data.a.input" in one.message
    assert "terraform_data.a.input" in str(one.fix)


def test_it_is_followed_into_modules_out_of_them_and_through_blocks() -> None:
    inside = (
        'variable "v" {}\nresource "terraform_data" "a" {\n  tag {\n    at = var.v\n  }\n}\n'
        'output "o" {\n  value = var.v\n}\n'
    )
    source = (
        'module "m" {\n  source = "../modules/m"\n  v = plantimestamp()\n}\noutput "t" {\n  value = module.m.o\n}\n'
    )
    change_ = change('module.m["x"].terraform_data.a[0]', None, {"tag": [{"at": "1"}]}, Action.CREATE, 'module.m["x"]')
    told = found(source, change_, module=inside, outputs=(OutputChange("t", Action.UPDATE, "1", "2"),))
    assert [one.address for one in told] == ['module.m["x"].terraform_data.a[0]', "output.t"]


def test_each_value_of_a_volatile_for_each_is_volatile() -> None:
    source = 'resource "terraform_data" "a" {\n  for_each = { x = plantimestamp() }\n  input = each.value\n}\n'
    assert len(found(source, change('terraform_data.a["x"]', {"input": "1"}, {"input": "2"}))) == 1


def test_an_attribute_that_the_plan_does_not_alter_is_not_named() -> None:
    source = 'resource "terraform_data" "a" {\n  input = plantimestamp()\n}\n'
    assert found(source, change(A, {"input": "1", "x": 1}, {"input": "1", "x": 2})) == ()
    assert found(source, change(A, {"input": "1"}, None, Action.DELETE)) == ()
    assert found('resource "terraform_data" "a" {\n  input = "plantimestamp"\n}\n', MOVES) == ()


@pytest.mark.parametrize("allow", ["terraform_data.a.input", "terraform_data.a.input.at"])
def test_an_attribute_that_is_allowed_is_not_named(allow: str) -> None:
    source = 'resource "terraform_data" "a" {\n  input = plantimestamp()\n}\n'
    assert found(source, MOVES, allow=allow) == ()
    assert found(source, MOVES, allow="terraform_data.a.inputs")


def test_where_no_approval_is_needed_it_does_not_block() -> None:
    (one,) = found('resource "terraform_data" "a" {\n  input = plantimestamp()\n}\n', MOVES, asked=False)
    assert one.advisory


def test_the_time_of_the_apply_is_reported_where_every_plan_changes_it_and_does_not_block() -> None:
    source = 'resource "terraform_data" "a" {\n  triggers_replace = timestamp()\n}\n'
    again = change(A, {"triggers_replace": "1"}, {"triggers_replace": UNKNOWN}, Action.REPLACE)
    (one,) = found(source, again)
    assert one.advisory
    assert "never settles" in one.message
    assert found(source, change(A, None, {"triggers_replace": UNKNOWN}, Action.CREATE)) == ()
    kept = source.replace("}\n", "  lifecycle {\n    ignore_changes = [triggers_replace]\n  }\n}\n")
    assert found(kept, again) == ()


JSON_SOURCES = [
    {"resource": {"terraform_data": {"a": {"input": "${plantimestamp()}"}}}},
    {"resource": [{"terraform_data": [{"a": [{"input": 'at ${formatdate("YYYY-MM-DD", plantimestamp())}'}]}]}]},
    {"locals": {"now": "${upper(local.t)}", "t": "${plantimestamp()}"},
     "resource": {"terraform_data": {"a": {"input": {"at": ["${local.now}"]}}}}},
    {"data": {"external": {"x": {"query": {"at": "${plantimestamp()}"}}}},
     "resource": {"terraform_data": {"a": {"dynamic": {"input": {"for_each": "${data.external.x.query}"}}}}}},
]  # fmt: skip


@pytest.mark.parametrize("source", JSON_SOURCES, ids=["plain", "in lists", "through locals", "in a dynamic block"])
def test_files_in_json_syntax_are_followed_too(source: dict[str, Any]) -> None:
    clock = read_clock({"": [("main.tf.json", json.dumps(source).encode())]})
    assert [one.entry for one in find_volatile_attributes((MOVES,), (), clock, ())] == ["terraform_data.a.input"]


def test_text_that_is_not_a_call_in_json_syntax_is_not_volatile() -> None:
    texts = ["$${plantimestamp()}", "plantimestamp()", '${"plantimestamp()"}', "${local.x"]
    source = {"resource": {"terraform_data": {"a": {"input": texts, "//": "${plantimestamp()}"}}}}
    clock = read_clock({"": [("main.tf.json", json.dumps(source).encode())]})
    assert find_volatile_attributes((MOVES,), (), clock, ()) == ()
    ignored = {"triggers_replace": "${timestamp()}", "lifecycle": {"ignore_changes": ["triggers_replace"]}}
    again = change(A, {"triggers_replace": "1"}, {"triggers_replace": UNKNOWN}, Action.REPLACE)
    for kept, names in ((ignored, 0), ({"triggers_replace": "${timestamp()}"}, 1)):
        content = json.dumps({"resource": {"terraform_data": {"a": kept}}}).encode()
        assert len(find_volatile_attributes((again,), (), read_clock({"": [("main.tf.json", content)]}), ())) == names


def test_what_all_objects_of_json_ignore_is_not_reported() -> None:
    again = change(A, {"triggers_replace": "1"}, {"triggers_replace": UNKNOWN}, Action.REPLACE)
    lifecycles = [
        [{"ignore_changes": "all"}],
        {"ignore_changes": ["${triggers_replace}"]},
        {"ignore_changes": "${all}"},
    ]
    for lifecycle, number in (*((kept, 0) for kept in lifecycles), ({"ignore_changes": ["input"]}, 1)):
        block = {"triggers_replace": '%{ if timestamp() == "a" }b%{ endif }', "lifecycle": lifecycle}
        content = json.dumps({"resource": {"terraform_data": {"a": block}}}).encode()
        assert len(find_volatile_attributes((again,), (), read_clock({"": [("a.tf.json", content)]}), ())) == number


@pytest.mark.parametrize("content", [b"{plantimestamp(", b"[" * 3000 + b'"plantimestamp("', b'"plantimestamp("'])
def test_a_broken_file_in_json_syntax_is_read_as_nothing(content: bytes) -> None:
    assert find_volatile_attributes((MOVES,), (), read_clock({"": [("main.tf.json", content)]}), ()) == ()
