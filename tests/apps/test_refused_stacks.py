"""One stack that Terrace cannot take stops no other one: with real Terraform."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import World, world
from support.git import git

pytestmark = pytest.mark.slow

RULES = "version: 1\nenvironments:\n  dev: {}\n"
CLOUD = 'terraform {\n  cloud {\n    organization = "acme"\n  }\n}\n'


def thing(name: str) -> str:
    return f'resource "terraform_data" "it" {{\n  input = "{name}"\n}}\n'


@pytest.fixture
def shop(tmp_path: Path) -> World:
    """A good stack, one that HCP Terraform runs, and one that goes after that."""
    files = {
        "environments/dev/good/main.tf": thing("good"),
        "environments/dev/cloudy/main.tf": CLOUD + thing("cloudy"),
        "environments/dev/later/main.tf": thing("later"),
        "terrace.yaml": f"{RULES}stacks: [{{path: environments/dev/later, environment: dev, after: [cloudy]}}]\n",
    }
    return world(tmp_path, files)


def test_the_others_are_deployed_and_the_refused_one_is_told_everywhere(shop: World) -> None:
    done = shop.ok("deploy", "dev", "--json").json
    assert {step["stack"] for step in done["steps"] if step["name"] == "apply"} == {"dev/good"}
    assert done["result"] == "succeeded"
    told = {one["stack"]: one for one in done["refused"]}
    assert set(told) == {"dev/cloudy", "dev/later"}
    assert (told["dev/cloudy"]["path"], told["dev/cloudy"]["line"]) == ("environments/dev/cloudy/main.tf", 2)
    assert "it depends on dev/cloudy" in told["dev/later"]["why"]
    assert all(one["hint"] for one in told.values())
    said = shop.ok("deploy", "dev")
    assert "refused: dev/cloudy (environments/dev/cloudy/main.tf:2): its `cloud` block" in said.out
    assert {one["stack"] for one in shop.ok("status", "--json").json["refused"]} == set(told)
    assert "refused: dev/later" in shop.ok("status").out
    drift = shop.ok("drift", "--json").json
    assert [one["stack"] for one in drift["environments"][0]["stacks"]] == ["dev/good"]
    assert {one["stack"] for one in drift["refused"]} == set(told)
    rows = {row["what"]: row for row in shop.run("doctor", "--json").json["rows"]}
    assert "environments/dev/cloudy/main.tf:2" in rows["stack dev/cloudy"]["found"]
    assert rows["stack dev/cloudy"]["how"]


def test_a_plan_names_the_refused_stack_and_plans_the_others(shop: World) -> None:
    done = shop.run("plan", "--json")
    assert done.code == 2
    assert {one["path"] for one in done.json["plans"]} == {"environments/dev/good", "environments/dev/later"}
    assert [one["stack"] for one in done.json["unplanned"]] == ["dev/cloudy"]
    assert shop.run("plan", "dev/good").code == 0


def test_a_change_to_the_refused_stack_is_unknown_and_one_to_another_passes(shop: World) -> None:
    git(shop.work, "switch", "--quiet", "--create", "change")
    shop.push({"environments/dev/good/main.tf": thing("better")})
    assert shop.run("check", "--json").json["verdict"] == "pass"
    shop.push({"environments/dev/cloudy/main.tf": CLOUD + thing("new")})
    checked = shop.run("check", "--json")
    assert (checked.code, checked.json["verdict"]) == (1, "block")
    (found,) = [f for f in checked.json["findings"] if f["rule"] == "plan"]
    assert (found["status"], found["stack"], found["file"], found["line"]) == (
        "unknown",
        "dev/cloudy",
        "environments/dev/cloudy/main.tf",
        2,
    )
    impact = shop.ok("impact", "--json").json
    assert {one["stack"] for one in impact["stacks"]} == {"dev/good", "dev/cloudy"}
    assert [one["stack"] for one in impact["refused"]] == ["dev/cloudy"]


def test_an_environment_with_refused_stacks_only_says_why(shop: World) -> None:
    shop.push({"environments/dev/good/main.tf": None, "environments/dev/later/main.tf": None, "terrace.yaml": RULES})
    done = shop.run("deploy", "dev")
    assert done.code == 2
    assert "environments/dev/cloudy/main.tf:2: dev/cloudy is refused" in done.err


def test_a_refused_stack_of_one_environment_stops_no_promotion_to_the_next(tmp_path: Path) -> None:
    files = {
        "environments/dev/good/main.tf": thing("good"),
        "environments/dev/cloudy/main.tf": CLOUD + thing("cloudy"),
        "environments/prod/good/main.tf": thing("good"),
        "terrace.yaml": "version: 1\nenvironments:\n  dev: {}\n  prod: {after: dev}\n",
    }
    shop = world(tmp_path, files)
    shop.ok("deploy", "dev")
    done = shop.ok("promote", "prod", "--json").json
    assert (done["result"], {step["stack"] for step in done["steps"] if step["name"] == "apply"}) == (
        "succeeded",
        {"prod/good"},
    )
