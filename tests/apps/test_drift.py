"""Somebody changes things outside: `terrace drift` says what, and what would undo it. Terraform is real."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.cli import MODULE, World, three_environments, world

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> World:
    return world(tmp_path, three_environments())


def state_path(environment: str) -> Path:
    """The local state of an environment's only stack."""
    (path,) = Path(os.environ["TERRACE_HOME"]).glob(f"data/*/states/{environment}/{environment}/terraform.tfstate")
    return path


def looked(shop: World, *arguments: str) -> dict[str, Any]:
    """`terrace drift`, by stack."""
    done = shop.run("drift", *arguments, "--json")
    assert done.code in (0, 1), done.out + done.err
    found = {stack["stack"]: stack for one in done.json["environments"] for stack in one["stacks"]}
    assert done.code == int(any(stack["status"] != "clean" for stack in found.values()))
    return found


def forget(environment: str) -> None:
    """Somebody removes an object from the state of an environment: the next plan would make it."""
    path = state_path(environment)
    state = json.loads(path.read_text())
    state["resources"] = []
    state["serial"] += 1
    path.write_text(json.dumps(state))


def test_what_was_deployed_is_clean_whatever_was_committed_since(shop: World) -> None:
    shop.ok("deploy", "dev")
    assert looked(shop, "dev")["dev"]["undeployed_commits"] == []
    newer = shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    shop.push({"README.md": "touches no stack"})
    seen = looked(shop, "dev")["dev"]
    assert (seen["status"], seen["undeployed_commits"]) == ("clean", [newer])
    assert "1 newer commit is not deployed there yet" in shop.ok("drift", "last", "dev").out


def test_one_stack_that_cannot_be_told_hides_no_other(shop: World) -> None:
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    shop.approve("staging", "bob")
    shop.ok("resume", "staging")
    state_path("dev").write_text("no state")
    forget("staging")
    seen = looked(shop)
    assert seen["dev"]["status"] == "unknown"
    assert seen["dev"]["why"]
    (resource,) = [r for r in seen["staging"]["resources"] if r["type"] != "output"]
    assert (resource["address"], resource["quadrant"], resource["undo"]) == (
        "module.thing.terraform_data.it",
        "input",
        "create",
    )
    assert "prod" not in seen, "nothing is deployed there"
    status = shop.status()
    assert (status["dev"]["drift"], status["staging"]["drift"]["status"]) == (
        {"status": "unknown", "checked_at": None},
        "drifted",
    )
