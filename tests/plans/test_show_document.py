"""The plain plan for policies: as Terraform wrote it, and without anything that is sensitive."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.sites import site_of, terraform_in
from terrace.plans.digest import DigestKey
from terrace.plans.model import MASKED, Action
from terrace.plans.read import read_plan
from terrace.plans.redacted_document import redact
from terrace.stacks.model import Stack

SECRETIVE = """
variable "password" {
  sensitive = true
  default   = "hunter2-<hunter>"
}

variable "label" {
  default = "one"
}

resource "terraform_data" "it" {
  input = { user = "ann", password = var.password, label = var.label }
}

output "secret" {
  value     = var.password
  sensitive = true
}
"""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    folder = tmp_path_factory.mktemp("shown")
    made = terraform_in(folder / "terrace").plan(site_of(folder, SECRETIVE))
    made.discard()
    return made.document, str(folder)


def test_nothing_sensitive_is_left_and_all_else_is(document: tuple[bytes, str]) -> None:
    whole, root = document
    assert b"hunter2" in whole
    told = redact(whole, root)
    assert b"hunter2" not in told
    assert root.encode() not in told
    before, after = json.loads(whole), json.loads(told)
    assert after.keys() == before.keys()
    (change,) = after["resource_changes"]
    assert change["change"]["after"]["input"] == {"user": "ann", "password": "(sensitive)", "label": "one"}
    (planned,) = after["planned_values"]["root_module"]["resources"]
    assert planned["values"]["input"] == {"user": "ann", "password": "(sensitive)", "label": "one"}
    assert after["variables"] == {"label": {"value": "one"}, "password": {"value": "(sensitive)"}}
    assert after["output_changes"]["secret"]["after"] == "(sensitive)"
    assert after["configuration"]["root_module"]["resources"] == before["configuration"]["root_module"]["resources"]


def old(version: str, **change: object) -> bytes:
    made = {"actions": ["create"], "before": None, "after": {"password": "hunter22", "size": 3}, **change}
    resource = {"address": "a.b", "type": "a", "name": "b", "change": made}
    return json.dumps({"format_version": version, "resource_changes": [resource]}).encode()


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_old_plans_without_marks_hide_what_is_called_a_secret(version: str) -> None:
    stack = Stack.conventional("dev", "environments/dev")
    key = DigestKey("k", b"k" * 32)
    plan = read_plan(old(version), stack=stack, commit="c", key=key, root="", lock=b"")
    assert plan.changes[0].after == {"password": MASKED, "size": 3}
    assert (plan.complete, plan.errored) == (True, False)
    assert b"hunter22" not in redact(old(version))
    marked = read_plan(
        old(version, after_sensitive={"size": True}), stack=stack, commit="c", key=key, root="", lock=b""
    )
    assert marked.changes[0].after == {"password": "hunter22", "size": MASKED}


def test_short_secrets_of_old_plans_are_hidden_where_they_are_planned_too() -> None:
    planned = {"root_module": {"resources": [{"address": "a.b", "values": {"password": "abc"}}]}}
    whole = {"format_version": "0.1", "planned_values": planned, "resource_changes": []}
    assert b"abc" not in redact(json.dumps(whole).encode())


OLD = Path(__file__).parent / "old"


@pytest.mark.parametrize(("version", "format_"), [("0.12.31", "0.1"), ("1.0.11", "0.2")])
def test_plans_of_old_terraforms_are_read_and_hide_their_secrets(version: str, format_: str) -> None:
    whole = (OLD / f"{version}.json").read_bytes()
    assert b"hunter2" in whole
    stack = Stack.conventional("dev", "environments/dev")
    plan = read_plan(whole, stack=stack, commit="c", key=DigestKey("k", b"k" * 32), root="", lock=b"")
    assert (plan.format_version, plan.terraform_version) == (format_, version)
    assert [(c.address, c.action, c.index) for c in plan.changes] == [
        ("five_thing.it[0]", Action.CREATE, 0),
        ("five_thing.it[1]", Action.CREATE, 1),
    ]
    assert plan.changes[0].after["name"] == "it-0"
    assert ("id",) in plan.changes[0].unknown
    assert (plan.complete, plan.errored) == (True, False)
    assert {o.name: o.sensitive for o in plan.outputs} == {"password": True, "size": False}
    assert "hunter2" not in repr(plan)
    assert b"hunter2" not in redact(whole)
