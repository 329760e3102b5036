"""Stacks are ordered by the backend locations of the states that they read, also where those are computed."""

from __future__ import annotations

import pytest

from support.trees import change, inventory
from terrace.errors import BadInput
from terrace.stacks.order import Order, find_edges, order_stacks, readers_of, uncertain_edges

YAML = "version: 1\nenvironments: {dev: {}}\n"


def backend(settings: str, kind: str = "s3") -> str:
    return f'terraform {{\n  backend "{kind}" {{\n{settings}\n  }}\n}}\n'


def reads(config: str, kind: str = '"s3"', more: str = "") -> str:
    return f'data "terraform_remote_state" "up" {{\n  backend = {kind}\n  config = {config}\n{more}\n}}\n'


def ordered(files: dict[str, str]) -> Order:
    found = inventory(files)
    return order_stacks(found.of("dev"), found.graph)


def names(found: Order) -> list[list[str]]:
    return [[stack.name for stack in wave] for wave in found.waves]


NET = {"environments/dev/znet/main.tf": backend('bucket = "b"\nkey = "dev/net"')}
"""A stack that comes last by its name."""


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ('{ bucket = "b", key = "dev/net" }', ""),
        ('{ bucket = local.bucket, key = "${local.env}/net" }', 'locals {\n  env = "dev"\n  bucket = "b"\n}\n'),
        ('{ bucket = var.bucket, key = "dev/net" }', 'variable "bucket" {\n  default = "b"\n}\n'),
        ('{ bucket = "b", key = "${var.env}/net", region = "x" }', 'variable "env" {}\n'),
        ('{ bucket = "b", key = join("/", ["dev", "net"]) }', ""),
        ('{ bucket = "b", key = "./dev//net/" }', ""),
    ],
)
def test_a_location_is_resolved_before_it_is_compared(config: str, more: str) -> None:
    files = {
        **NET,
        "environments/dev/app/main.tf": reads(config) + more,
        "environments/dev/app/terraform.tfvars": 'env = "dev"\n',
    }
    found = ordered(files)
    assert names(found) == [["znet"], ["app"]]
    assert not found.uncertain


def test_a_location_can_come_from_backend_config_and_module_arguments() -> None:
    given = "{key: dev/net, bucket: b}"
    stacks = f"stacks: [{{path: environments/dev/znet, environment: dev, name: znet, backend_config: {given}}}]\n"
    files = {
        "terrace.yaml": YAML + stacks,
        "environments/dev/znet/main.tf": backend(""),
        "environments/dev/app/main.tf": 'module "m" {\n  source = "../../../modules/m"\n  key = "dev/net"\n}\n',
        "modules/m/main.tf": reads('{ bucket = "b", key = var.key }') + 'variable "key" {}\n',
    }
    found = ordered(files)
    assert names(found) == [["znet"], ["app"]]
    assert not found.uncertain


def test_the_state_of_another_workspace_is_another_state() -> None:
    stacks = "stacks: [{path: environments/dev/znet, environment: dev, name: znet, workspace: blue}]\n"
    files = {**NET, "terrace.yaml": YAML + stacks}
    app = "environments/dev/app/main.tf"
    blue = reads('{ bucket = "b", key = "dev/net" }', more='  workspace = "blue"')
    assert names(ordered({**files, app: blue})) == [["znet"], ["app"]]
    assert names(ordered({**files, app: reads('{ bucket = "b", key = "dev/net" }')})) == [["app", "znet"]]


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ('{ bucket = "b", key = data.x.y.z }', '"s3"'),
        ('{ bucket = "b", key = "dev/${data.x.y.z}" }', '"s3"'),
        ('{ key = "dev/net" }', '"s3"'),
        ("data.x.y.config", '"s3"'),
        ('merge(local.x, { key = "dev/net" })', '"s3"'),
        ('{ bucket = "b", key = "dev/net" }', "data.x.y.kind"),
    ],
)
def test_an_uncertain_edge_orders_and_is_reported(config: str, kind: str) -> None:
    files = {**NET, "environments/dev/app/main.tf": "\n" + reads(config, kind)}
    found = ordered(files)
    assert names(found) == [["znet"], ["app"]]
    assert [(edge.reader, edge.owner, edge.certain) for edge in found.uncertain] == [("dev/app", "dev/znet", False)]
    there = inventory(files)
    (notice,) = uncertain_edges(there.stacks, there.graph)
    assert (notice.path, notice.line) == ("environments/dev/app/main.tf", 2)
    assert "dev/app possibly reads outputs of dev/znet, which is deployed first" in notice.message
    assert notice in change(files, {"environments/dev/app/x.tf": "#"}).notices


@pytest.mark.parametrize(
    "config",
    [
        '{ bucket = "other", key = data.x.y.z }',
        '{ bucket = "b", key = "prod/${data.x.y.z}" }',
        '{ bucket = "b", key = "dev/other" }',
    ],
)
def test_known_parts_of_a_location_exclude_stacks(config: str) -> None:
    assert names(ordered({**NET, "environments/dev/app/main.tf": reads(config)})) == [["app", "znet"]]


def test_uncertain_edges_create_no_cycle() -> None:
    unknown = reads('{ bucket = "b", key = data.x.y.z }')
    files = {
        **NET,
        "environments/dev/a/main.tf": backend('bucket = "b"\nkey = "dev/a"') + unknown,
        "environments/dev/b/main.tf": backend('bucket = "b"\nkey = "dev/b"') + unknown,
    }
    found = ordered(files)
    assert names(found) == [["znet"], ["a", "b"]]
    assert {(edge.reader, edge.owner) for edge in found.open} == {("dev/a", "dev/b"), ("dev/b", "dev/a")}
    assert not inventory(files).refusals
    messages = [notice.message for notice in uncertain_edges(inventory(files).stacks, inventory(files).graph)]
    assert any("no order is set" in message for message in messages)


def test_after_decides_where_an_edge_is_uncertain() -> None:
    unknown = reads('{ bucket = "b", key = data.x.y.z }')
    stacks = "stacks: [{path: environments/dev/znet, environment: dev, name: znet, after: [app]}]\n"
    files = {**NET, "terrace.yaml": YAML + stacks, "environments/dev/app/main.tf": unknown}
    assert names(ordered(files)) == [["app"], ["znet"]]


def test_a_certain_cycle_is_an_error() -> None:
    files = {
        "environments/dev/a/main.tf": backend('bucket = "b"\nkey = "a"') + reads('{ bucket = "b", key = "b" }'),
        "environments/dev/b/main.tf": backend('bucket = "b"\nkey = "b"')
        + reads('{ bucket = "b", key = local.a }')
        + 'locals {\n  a = "a"\n}\n',
    }
    with pytest.raises(BadInput, match="depend on each other"):
        ordered(files)
    assert set(inventory(files).refusals) == {"dev/a", "dev/b"}


def test_local_states_are_read_by_their_path() -> None:
    net = {"environments/dev/znet/main.tf": 'resource "terraform_data" "x" {}\n'}
    path = '{ path = "../${local.name}/terraform.tfstate" }'
    app = reads(path, '"local"') + 'locals {\n  name = "znet"\n}\n'
    assert names(ordered({**net, "environments/dev/app/main.tf": app})) == [["znet"], ["app"]]
    unknown = reads('{ path = "../${data.x.y.z}/terraform.tfstate" }', '"local"')
    found = ordered({**net, "environments/dev/app/main.tf": unknown})
    assert names(found) == [["znet"], ["app"]]
    assert found.uncertain


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("${path.module}/../znet/terraform.tfstate", "environments/dev/app"),
        ("${path.root}/../znet/terraform.tfstate", "environments/dev/app"),
        ("${path.cwd}/../znet/terraform.tfstate", "environments/dev/app"),
        ("${path.root}/../znet/terraform.tfstate", "modules/reader"),
        ("${path.module}/../../environments/dev/znet/terraform.tfstate", "modules/reader"),
        ("${local.folder}/znet/terraform.tfstate", "environments/dev/app"),
    ],
)
def test_local_states_are_read_by_a_path_from_the_folder_of_a_module_or_the_stack(path: str, where: str) -> None:
    files = {
        "environments/dev/znet/main.tf": 'resource "terraform_data" "x" {}\n',
        "environments/dev/app/main.tf": 'module "reader" {\n  source = "../../../modules/reader"\n}\n',
        "modules/reader/main.tf": "",
    }
    files[f"{where}/read.tf"] = reads(f'{{ path = "{path}" }}', '"local"') + (
        'locals {\n  folder = "${path.module}/.."\n}\n'
    )
    found = ordered(files)
    assert (names(found), found.uncertain) == ([["znet"], ["app"]], ())


def test_readers_in_another_environment_are_found() -> None:
    files = {**NET, "environments/prod/app/main.tf": reads('{ bucket = "b", key = "dev/net" }')}
    there = inventory(files)
    (edge,) = find_edges(there.stacks, there.graph)
    assert (edge.reader, edge.owner, str(edge.place)) == ("prod/app", "dev/znet", "environments/prod/app/main.tf:1")
    assert readers_of(there.stack("dev/znet"), there.stacks, there.graph) == ("prod/app",)
