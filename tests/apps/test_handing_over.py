"""One run plans and another goes on: a deployment goes from the run that may only read to the one that applies, and the
plans of a change from the jobs of its environments to the one that judges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Done, World, three_environments, world
from support.git import commit, git

STRANGERS = {"TERRACE_BACKUP_KEY": "", "TERRACE_DIGEST_KEY": ""}
READER = {"TERRACE_BACKUP_KEY": "", "TERRACE_DIGEST_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
WRITER = {"TERRACE_DIGEST_KEY": READER["TERRACE_DIGEST_KEY"]}


@pytest.fixture
def here(tmp_path: Path) -> World:
    return world(tmp_path, three_environments())


def due(here: World) -> tuple[list[str], list[str]]:
    told = here.ok("tick", "--due", "--json", **STRANGERS).json
    return told["enters"], told["goes_on"]


def test_a_deployment_is_handed_from_run_to_run(here: World) -> None:
    planned = here.run("deploy", "dev", "--no-apply", "--json", **READER)
    assert planned.code == 1, planned.err
    assert planned.json["result"] == "waiting"
    assert planned.json["reasons"] == ["planned by a run that applies nothing"]
    assert {step["name"] for step in planned.json["steps"]} == {"plan"}
    assert due(here) == ([], ["dev"])

    applied = here.ok("resume", "dev", "--json", **WRITER).json
    assert (applied["result"], applied["deployment"]) == ("succeeded", planned.json["deployment"])
    assert due(here) == ([], [])

    here.run("promote", "staging", "--no-apply", **READER)
    # Somebody is asked, so no job is woken until they answered.
    assert due(here) == ([], [])
    here.approve("staging", "bob")
    assert due(here) == ([], ["staging"])
    assert here.run("tick", "prod", **WRITER).out.strip() == "nothing is due"
    assert here.ok("tick", "staging", "--json", **WRITER).json["done"][0]["result"] == "succeeded"


def test_a_run_that_may_only_read_opens_what_an_environment_takes_by_itself(here: World) -> None:
    config = (here.work / "terrace.yaml").read_text()
    here.push({"terrace.yaml": config.replace("dev: {}", "dev: {deploy: automatic}")})
    assert due(here) == (["dev"], [])
    opened = here.run("tick", "dev", "--no-apply", "--json", **READER).json["done"]
    assert [(one["environment"], one["result"]) for one in opened] == [("dev", "waiting")]
    assert due(here) == ([], ["dev"])


def test_plans_are_judged_where_nobody_could_make_them(here: World, tmp_path: Path) -> None:
    git(here.work, "checkout", "--quiet", "-b", "change")
    dev = (here.work / "environments/dev/main.tf").read_text()
    prod = (here.work / "environments/prod/main.tf").read_text()
    commit(here.work, {"environments/dev/main.tf": dev.replace('"dev"', '"dev2"')}, "feat: rename")
    commit(here.work, {"environments/prod/main.tf": f'{prod}resource "nothing" {{}}\n'}, "feat: break")
    plans = tmp_path / "plans"
    plans.mkdir()

    def hand(environment: str) -> Done:
        return here.ok("plan", "--touched", environment, "--seal", str(plans / f"{environment}.plans"), **READER)

    def judge(*options: str) -> tuple[list[str], dict[str, str]]:
        told = here.run("check", *options, "--json", **READER).json
        found = {f["stack"]: f["message"] for f in told["findings"] if f["rule"] == "plan"}
        return [one["environment"] for one in told["plans"]], found

    hand("dev")
    hand("prod")
    made, failed = judge("--plans", str(plans))
    assert made == ["dev"]
    assert failed.keys() == {"prod"}
    assert "All resource blocks must have 2 labels" in failed["prod"]

    sealed = (plans / "dev.plans").read_bytes()
    assert b"thing" not in sealed
    (plans / "dev.plans").write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    broken = here.run("check", "--plans", str(plans), **READER)
    assert (broken.code, "not what was handed over" in broken.err) == (2, True)

    # A job speaks for its own environment, and for the commit that it saw.
    (plans / "dev.plans").write_bytes(sealed)
    (plans / "prod.plans").unlink()
    commit(here.work, {"modules/thing/notes.md": "later\n"}, "docs: more")
    failed = judge("--plans", str(plans))[1]
    assert "another commit" in failed["dev"]
    assert failed["prod"] == "no plan of prod was handed over"

    made, failed = judge("--static")
    assert made == []
    assert failed.keys() == {"dev", "prod"}
    assert all("was not planned" in why for why in failed.values())
