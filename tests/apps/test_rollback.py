"""Back to the last good release: by hand, by itself, and never where it would lose something unasked."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from support.cli import MODULE, World, root, three_environments, world
from support.git import git
from support.waiting import until

pytestmark = pytest.mark.slow

WATCHED = """\
version: 1
environments:
  prod:
    protected: false
    on_failure: {on_failure}
    health: [{{name: it is well, run: [sh, health.sh]}}]
    rollout: {{bake: 1s, every: 1s, passes: 1, of: 1}}
"""

MARKER = 'resource "terraform_data" "new" {\n  input = "new"\n}\n'


def watched(tmp_path: Path, on_failure: str = "rollback") -> World:
    """prod alone, well deployed; a release whose output is prod-2 is sick unless the file `well` is there."""
    files = {
        "environments/prod/main.tf": root("prod"),
        "modules/thing/main.tf": MODULE,
        "terrace.yaml": WATCHED.format(on_failure=on_failure),
        "health.sh": f'test "$TERRACE_OUTPUT_IT" != prod-2 || test -e {tmp_path}/well\n',
    }
    made = world(tmp_path / "shop", files)
    made.ok("deploy", "prod", "--wait")
    return made


@pytest.fixture
def shop(tmp_path: Path) -> World:
    return watched(tmp_path)


def test_an_unhealthy_release_is_rolled_back_held_reverted_and_released(shop: World) -> None:
    good = git(shop.work, "rev-parse", "HEAD")
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    done = shop.run("deploy", "prod", "--wait", "--json")
    assert (done.code, done.json["result"]) == (1, "rolled_back"), done.out
    assert "it is well: exit 1" in done.json["reasons"][0]
    back = done.json["rollback"]
    assert (back["result"], back["commit"]) == ("succeeded", good)
    order = list(dict.fromkeys(s["name"] for s in back["steps"]))
    assert order == ["plan", "backup", "apply", "snapshot", "smoke", "health", "tag", "revert"]
    assert shop.state("prod")["outputs"]["it"]["value"] == "prod-1"
    status = shop.status()["prod"]
    assert (status["state"], status["commit"]) == ("held", good)
    assert "rolled back to" in status["held"]["reason"]
    refused = shop.run("deploy", "prod")
    assert refused.code == 1
    assert "prod is on hold" in refused.out
    assert shop.run("tick").out.strip() == "nothing is due", "Git still says what was undone"

    branch = next(s["message"] for s in back["steps"] if s["name"] == "revert").removeprefix("merge ")
    git(shop.work, "merge", "--quiet", "--no-edit", branch)
    git(shop.work, "push", "--quiet", "origin", "main")
    assert (shop.work / "modules/thing/main.tf").read_text() == MODULE
    released = shop.ok("tick", "--json").json["done"]
    assert [d["result"] for d in released] == ["released"]
    assert shop.status()["prod"]["state"] == "deployed"
    results = [d["result"] for d in shop.ok("history", "--json").json["deployments"]]
    assert results == ["succeeded", "rolled_back", "succeeded"]


def test_with_pause_an_unhealthy_release_stays_deployed(tmp_path: Path) -> None:
    shop = watched(tmp_path, on_failure="pause")
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    failed = shop.run("deploy", "prod", "--wait", "--json").json
    assert (failed["result"], "rollback" in failed) == ("failed", False)
    assert shop.state("prod")["outputs"]["it"]["value"] == "prod-2"


def test_an_unsafe_rollback_is_not_automatic_and_holds_the_environment(shop: World) -> None:
    """The sick release also replaced something: no safe way back, so the environment is held and people decide."""
    bad = MODULE.replace("-1", "-2") + 'resource "terraform_data" "it2" {\n  triggers_replace = "b"\n}\n'
    shop.push({"modules/thing/main.tf": MODULE + 'resource "terraform_data" "it2" {\n  triggers_replace = "a"\n}\n'})
    shop.ok("deploy", "prod", "--wait")
    shop.push({"modules/thing/main.tf": bad})
    done = shop.run("deploy", "prod", "--wait", "--json").json
    assert done["result"] == "failed"
    assert done["rollback"]["result"] == "blocked"
    assert any("is replaced" in reason for reason in done["rollback"]["reasons"])
    assert shop.status()["prod"]["state"] == "held"
    assert shop.state("prod")["outputs"]["it"]["value"] == "prod-2", "nothing was undone"
    planned = shop.ok("rollback", "prod", "--plan-only", "--json").json
    assert [(o["rule"], o["weight"]) for o in planned["objections"]] == [("replace", "say")]
    by_hand = shop.ok("rollback", "prod", "--reason", "sick", "--yes", "--wait", "--json").json
    assert by_hand["result"] == "succeeded"
    assert shop.state("prod")["outputs"]["it"]["value"] == "prod-1"


def test_a_release_whose_health_was_bad_before_is_not_rolled_back(shop: World) -> None:
    shop.push({"health.sh": "false\n", "modules/thing/main.tf": MODULE.replace("-1", "-3")})
    done = shop.run("deploy", "prod", "--wait", "--json").json
    assert done["result"] == "failed"
    assert done["rollback"]["result"] == "paused"
    assert "not healthy before" in done["rollback"]["reasons"][0]


def test_health_that_cannot_be_measured_pauses_and_fails_nothing(shop: World) -> None:
    shop.push({"health.sh": "exit 75\n", "modules/thing/main.tf": MODULE.replace("-1", "-3")})
    done = shop.run("deploy", "prod", "--wait", "--json")
    assert (done.code, done.json["result"]) == (1, "waiting")
    assert "inconclusive" in done.json["reasons"][0]


def test_tick_measures_health_and_rolls_back(shop: World, tmp_path: Path) -> None:
    (tmp_path / "well").touch()
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    waiting = shop.run("deploy", "prod", "--json").json
    assert waiting["result"] == "waiting"
    assert "bakes until" in waiting["reasons"][0]
    (tmp_path / "well").unlink()
    time.sleep(1.1)
    first = shop.run("tick", "--json").json["done"]
    assert [d["result"] for d in first] in (["failed"], ["rolled_back"]), "sick now, and its way back bakes"
    time.sleep(1.1)
    shop.run("tick")
    assert shop.state("prod")["outputs"]["it"]["value"] == "prod-1"
    assert shop.ok("history", "--json").json["deployments"][1]["result"] == "rolled_back"


def test_a_rollback_by_command_is_previewed_and_needs_a_reason(shop: World) -> None:
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-5") + MARKER})
    shop.ok("deploy", "prod", "--wait")
    events = shop.ok("ledger", "verify", "--json").json["events"]
    planned = shop.ok("rollback", "prod", "--plan-only")
    assert "- module.thing.terraform_data.new" in planned.out
    assert "lost: module.thing.terraform_data.new" in planned.out
    assert "No changes were made" in planned.out
    assert shop.ok("ledger", "verify", "--json").json["events"] == events
    nameless = shop.run("rollback", "prod", "--yes")
    assert (nameless.code, "needs a reason" in nameless.err) == (2, True)
    unasked = shop.run("rollback", "prod", "--reason", "x")
    assert (unasked.code, "no terminal" in unasked.err) == (2, True)
    done = shop.ok("rollback", "prod", "--reason", "sick", "--yes", "--wait", "--json").json
    assert done["result"] == "succeeded"
    assert shop.state("prod")["outputs"]["it"]["value"] == "prod-1"
    again = shop.run("rollback", "prod", "--reason", "more", "--yes")
    assert (again.code, "no earlier good release" in again.err) == (2, True)


def test_a_release_that_was_rolled_back_is_not_proposed_for_promotion_again(tmp_path: Path) -> None:
    files = {
        "environments/dev/main.tf": root("dev"),
        "environments/prod/main.tf": root("prod"),
        "modules/thing/main.tf": MODULE,
        "terrace.yaml": "version: 1\nenvironments:\n  dev: {}\n  prod: {after: dev, protected: false}\n",
    }
    shop = world(tmp_path / "shop", files)
    shop.ok("deploy", "dev")
    shop.ok("promote", "prod")
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    shop.ok("deploy", "dev")
    assert "`terrace promote prod`" in shop.ok("status").out
    shop.ok("promote", "prod")
    shop.ok("rollback", "prod", "--reason", "it is slow", "--yes")
    shown = shop.ok("status").out
    assert "`terrace promote prod`" not in shown
    assert "prod rolled this release back: merge a fix, then `terrace deploy dev`" in shown
    commit = git(shop.work, "rev-parse", "--short=7", "HEAD")
    assert f"prod rolled {commit} back" in shop.run("promote", "prod").err
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-3")})
    shop.ok("deploy", "dev")
    assert "`terrace promote prod`" in shop.ok("status").out


def test_a_rollback_moves_renamed_resources_back_and_recreates_none(shop: World) -> None:
    """An old configuration on a new state would destroy and create across a `moved` block."""
    before = shop.state("prod")["resources"][0]["instances"][0]["attributes"]["id"]
    moved = MODULE.replace('"it" {\n  input', '"that" {\n  input').replace("terraform_data.it.", "terraform_data.that.")
    moved += "moved {\n  from = terraform_data.it\n  to   = terraform_data.that\n}\n"
    shop.push({"modules/thing/main.tf": moved.replace("-1", "-7")})
    shop.ok("deploy", "prod", "--wait")
    assert shop.state("prod")["resources"][0]["name"] == "that"
    done = shop.ok("rollback", "prod", "--reason", "sick", "--yes", "--wait", "--json").json
    assert done["result"] == "succeeded"
    (resource,) = shop.state("prod")["resources"]
    assert (resource["name"], resource["instances"][0]["attributes"]["id"]) == ("it", before)


def test_a_rollback_is_in_reverse_order_and_keeps_new_stacks(tmp_path: Path) -> None:
    files = {
        "environments/prod/network/main.tf": root("network", "../../../modules/thing"),
        "environments/prod/app/main.tf": root("app", "../../../modules/thing"),
        "modules/thing/main.tf": MODULE,
        "terrace.yaml": "version: 1\nenvironments: {prod: {}}\n"
        "stacks: [{path: environments/prod/app, environment: prod, after: [network]}]\n",
    }
    shop = world(tmp_path, files)
    shop.ok("deploy", "prod")
    shop.push(
        {
            "modules/thing/main.tf": MODULE.replace("-1", "-2"),
            "environments/prod/extra/main.tf": root("extra", "../../../modules/thing"),
        }
    )
    shop.ok("deploy", "prod")
    planned = shop.ok("rollback", "prod", "--plan-only", "--json").json
    assert planned["left"] == ["prod/extra"]
    done = shop.ok("rollback", "prod", "--reason", "sick", "--yes", "--json").json
    assert [s["stack"] for s in done["steps"] if s["name"] == "apply"] == ["prod/app", "prod/network"]


def test_a_protected_environment_is_never_destroyed(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    shop.approve("staging", "bob")
    shop.ok("resume", "staging")
    shop.run("promote", "prod")
    shop.approve("prod", "bob")
    shop.approve("prod", "carol")
    shop.ok("resume", "prod")
    refused = shop.run("destroy", "prod", "--reason", "over", "--yes")
    assert refused.code == 1
    assert "prod is protected" in refused.out
    unasked = shop.run("destroy", "dev", "--reason", "over")
    assert unasked.code == 2
    done = shop.ok("destroy", "dev", "--reason", "over", "--yes", "--json").json
    assert [s["name"] for s in done["steps"]] == ["plan", "backup", "apply", "snapshot"]
    assert "-final-" in done["steps"][1]["backup"]["backup"]
    assert shop.state("dev")["resources"] == []
    assert shop.status()["dev"]["state"] == "destroyed"
    waits = shop.run("destroy", "staging", "--reason", "over", "--yes", "--json")
    assert waits.json["result"] == "waiting", "the same people are asked as for a deployment"
    shop.approve("staging", "bob")
    assert shop.ok("resume", "staging", "--json").json["result"] == "succeeded"
    nothing = shop.run("destroy", "dev", "--reason", "over", "--yes")
    assert (nothing.code, "nothing is deployed" in nothing.err) == (2, True)
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded", "and it can be made again"


def test_a_killed_rollback_is_resumed(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    slow = (
        'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n'
        f'    command = "echo made >> {marks}; sleep 2"\n  }}\n}}\n'
    )
    shop = world(tmp_path / "shop", {**three_environments(), "environments/dev/slow.tf": slow})
    shop.ok("deploy", "dev")
    shop.push({"environments/dev/slow.tf": None})
    shop.ok("deploy", "dev")
    marks.unlink()
    child = shop.start("rollback", "dev", "--reason", "sick", "--yes")
    until(marks.is_file)
    child.kill()
    child.communicate()
    assert shop.status()["dev"]["state"] == "held"
    done = shop.ok("resume", "dev", "--json").json
    assert done["result"] == "succeeded"
    assert marks.read_text() == "made\n"


def test_a_state_of_another_lineage_blocks_the_rollback(shop: World) -> None:
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-5")})
    shop.ok("deploy", "prod", "--wait")
    (path,) = Path(os.environ["TERRACE_HOME"]).glob("data/*/states/prod/prod/terraform.tfstate")
    path.write_text(json.dumps({**json.loads(path.read_text()), "lineage": "another"}))
    alarming = shop.run("rollback", "prod", "--reason", "sick", "--yes", "--json").json
    assert alarming["result"] == "failed"
    assert "created again" in alarming["reasons"][0]
    shop.run("state", "backup", "prod", "--accept", "prod")
    blocked = shop.run("rollback", "prod", "--reason", "sick", "--yes", "--json").json
    assert blocked["result"] == "blocked"
    assert "not the one of that release" in blocked["reasons"][0]
    assert shop.state("prod")["outputs"]["it"]["value"] == "prod-5"


def test_a_state_that_a_newer_terraform_wrote_blocks_the_rollback(shop: World, tmp_path: Path) -> None:
    """Terraform itself takes it without a word."""
    newer = tmp_path / "terraform"
    newer.write_text(
        '#!/bin/sh\nif [ "$1" = version ]; then echo \'{"terraform_version": "1.99.0"}\'; exit; fi\n'
        'exec terraform "$@"\n'
    )
    newer.chmod(0o755)
    config = (shop.work / "terrace.yaml").read_text()
    shop.push(
        {
            "terrace.yaml": f"{config}terraform: {{binary: {newer}}}\n",
            "modules/thing/main.tf": MODULE.replace("-1", "-5"),
        }
    )
    shop.ok("deploy", "prod", "--wait")
    shop.push({"terrace.yaml": config})
    blocked = shop.run("rollback", "prod", "--reason", "sick", "--yes", "--json").json
    assert blocked["result"] == "blocked"
    assert "written by version 1.99.0" in blocked["reasons"][0]
