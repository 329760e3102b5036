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
