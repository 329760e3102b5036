"""What a repository meets in its first days: its own beginning as a change, a secret typed in, a rule to look up."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import LADDER, MODULE, World, root, three_environments, world
from support.git import git

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> World:
    return world(tmp_path, three_environments())


def test_what_init_writes_holds_no_secret(place: World) -> None:
    git(place.work, "rm", "--quiet", "terrace.yaml")
    git(place.work, "commit", "--quiet", "-m", "chore: begin anew")
    place.ok("init")
    place.ok("policy", "eject")
    assert list((place.work / "policies/terrace").rglob("*_test.rego"))
    assert place.ok("scan", "secrets", "--json").json["findings"] == []


def test_a_secret_that_is_not_committed_yet_is_told_as_such(place: World) -> None:
    (place.work / "environments/dev/extra.tf").write_text('locals {\n  db_password = "c0rrect-h0rse-b4ttery"\n}\n')
    (found,) = [f for f in place.run("check", "--json").json["findings"] if f["rule"] == "secrets"]
    assert "is in the working tree, and is not committed yet" in found["message"]
    assert "before it is committed" in found["fix"]
    git(place.work, "switch", "--quiet", "--create", "change")
    git(place.work, "add", "--all")
    git(place.work, "commit", "--quiet", "-m", "feat: more")
    (found,) = [f for f in place.run("check", "--json").json["findings"] if f["rule"] == "secrets"]
    assert f"was added by commit {git(place.work, 'rev-parse', 'HEAD')[:7]}" in found["message"]


def test_an_environment_that_the_protected_branch_does_not_know_is_said_to_be_new(place: World) -> None:
    (place.work / "environments/qa").mkdir()
    (place.work / "environments/qa/main.tf").write_text(root("qa"))
    (place.work / "terrace.yaml").write_text(LADDER.replace("  dev: {}\n", "  dev: {}\n  qa: {}\n"))
    found = [f for f in place.run("check", "--json").json["findings"] if f["rule"] == "plan"]
    assert [f["message"] for f in found] == [
        "qa is a new environment: the protected branch does not configure how it may be planned"
    ]
    assert "ask an owner to merge the environment first" in found[0]["fix"]


def test_a_rule_of_a_policy_is_explained_with_and_without_a_repository(place: World, tmp_path: Path) -> None:
    told = place.ok("explain", "aws-rds-public").out
    assert "waive: `terrace waive aws-rds-public ADDRESS" in told
    assert "publicly_accessible = false" in told
    lost = place.run("explain", "aws-rds-publik")
    assert (lost.code, "did you mean 'aws-rds-public'?" in lost.err) == (2, True)


def test_a_baseline_of_committed_rules_reports_no_change_of_the_rules(place: World) -> None:
    (place.work / "policies").mkdir()
    (place.work / "policies/house.rego").write_text("package house\n")
    (place.work / "terrace.yaml").write_text(LADDER + "policies: [policies]\nchecks: {policy: off}\n")
    place.push({}, "chore: rules")
    told = place.run("baseline", "--owner", "bob", "--json").json
    assert [one for one in told["outside"] if one["rule"] == "trust-root"] == []


def test_a_waiver_of_a_rule_that_nobody_knows_is_written_and_doubted(place: World) -> None:
    asked = ("aws_db_instance.main", "--owner", "bob", "--reason", "it moves away in May")
    done = place.ok("waive", "aws-rds-publik", *asked)
    assert "Terrace knows no rule 'aws-rds-publik'; did you mean 'aws-rds-public'?" in done.err
    assert "knows no rule" not in place.ok("waive", "CKV_AWS_17", *asked).err
    assert "knows no rule" not in place.ok("waive", "public-database", *asked).err


def test_a_waiver_is_written_through_no_link(place: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("theirs")
    (place.work / ".terrace/.waivers.yaml.new").symlink_to(outside)
    asked = ("waive", "format", "--path", "a.tf", "--owner", "bob", "--reason", "it is generated")
    place.ok(*asked)
    assert outside.read_text() == "theirs"
    (place.work / ".terrace/waivers.yaml").unlink()
    (place.work / ".terrace/waivers.yaml").symlink_to(outside)
    refused = place.run(*asked)
    assert (refused.code, outside.read_text()) == (2, "theirs")


def test_a_folder_that_reads_as_an_option_is_no_folder(place: World) -> None:
    (place.work / "terrace.yaml").write_text(LADDER + "policies: [--bundle]\n")
    done = place.run("config", "check")
    assert (done.code, "a path from the root of the repository" in done.err) == (2, True)


def test_a_plan_that_failed_is_not_said_to_leave_nothing_to_approve(place: World) -> None:
    module = place.work / "modules/thing/main.tf"
    failing = """input = "${var.name}-2"
  lifecycle {
    precondition {
      condition     = var.name == "x"
      error_message = "no"
    }
  }
"""
    module.write_text(module.read_text().replace('input = "${var.name}-1"', failing))
    told = place.run("check", "--json").json
    reasons = {
        one["environment"]: [g["reason"] for g in one["gates"] if g["gate"] == "approvals"] for one in told["ahead"]
    }
    assert reasons == {
        name: [f"there is nothing to approve yet: Terrace has no plan of {name}"] for name in ("dev", "staging", "prod")
    }


@pytest.mark.parametrize("home", ["environments", "infra/envs"])
def test_the_change_that_brings_terrace_in_is_not_blocked_by_what_init_writes(tmp_path: Path, home: str) -> None:
    files = {
        f"{home}/{name}/main.tf": root(name, "../" * home.count("/") + "../../modules/thing")
        for name in ("dev", "prod")
    }
    place = world(tmp_path, {**files, "modules/thing/main.tf": MODULE})
    (place.work / ".terrace").rename(tmp_path / "signers")
    place.push({}, "chore: no signers yet")
    git(place.work, "switch", "--quiet", "--create", "terrace")
    place.ok("init", "--yes")
    git(place.work, "add", "--all")
    git(place.work, "commit", "--quiet", "-m", "feat: add Terrace")
    checked = place.run("check", "--json").json
    blocking = [one for one in checked["findings"] if not one["advisory"] and one["status"] != "waived"]
    assert blocking == []
    assert checked["verdict"] == "pass"
    # Of environments that no folder shows, nothing says what may be used to plan them before the file is merged.
    new = [one["message"] for one in checked["findings"] if "is a new environment" in one["message"]]
    assert len(new) == (0 if home == "environments" else 2)
