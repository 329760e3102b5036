"""Ways out of trouble at their edges: what must not follow an unknown outcome, half a way back, wrong words."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.cli import MODULE, Done, World, root, world
from support.git import git
from support.waiting import until

pytestmark = pytest.mark.slow

TWO = """\
version: 1
environments: {prod: {protected: false}}
stacks: [{path: environments/prod/app, environment: prod, after: [network]}]
"""


def version(number: int, more: str = "") -> dict[str, str]:
    return {"modules/thing/main.tf": MODULE.replace("-1", f"-{number}") + more}


@pytest.fixture
def shop(tmp_path: Path) -> World:
    """One environment with one stack, at version 1."""
    files = {
        "environments/prod/main.tf": root("prod"),
        "terrace.yaml": "version: 1\nenvironments: {prod: {protected: false}}\n"
        "people: {ann: {emails: [ann@example.com]}}\n",
    }
    made = world(tmp_path / "shop", {**files, **version(1)})
    made.ok("deploy", "prod")
    return made


def two_stacks(folder: Path, more: Mapping[str, str] | None = None) -> World:
    files = {f"environments/prod/{name}/main.tf": root(name, "../../../modules/thing") for name in ("network", "app")}
    made = world(folder / "shop", {**files, "terrace.yaml": TWO, **version(1), **(more or {})})
    made.ok("deploy", "prod")
    return made


def release(shop: World, number: int, more: str = "") -> str:
    commit = shop.push(version(number, more))
    shop.ok("deploy", "prod")
    return commit


def back(shop: World, *options: str) -> Done:
    return shop.run("rollback", "prod", "--reason", "sick", "--yes", "--json", *options)


def output(shop: World) -> str:
    value: str = shop.state("prod")["outputs"]["it"]["value"]
    return value


def results(shop: World) -> list[str]:
    return [d["result"] for d in shop.ok("history", "--json").json["deployments"]]


def told(done: Done, *words: str, code: int = 2) -> None:
    said = done.out + done.err
    assert done.code == code, said
    assert "Traceback" not in said
    assert "hint: " in said
    for word in words:
        assert word in said, said


# --- wrong words -------------------------------------------------------------------------------------------------


def test_usage_errors_have_a_hint_and_change_nothing(shop: World) -> None:
    first = git(shop.work, "rev-parse", "HEAD")
    events = shop.ok("ledger", "verify", "--json").json["events"]
    told(shop.run("rollback", "prod", "--yes"), "needs a reason", "--reason WHY")
    told(shop.run("rollback", "prdo", "--reason", "x", "--yes"), "there is no environment", "did you mean")
    told(shop.run("rollback", "prod", "--to", "nothing", "--reason", "x", "--yes"), "there is no commit")
    told(back(shop), "prod has no earlier good release to roll back to", "terrace deploy prod")
    never = shop.push(version(7))
    told(back(shop, "--to", never), f"{never[:7]} is not a good release of prod")
    told(back(shop, "--to", first), f"{first[:7]} is not a good release of prod")
    told(shop.run("destroy", "prdo", "--reason", "x", "--yes"), "there is no environment", "did you mean")
    told(shop.run("destroy", "prod", "prod/nothing", "--reason", "x", "--yes"), "prod/nothing")
    told(shop.run("resume", "prdo"), "there is no environment")
    told(shop.run("resume", "prod", "--import", "aws_vpc.v"), "ADDRESS=ID", "aws_vpc.main=")
    told(shop.run("resume", "prod", "--import", "=vpc-1"), "ADDRESS=ID")
    assert shop.ok("ledger", "verify", "--json").json["events"] == events


def test_nothing_was_deployed_nothing_is_undone_or_destroyed(tmp_path: Path) -> None:
    files = {"environments/dev/main.tf": root("dev"), "terrace.yaml": "version: 1\nenvironments: {dev: {}}\n"}
    shop = world(tmp_path / "shop", {**files, **version(1)})
    told(shop.run("rollback", "dev", "--reason", "x", "--yes"), "nothing was ever deployed to dev")
    told(shop.run("destroy", "dev", "--reason", "x", "--yes"), "nothing is deployed in dev")


# --- one way back after another ----------------------------------------------------------------------------------


def test_what_was_skipped_on_the_way_back_is_never_gone_back_to(shop: World) -> None:
    first = git(shop.work, "rev-parse", "HEAD")
    second = release(shop, 2)
    release(shop, 3)
    assert back(shop, "--to", first).json["result"] == "succeeded"
    assert output(shop) == "prod-1"
    assert results(shop) == ["succeeded", "rolled_back", "rolled_back", "succeeded"]
    told(back(shop), "prod has no earlier good release to roll back to")
    told(back(shop, "--to", second), "is not a good release")
    assert output(shop) == "prod-1"


def test_half_a_way_back_is_gone_again_to_the_same_release(tmp_path: Path) -> None:
    """The second stack fails on the way: what was good is still the goal, and the revert undoes what was sick."""
    stop = tmp_path / "stop"
    gate = (
        f'resource "terraform_data" "gate" {{\n  provisioner "local-exec" {{\n    command = "test ! -e {stop}"\n'
        "  }\n}\n"
    )
    shop = two_stacks(tmp_path, {"environments/prod/network/gate.tf": gate})
    good = git(shop.work, "rev-parse", "HEAD")
    bad = shop.push({**version(2), "environments/prod/network/gate.tf": None})
    shop.ok("deploy", "prod")
    stop.touch()
    failed = back(shop).json
    assert (failed["result"], failed["commit"]) == ("failed", good)
    assert [s["result"] for s in failed["steps"] if s["name"] == "apply"] == ["succeeded", "failed"]
    row = shop.status()["prod"]
    assert (row["state"], "the rollback to" in row["held"]["reason"]) == ("held", True)
    stop.unlink()
    shown = shop.ok("rollback", "prod", "--plan-only", "--json").json
    assert shown["commit"] == good
    done = back(shop).json
    assert (done["result"], done["commit"]) == ("succeeded", good)
    assert results(shop) == ["succeeded", "failed", "rolled_back", "succeeded"], "the newest first"
    branch = next(s["message"] for s in done["steps"] if s["name"] == "revert").removeprefix("merge ")
    assert git(shop.work, "diff", "--name-only", bad, branch).split() == [
        "environments/prod/network/gate.tf",
        "modules/thing/main.tf",
    ]


# --- what nobody knows -------------------------------------------------------------------------------------------


def killed_mid_apply(shop: World, marks: Path, *command: str) -> None:
    """A command whose apply is killed with all that belongs to it, once the mark is there; told as unknown."""
    before = set(runs())
    child = shop.start(*command)
    until(marks.is_file)
    child.kill()
    child.communicate()
    (started,) = set(runs()) - before
    os.killpg(json.loads(started.read_text())["pid"], signal.SIGKILL)
    assert "the result of its apply is unknown" in shop.run("resume", "prod").out + shop.run("resume", "prod").out


def runs() -> list[Path]:
    return list(Path(os.environ["TERRACE_HOME"]).glob("data/*/runs/*/started.json"))


def slow(marks: Path) -> str:
    return (
        'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n'
        f'    command = "touch {marks}; sleep 3"\n  }}\n}}\n'
    )


def settled(shop: World) -> Done:
    looked = shop.run("resume", "prod", "--json").json["remains"][0]
    options = [word for a in looked["open"] for word in ("--absent", a)]
    options += [word for a in looked["unfinished"] for word in ("--whole", a)]
    return shop.run("resume", "prod", "--yes", "--json", *options)


def test_nothing_but_its_recovery_follows_an_unknown_outcome(shop: World, tmp_path: Path) -> None:
    """Not even for whoever may enter a held environment."""
    release(shop, 2)
    marks = tmp_path / "marks"
    shop.push({"environments/prod/slow.tf": slow(marks)})
    killed_mid_apply(shop, marks, "deploy", "prod")
    deployments = len(results(shop))
    for command in (
        ("rollback", "prod", "--reason", "x", "--yes"),
        ("destroy", "prod", "--reason", "x", "--yes"),
        ("deploy", "prod"),
    ):
        refused = shop.run(*command)
        assert refused.code == 1, refused.out + refused.err
        assert "finished with an unknown result" in refused.out
        assert "terrace resume prod" in refused.out
    assert len(results(shop)) == deployments
    done = settled(shop)
    assert done.json["result"] == "succeeded", done.out + done.err
    assert shop.status()["prod"]["state"] == "deployed"
    assert back(shop).json["result"] == "succeeded"


def test_a_recovered_rollback_prepares_the_revert_and_keeps_the_hold(shop: World, tmp_path: Path) -> None:
    """Its recovery asks what a way back asks, prepares the revert, and the environment stays held."""
    marks = tmp_path / "marks"
    shop.push({"environments/prod/slow.tf": slow(marks)})
    shop.ok("deploy", "prod")
    shop.push({"environments/prod/slow.tf": None})
    shop.ok("deploy", "prod")
    marks.unlink()
    killed_mid_apply(shop, marks, "rollback", "prod", "--reason", "sick", "--yes")
    done = settled(shop).json
    assert done["result"] == "succeeded"
    assert [s["name"] for s in done["steps"]][-1] == "revert"
    row = shop.status()["prod"]
    assert (row["state"], row["held"]["reason"].startswith("rolled back to")) == ("held", True)
    assert results(shop)[:3] == ["succeeded", "unknown", "rolled_back"], "the newest first"


# --- taking down -------------------------------------------------------------------------------------------------


def test_destroying_one_stack_does_not_resume_the_destruction_of_all(tmp_path: Path) -> None:
    shop = two_stacks(tmp_path)
    shop.push({"terrace.yaml": TWO.replace("protected: false", "protected: false, approvals: 1")})
    everything = shop.run("destroy", "prod", "--reason", "over", "--yes", "--json").json
    assert everything["result"] == "waiting"
    one = shop.run("destroy", "prod", "prod/app", "--reason", "over", "--yes", "--json").json
    assert one["deployment"] != everything["deployment"]
    assert {s["stack"] for s in one["steps"] if s.get("stack")} == {"prod/app"}
    again = shop.run("destroy", "prod", "prod/app", "--reason", "over", "--yes", "--json").json
    assert again["deployment"] == one["deployment"], "the same is taken up"
    shop.push({"terrace.yaml": TWO.replace("protected: false", "protected: true")})
    shop.approve("prod", "bob")
    stopped = shop.run("resume", "prod", "--json").json
    assert stopped["result"] == "blocked"
    assert "prod is protected" in stopped["reasons"][0]


# --- by itself ---------------------------------------------------------------------------------------------------


def test_an_environment_that_is_ahead_is_not_taken_back_by_an_automatic_promotion(tmp_path: Path) -> None:
    rules = "version: 1\nenvironments: {dev: {}, prod: {after: dev, deploy: automatic, protected: false}}\n"
    files = {f"environments/{name}/main.tf": root(name) for name in ("dev", "prod")}
    shop = world(tmp_path / "shop", {**files, "terrace.yaml": rules, **version(1)})
    shop.ok("deploy", "dev")
    shop.ok("tick")
    shop.push(version(2))
    shop.ok("deploy", "dev")
    shop.ok("tick")
    assert output(shop) == "prod-2"
    shop.ok("rollback", "dev", "--reason", "sick", "--yes")
    assert shop.ok("tick").out.strip() == "nothing is due"
    by_hand = shop.run("promote", "prod")
    assert (by_hand.code, "which is newer than" in by_hand.out) == (1, True)
    assert output(shop) == "prod-2"


def test_an_older_commit_is_deployed_by_a_rollback_or_not_at_all(shop: World) -> None:
    first = git(shop.work, "rev-parse", "HEAD")
    release(shop, 2)
    refused = shop.run("deploy", "prod", "--ref", first)
    assert refused.code == 1
    assert f"terrace rollback prod --to {first[:7]}" in refused.out
    assert back(shop, "--to", first[:7]).json["result"] == "succeeded"
    shop.ok("destroy", "prod", "--reason", "over", "--yes")
    shop.ok("unhold", "prod", "--reason", "anew")
    assert shop.ok("deploy", "prod", "--ref", first, "--json").json["result"] == "succeeded", "nothing is there to undo"


def test_a_hold_of_people_is_not_ended_by_a_merged_revert(shop: World) -> None:
    release(shop, 2)
    done = back(shop).json
    shop.ok("hold", "prod", "--reason", "incident 7")
    branch = next(s["message"] for s in done["steps"] if s["name"] == "revert").removeprefix("merge ")
    git(shop.work, "merge", "--quiet", "--no-edit", branch)
    git(shop.work, "push", "--quiet", "origin", "main")
    assert shop.ok("tick").out.strip() == "nothing is due"
    assert shop.status()["prod"]["held"]["reason"] == "incident 7"
    shop.ok("unhold", "prod", "--reason", "over")
    assert shop.status()["prod"]["state"] == "deployed"
