"""Readers of an impacted stack are listed, and removing an output that is still read is reported."""

from __future__ import annotations

import pytest

from support.trees import change
from terrace.report.json.checks import impact_json

NET = (
    'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "net"\n  }\n}\n'
    'output "vpc" {\n  value = 1\n}\noutput "other" {\n  value = 1\n}\n'
)
UP = 'data "terraform_remote_state" "up" {\n  backend = "s3"\n  config = { bucket = "b", key = "net" }\n}\n'


def base(use: str, data: str = UP) -> dict[str, str]:
    return {
        "environments/dev/net/main.tf": NET,
        "environments/dev/app/main.tf": data,
        "environments/dev/app/use.tf": f"locals {{\n  x = {use}\n}}\n",
        "environments/dev/alone/main.tf": 'resource "terraform_data" "x" {}\n',
    }


WITHOUT = {"environments/dev/net/main.tf": NET.replace('output "vpc" {\n  value = 1\n}\n', "")}


def test_a_reader_of_an_impacted_stack_is_listed() -> None:
    found = change(base("data.terraform_remote_state.up.outputs.vpc"), {"environments/dev/net/x.tf": "#"})
    assert [impact.stack.key for impact in found.impacts] == ["dev/net"]
    (one,) = found.dependents
    assert (one.stack, one.of, one.certain, one.path, one.line) == (
        "dev/app",
        "dev/net",
        True,
        "environments/dev/app/main.tf",
        1,
    )
    assert impact_json(found, {}).dependents[0].stack == "dev/app"
    assert not change(base("1"), {"environments/dev/alone/x.tf": "#"}).dependents


@pytest.mark.parametrize(
    ("use", "certain"),
    [
        ("data.terraform_remote_state.up.outputs.vpc", True),
        ("data.terraform_remote_state.up.outputs.vpc.id[0]", True),
        ('data.terraform_remote_state.up.outputs["vpc"]', True),
        ('data.terraform_remote_state.up["a"].outputs.vpc', True),
        ("data.terraform_remote_state.up[0].outputs.vpc", True),
        ('"x-${data.terraform_remote_state.up.outputs.vpc}"', True),
        ("lookup(data.terraform_remote_state.up.outputs, var.x)", False),
        ("data.terraform_remote_state.up.outputs[var.x]", False),
    ],
)
def test_removing_an_output_that_is_read_is_reported(use: str, certain: bool) -> None:
    (lost,) = change(base(use), WITHOUT).lost_outputs
    assert (lost.owner, lost.output, lost.reader, lost.certain) == ("dev/net", "vpc", "dev/app", certain)
    assert (lost.path, lost.line) == ("environments/dev/app/use.tf", 2)


@pytest.mark.parametrize(
    "use",
    ["data.terraform_remote_state.up.outputs.other", "data.terraform_remote_state.other.outputs.vpc", "var.vpc", "1"],
)
def test_removing_an_unused_output_is_not_reported(use: str) -> None:
    assert change(base(use), WITHOUT).lost_outputs == ()


def test_removing_an_output_with_its_last_use_is_not_reported() -> None:
    edit = {**WITHOUT, "environments/dev/app/use.tf": "#"}
    assert change(base("data.terraform_remote_state.up.outputs.vpc"), edit).lost_outputs == ()


def test_uses_in_modules_and_in_json_are_found() -> None:
    files = {
        "environments/dev/net/main.tf": NET,
        "environments/prod/app/main.tf": 'module "m" {\n  source = "../../../modules/m"\n}\n',
        "modules/m/main.tf.json": '{"data": {"terraform_remote_state": {"up": {"backend": "s3", "config":'
        ' {"bucket": "b", "key": "net"}}}}, "output": {"x": {"value":'
        ' "${data.terraform_remote_state.up.outputs[\\"vpc\\"]}"}}}',
    }
    (lost,) = change(files, WITHOUT).lost_outputs
    assert (lost.output, lost.reader, lost.certain) == ("vpc", "prod/app", True)


def test_a_possible_reader_of_a_removed_output_is_uncertain() -> None:
    unknown = UP.replace('"net"', "data.x.y.z")
    (lost,) = change(base("data.terraform_remote_state.up.outputs.vpc", unknown), WITHOUT).lost_outputs
    assert not lost.certain
