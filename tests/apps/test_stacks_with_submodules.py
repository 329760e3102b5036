"""Stacks that call modules of a Git submodule, from check to drift, with real Git and real Terraform."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.cli import World, world
from support.git import commit, git, with_remote

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
    static = shop.run("check", "--static", "--base", "HEAD~1", "--json").json
    assert any("for no change of strangers" in one["message"] for one in static["findings"]) or not static["plans"]
