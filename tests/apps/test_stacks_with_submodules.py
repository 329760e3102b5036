"""Stacks that call modules of a Git submodule, from check to drift, with real Git and real Terraform."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.cli import World, world
from support.git import commit, git, with_remote
from terrace.adapters.isolation.run import why_not

pytestmark = pytest.mark.slow

NET = 'variable "size" {\n  default = 1\n}\n\nresource "terraform_data" "net" {\n  input = "one"\n}\n'
CALL = 'module "net" {\n  source = "../../../vendor/net"\n}\n'
RULES = "version: 1\nenvironments: {dev: {}}\n"
MODULES = '[submodule "net"]\n\tpath = vendor/net\n\turl = ../net.git\n'


def link(work: Path, to: str, path: str = "vendor/net") -> None:
    """Record the commit of a submodule in the index, as `git submodule add` does."""
    (work / path).mkdir(parents=True, exist_ok=True)
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{to},{path}")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """The repository of a module."""
    return with_remote(tmp_path / "net", {"main.tf": NET})


@pytest.fixture
def shop(tmp_path: Path, net: Path) -> World:
    """A stack that calls a module in a submodule, and one that does not."""
    made = world(
        tmp_path,
        {
            "environments/dev/app/main.tf": CALL,
            "environments/dev/plain/main.tf": 'resource "terraform_data" "it" {}\n',
            "terrace.yaml": RULES,
        },
    )
    link(made.work, git(net, "rev-parse", "HEAD"))
    made.push({".gitmodules": MODULES})
    return made


def state(key: str) -> Any:
    (path,) = Path(os.environ["TERRACE_HOME"]).glob(f"data/*/states/{key}/terraform.tfstate")
    return json.loads(path.read_text())


def test_a_submodule_is_checked_out_where_it_is_named_from_check_to_drift(shop: World, net: Path) -> None:
    (told,) = shop.ok("deploy", "dev", "--json").json["refused"]
    assert (told["stack"], told["path"], told["line"]) == ("dev/app", "environments/dev/app/main.tf", 1)
    assert "submodules: true" in told["hint"]

    shop.push({"terrace.yaml": f"{RULES}submodules: true\n"})
    assert shop.ok("config", "check").code == 0
    done = shop.ok("deploy", "dev", "--json").json
    assert (done["result"], done["refused"]) == ("succeeded", [])
    assert state("dev/app")["resources"][0]["instances"][0]["attributes"]["input"]["value"] == "one"
    shop.ok("drift", "dev")

    moved = commit(net, {"main.tf": NET.replace('"one"', '"two"')})
    git(net, "push", "--quiet")
    link(shop.work, moved)
    shop.push({})
    impact = shop.ok("impact", "--base", "HEAD~1", "--json").json
    assert [one["stack"] for one in impact["stacks"]] == ["dev/app"]
    assert {one["path"] for one in impact["stacks"][0]["reasons"]} == {"vendor/net/main.tf"}
    checked = shop.ok("check", "--base", "HEAD~1", "--json").json
    assert [(one["stack"], one["update"]) for one in checked["plans"]] == [("dev/app", 1)]

    link(shop.work, commit(net, {"main.tf": NET}))
    git(net, "push", "--quiet")
    commit(shop.work, {})
    static = shop.run("check", "--static", "--base", "HEAD~1", "--json").json
    assert any("is not fetched for changes by untrusted authors" in one["message"] for one in static["findings"]), (
        static["findings"]
    )


def test_a_submodule_that_cannot_be_had_refuses_its_stacks_alone_and_an_address_is_told_as_a_rule(
    tmp_path: Path, shop: World, net: Path
) -> None:
    shop.push({"terrace.yaml": f"{RULES}submodules: [vendor/net]\n"})
    evil = with_remote(tmp_path / "evil", {"main.tf": NET})
    link(shop.work, git(evil, "rev-parse", "HEAD"))
    commit(shop.work, {".gitmodules": MODULES.replace("net.git", "evil.git")})
    checked = shop.run("check", "--base", "HEAD~1", "--json")
    assert checked.code == 1
    said = [one["message"] for one in checked.json["findings"]]
    assert any("dev/app is refused" in one or "on the protected branch" in one for one in said), said
    assert any("where submodules are fetched from" in one for one in said), said
    assert len(list(Path(os.environ["TERRACE_HOME"]).glob("cache/*/submodules/*.lock"))) <= 1, "only the merged address"

    git(shop.work, "reset", "--quiet", "--hard", "HEAD~1")
    link(shop.work, "1" * 40)
    shop.push({})
    done = shop.ok("deploy", "dev", "--json").json
    assert done["result"] == "succeeded"
    (told,) = done["refused"]
    assert (told["stack"], told["path"], told["line"]) == ("dev/app", ".gitmodules", 2)
    assert "module 'net' at environments/dev/app/main.tf:1 is in the Git submodule vendor/net" in told["why"]
    assert told["hint"]


@pytest.mark.skipif(bool(why_not()) and not os.environ.get("CI"), reason=f"commands cannot run here: {why_not()}")
def test_a_command_before_a_plan_and_a_function_read_files_of_a_submodule(tmp_path: Path, net: Path) -> None:
    stack = "environments/dev/app"
    rules = (
        f"{RULES}submodules: true\nstacks:\n- path: {stack}\n  environment: dev\n  before_plan:\n"
        f"  - {{run: [cp, ../../../vendor/net/main.tf, made.txt], inputs: [vendor/net, {stack}], "
        f"outputs: [{stack}/made.txt]}}\n"
    )
    code = (
        'output "made" {\n  value = filesha256("${path.module}/made.txt")\n}\n'
        'output "seen" {\n  value = fileset("${path.module}/../../../vendor/net", "*")\n}\n'
    )
    shop = world(tmp_path, {f"{stack}/main.tf": code, "terrace.yaml": rules})
    link(shop.work, git(net, "rev-parse", "HEAD"))
    shop.push({".gitmodules": MODULES})
    shop.ok("deploy", "dev")
    outputs = state("dev/app")["outputs"]
    assert outputs["made"]["value"] == hashlib.sha256(NET.encode()).hexdigest()
    assert outputs["seen"]["value"] == ["main.tf"]
