"""Stacks that read outputs of others, from the check to the end: with real Terraform, and a state store on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import World, world
from support.git import git
from support.http_states import HttpStore, serve_states

pytestmark = pytest.mark.slow


@pytest.fixture
def store() -> Iterator[tuple[str, HttpStore]]:
    with serve_states() as found:
        yield found


def net(*outputs: str, value: int = 1) -> str:
    told = "".join(f'output "{name}" {{\n  value = terraform_data.net.input\n}}\n' for name in outputs)
    return f'terraform {{\n  backend "http" {{}}\n}}\nresource "terraform_data" "net" {{\n  input = {value}\n}}\n{told}'


def app(address: str, uses: str = "data.terraform_remote_state.net.outputs.vpc") -> str:
    return (
        f'terraform {{\n  backend "http" {{\n    address = "{address}/app"\n  }}\n}}\n'
        f'locals {{\n  store = "{address}"\n}}\n'
        'data "terraform_remote_state" "net" {\n  backend = "http"\n  config = { address = "${local.store}/znet" }\n}\n'
        f'resource "terraform_data" "app" {{\n  input = {uses}\n}}\n'
    )


@pytest.fixture
def shop(tmp_path: Path, store: tuple[str, HttpStore]) -> World:
    """The network comes last by its name, and its address is given by terrace.yaml alone."""
    address, _ = store
    entry = (
        f"{{path: environments/dev/znet, environment: dev, name: znet, backend_config: {{address: {address}/znet}}}}"
    )
    made = world(
        tmp_path,
        {
            "environments/dev/znet/main.tf": net("vpc", "other"),
            "environments/dev/app/main.tf": app(address),
            "terrace.yaml": f"version: 1\nenvironments: {{dev: {{}}}}\nstacks: [{entry}]\n",
        },
    )
    made.ok("deploy", "dev")
    return made


def test_a_reader_is_planned_on_new_outputs_and_outlives_nothing_that_it_reads(
    shop: World, store: tuple[str, HttpStore]
) -> None:
    _, states = store
    assert b'"value":1' in states.states["/app"].replace(b" ", b"")

    git(shop.work, "switch", "--quiet", "--create", "change")
    (shop.work / "environments/dev/znet/main.tf").write_text(net("other", value=2))
    told = shop.ok("impact").out
    assert "dev/app reads outputs of dev/znet (environments/dev/app/main.tf:9): planned after it" in told
    checked = shop.run("check", "--json")
    assert checked.code == 1
    (found,) = [one for one in checked.json["findings"] if one["rule"] == "removed-output"]
    assert "removes the output 'vpc' of dev/znet, which dev/app reads here" in found["message"]
    assert (found["file"], found["line"], found["status"]) == ("environments/dev/app/main.tf", 14, "fail")

    git(shop.work, "switch", "--quiet", "--force", "main")
    shop.push({"environments/dev/znet/main.tf": net("vpc", "other", value=2)})
    done = shop.ok("deploy", "dev", "--json").json
    assert done["result"] == "succeeded"
    assert b'"value":2' in states.states["/app"].replace(b" ", b""), "not planned on the outputs of before"

    held = shop.run("destroy", "dev", "dev/znet", "--reason", "x", "--yes", "--json")
    assert held.code == 1, held.out + held.err
    assert "its outputs are read by dev/app (environments/dev/app/main.tf:9)" in held.out
    assert b"terraform_data" in states.states["/znet"]
    shop.ok("destroy", "dev", "--reason", "over", "--yes")
    assert all(b"terraform_data" not in state for state in states.states.values())


def test_a_reader_that_is_named_does_not_hold_what_it_reads(shop: World, store: tuple[str, HttpStore]) -> None:
    shop.ok("destroy", "dev", "dev/znet", "--reason", "x", "--yes", "--allow", "dev/app")
    assert b"terraform_data" not in store[1].states["/znet"]


def test_a_stack_goes_only_where_the_deployed_configuration_of_every_other_stack_can_be_read(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, states = store
    entry = (
        f"{{path: environments/dev/znet, environment: dev, name: znet, backend_config: {{address: {address}/znet}}}}"
    )
    shop = world(
        tmp_path,
        {
            "environments/dev/znet/main.tf": net("vpc"),
            "environments/apps/app/main.tf": app(address),
            "terrace.yaml": f"version: 1\nenvironments: {{dev: {{}}, apps: {{}}}}\nstacks: [{entry}]\n",
        },
    )
    shop.ok("deploy", "dev")
    shop.ok("deploy", "apps")
    lost = git(shop.work, "rev-parse", "HEAD")
    shop.push({"environments/dev/znet/main.tf": net("vpc", value=2), "environments/apps/app/main.tf": None})
    shop.ok("deploy", "dev")
    for tag in git(shop.work, "tag", "--list", "deployed/*").split():
        git(shop.work, "tag", "--delete", tag)
    git(shop.work, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", "main")
    git(shop.work, "reflog", "expire", "--expire=now", "--all")
    git(shop.work, "gc", "--quiet", "--prune=now")

    held = shop.run("destroy", "dev", "dev/znet", "--reason", "over", "--yes")
    assert held.code == 1, held.out + held.err
    told = " ".join(held.out.split())
    assert f"apps/app is deployed from {lost[:7]}, and it is unknown whether outputs of dev/znet are read" in told
    assert f"this clone is shallow and does not have the commit {lost[:7]}" in told
    assert "`git fetch --unshallow`; or, if plans without these outputs are allowed to fail: --allow apps/app" in told
    assert b"terraform_data" in states.states["/znet"]
    told = shop.ok("status").out
    assert "Terrace cannot determine whether it was renamed" in told and "git fetch --unshallow" in told

    shop.ok("destroy", "dev", "dev/znet", "--reason", "over", "--yes", "--allow", "apps/app")
    assert b"terraform_data" not in states.states["/znet"]
    ledger = shop.ok("ledger", "export").out
    assert "over (may lose the outputs: apps/app)" in ledger
