"""Deployments under rules: policies judge the very plan, and a risky one needs more people."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.cli import LADDER, MODULE, World, three_environments, world
from support.dates import in_days, today
from support.git import git
from support.tools import opa

pytestmark = pytest.mark.slow

NO_TWOS = """
package house

deny contains message if {
    some thing in input.resources
    endswith(thing.after.input, "-2")
    message := {"msg": "no twos", "resource": thing.address, "rule": "no-twos"}
}
"""


def waiver() -> str:
    """The file with one waiver of the rule, granted today."""
    return f"""\
version: 1
waivers:
  - rule: no-twos
    address: module.thing.terraform_data.it
    owner: bob
    reason: the two is wanted until the three is made
    granted: {today()}
    expires: {in_days(30)}
"""


def judged(folder: Path, text: str = "", **more: str) -> World:
    """The three environments with a policy, and OPA on PATH."""
    rules = LADDER + "policies: [policies]\n" + text
    files = {**three_environments(), "terrace.yaml": rules, "policies/house.rego": NO_TWOS, **more}
    made = world(folder, files)
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    return made


def test_a_plan_that_a_policy_refuses_is_not_applied_though_it_was_merged(tmp_path: Path) -> None:
    shop = judged(tmp_path)
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "blocked")
    (reason,) = done.json["reasons"]
    assert reason.startswith("dev: module.thing.terraform_data.it no twos; fix and merge it, or add a waiver")
    assert [step["name"] for step in done.json["steps"]] == ["plan"]
    assert "`terrace explain no-twos`" in reason
    assert not list(Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/dev/terraform.tfstate"))

    shop.push({".terrace/waivers.yaml": waiver().replace("owner", "woner")})
    (reason,) = shop.run("deploy", "dev", "--json").json["reasons"]
    assert "(no waiver is applied: .terrace/waivers.yaml has 2 problems" in reason

    shop.push({".terrace/waivers.yaml": waiver()})
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def test_a_policy_that_cannot_be_evaluated_blocks_the_apply(tmp_path: Path) -> None:
    shop = judged(tmp_path)
    shop.variables["PATH"] = os.environ["PATH"]
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "blocked")
    (reason,) = done.json["reasons"]
    assert "unknown: " in reason
    assert "opa was not found" in reason
    assert "terrace tools install opa" in reason and "waiver" not in reason


def test_an_advisory_policy_does_not_block_the_apply(tmp_path: Path) -> None:
    shop = judged(tmp_path, "checks: {policy: advisory}\n")
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def test_no_policy_blocks_a_rollback(tmp_path: Path) -> None:
    shop = judged(tmp_path)
    shop.ok("deploy", "dev")
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-3")})
    shop.ok("deploy", "dev")
    shop.push({"policies/house.rego": NO_TWOS.replace("-2", "-1")})
    back = shop.ok("rollback", "dev", "--reason", "the three is bad", "--yes", "--json").json
    assert back["result"] == "succeeded"
    assert shop.state("dev")["outputs"]["it"]["value"] == "dev-1"
    shown = shop.ok("show", back["deployment"]).out
    assert "no twos" in shown, "it is told all the same"


def test_an_answer_given_under_other_policies_does_not_count(tmp_path: Path) -> None:
    shop = judged(tmp_path)
    shop.ok("deploy", "dev")
    assert shop.run("promote", "staging").code == 1
    assert shop.approve("staging", "bob").code == 0
    shop.push({"policies/house.rego": NO_TWOS + "\n# More to come.\n"})
    waits = shop.run("resume", "staging", "--json").json
    assert waits["result"] == "waiting"
    assert any("0 of 1 people have approved" in reason for reason in waits["reasons"])
    shop.approve("staging", "bob")
    assert shop.ok("resume", "staging", "--json").json["result"] == "succeeded"


def test_a_risky_release_needs_more_people_and_a_calm_one_does_not(tmp_path: Path) -> None:
    asks = LADDER.replace("dev: {}", "dev: {risk: {medium: {security: 1}}}")
    shop = world(tmp_path, {**three_environments(), "terrace.yaml": asks})
    calm = shop.ok("deploy", "dev", "--json").json
    assert calm["result"] == "succeeded"
    # A replacement of five things is no calm change any more.
    many = MODULE.replace(
        'resource "terraform_data" "it" {', 'resource "terraform_data" "it" {\n  triggers_replace = [1]'
    )
    more = "".join(f'resource "terraform_data" "more{n}" {{\n  input = "x"\n}}\n' for n in range(25))
    shop.push({"modules/thing/main.tf": many + more})
    checked = shop.run("deploy", "dev", "--json")
    assert (checked.code, checked.json["result"]) == (1, "waiting")
    assert any("security: 0 of 1 approvals (the risk is medium)" in reason for reason in checked.json["reasons"])
    assert shop.approve("dev", "carol").code == 0
    assert shop.ok("resume", "dev", "--json").json["result"] == "succeeded"


def test_a_release_of_a_barred_risk_is_refused_with_its_reasons(tmp_path: Path) -> None:
    asks = LADDER.replace("dev: {}", "dev: {risk: {medium: block}}")
    shop = world(tmp_path, {**three_environments(), "terrace.yaml": asks})
    shop.ok("deploy", "dev")
    more = "".join(f'resource "terraform_data" "more{n}" {{\n  input = "x"\n}}\n' for n in range(40))
    git(shop.work, "switch", "--quiet", "--create", "change")
    (shop.work / "modules/thing/main.tf").write_text(MODULE.replace("-1", "-2") + more)
    ahead = {one["environment"]: one for one in shop.run("check", "--json").json["ahead"]}
    assert ahead["dev"]["verdict"] == "block"
    git(shop.work, "checkout", "--quiet", "--", ".")
    git(shop.work, "switch", "--quiet", "main")
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2") + more})
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "blocked")
    assert any(
        "does not accept releases of medium risk" in reason and "size" in reason for reason in done.json["reasons"]
    )
