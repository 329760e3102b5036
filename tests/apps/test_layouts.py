"""Repositories whose layout is not the conventional one."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import MODULE, root, world

pytestmark = pytest.mark.slow


def test_a_root_module_in_the_root_of_the_repository_goes_from_check_to_deployed(tmp_path: Path) -> None:
    text = "version: 1\nenvironments: {dev: {}, prod: {after: dev, protected: false}}\nstacks:\n"
    entries = "  - {path: ., environment: dev}\n  - {path: ., environment: prod, var_files: [prod.tfvars]}\n"
    files = {
        "main.tf": root("dev", "./modules/thing") + 'variable "unused" {\n  default = ""\n}\n',
        "prod.tfvars": 'unused = "prod"\n',
        "modules/thing/main.tf": MODULE,
        "terrace.yaml": text + entries,
    }
    shop = world(tmp_path, files)
    assert [plan["path"] for plan in shop.ok("plan", "dev", "--json").json["plans"]] == ["."]
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"
    assert shop.state("dev")["outputs"]["it"]["value"] == "dev-1"
    shop.push({"main.tf": files["main.tf"].replace('"dev"', '"new"')})
    drift = shop.ok("drift", "dev", "--json").json
    assert [stack["status"] for stack in drift["environments"][0]["stacks"]] == ["clean"], drift
    assert shop.ok("promote", "prod", "--json").json["result"] == "succeeded"
    assert shop.ok("destroy", "dev", "--reason", "done", "--yes", "--json").json["result"] == "succeeded"


BACKEND = 'terraform {\n  backend "s3" {}\n}\n'


def test_a_check_or_a_plan_that_looked_at_nothing_is_no_pass(tmp_path: Path) -> None:
    shop = world(tmp_path, {"infra/prod/main.tf": BACKEND, "infra/dev/main.tf": BACKEND, "README.md": "a\n"})
    (shop.work / "README.md").write_text("b\n")
    checked = shop.run("check", "--json", "--static")
    assert (checked.code, checked.json["verdict"]) == (1, "block")
    (finding,) = [one for one in checked.json["findings"] if one["rule"] == "layout" and not one["advisory"]]
    assert "2 folders with a backend or a provider are in no stack: infra/dev, infra/prod" in finding["message"]
    planned = shop.run("plan")
    assert planned.code == 1
    assert "2 folders with a backend or a provider are in no stack" in planned.err
    assert "there is no stack" in planned.err
    assert "terrace init --print" in planned.err


def test_plan_takes_the_name_of_an_environment_with_several_stacks(tmp_path: Path) -> None:
    stacks = {f"environments/{e}/{s}/main.tf": root(s, "../../../modules/thing") for e in ("dev", "prod") for s in "ab"}
    text = "version: 1\nenvironments: {dev: {}, prod: {}, empty: {}}\n"
    shop = world(tmp_path, {**stacks, "modules/thing/main.tf": MODULE, "terrace.yaml": text})
    planned = shop.ok("plan", "dev", "prod/b", "--json").json["plans"]
    assert sorted(plan["path"].removeprefix("environments/") for plan in planned) == ["dev/a", "dev/b", "prod/b"]
    refused = shop.run("plan", "empty")
    assert (refused.code, "empty has no stack" in refused.err) == (2, True)
