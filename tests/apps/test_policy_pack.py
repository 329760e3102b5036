"""The policy pack as somebody meets it: written by `init`, judging a change, brought up to date."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.cli import World, three_environments, world
from support.git import commit, git
from support.tools import opa

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> World:
    """A repository with the pack on its protected branch, and OPA."""
    made = world(tmp_path, {**three_environments()})
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    (made.work / "terrace.yaml").unlink(missing_ok=True)
    made.ok("init")
    commit(made.work, {})
    return made


def test_what_init_writes_judges_the_next_change(place: World) -> None:
    git(place.work, "push", "--quiet", "origin", "HEAD:main")
    module = place.work / "modules/thing/main.tf"
    module.write_text(module.read_text().replace('"${var.name}-1"', '{ database_password = "Tr0ub4dor&3" }'))
    found = [f for f in place.run("check", "--json").json["findings"] if f["rule"] == "hard-coded-secret"]
    assert {(f["address"], f["severity"], f["status"], f["advisory"]) for f in found} == {
        ("module.thing.terraform_data.it", "critical", "fail", False)
    }
    assert "PASS" in place.ok("policy", "test").out


def test_init_tells_what_it_writes_and_what_a_missing_opa_means(tmp_path: Path) -> None:
    made = World(tmp_path / "new")
    made.work.mkdir(parents=True)
    done = made.run("init")
    assert "policies with their tests" in done.out
    assert "OPA, which runs the policies, is not installed" in done.err and "go install" in done.err
    assert "checks: {policy: advisory}" in (made.work / "terrace.yaml").read_text()


def test_rego_of_others_is_not_made_to_judge(tmp_path: Path) -> None:
    made = World(tmp_path / "theirs")
    (made.work / "policies/house").mkdir(parents=True)
    (made.work / "policies/house/a.rego").write_text("package a\n")
    (made.work / "main.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    made.ok("init")
    assert "policies: [policies/terrace]" in (made.work / "terrace.yaml").read_text()


def test_an_update_upgrades_what_is_untouched_and_names_what_is_not(place: World) -> None:
    pack = place.work / "policies/terrace"
    mine, old, gone = (pack / f"aws/{name}.rego" for name in ("rds_public", "rds_backup", "imdsv2"))
    mine.write_text(mine.read_text() + "\n# Ours.\n")
    old.write_text(old.read_text().replace("pack 1 (", "pack 0 ("))
    gone.unlink()
    (pack / "settings.yaml").write_text("settings: {off: [aws-imdsv2]}\n")
    before = old.read_text()
    told = place.ok("policy", "update", "--dry-run").out
    assert not gone.exists() and old.read_text() == before
    assert place.ok("policy", "update").out.splitlines() == told.splitlines()[:-1]
    assert told.splitlines()[:3] == [
        "policies/terrace/aws/imdsv2.rego: new",
        "policies/terrace/aws/rds_backup.rego: upgraded",
        "policies/terrace/aws/rds_public.rego: not updated, because you changed it",
    ]
    assert "# Ours." in mine.read_text() and "pack 1 (" in old.read_text() and gone.exists()
    assert (pack / "settings.yaml").read_text() == "settings: {off: [aws-imdsv2]}\n"
    again = place.ok("policy", "update").out
    assert "nothing to upgrade" in again


def test_a_rule_of_the_pack_is_explained(tmp_path: Path) -> None:
    made = World(tmp_path)
    told = made.ok("explain", "aws-rds-public").out
    assert "A database has a public address (critical)" in told
    assert "publicly_accessible = false" in told
    assert "aws-rds-public" in made.run("explain", "aws-rds-publik").err


def test_an_update_brings_the_pack_where_there_is_none_and_says_what_is_missing(tmp_path: Path) -> None:
    made = world(tmp_path, three_environments())
    done = made.ok("policy", "update")
    assert "policies/terrace/aws/rds_public.rego: new" in done.out
    assert "policies: [policies/terrace]" in done.err


def test_an_update_writes_nothing_outside_of_the_repository(tmp_path: Path) -> None:
    made = world(tmp_path, three_environments())
    (tmp_path / "elsewhere").mkdir()
    (made.work / "policies").mkdir()
    (made.work / "policies/terrace").symlink_to(tmp_path / "elsewhere")
    done = made.run("policy", "update")
    assert (done.code, list((tmp_path / "elsewhere").iterdir())) == (2, [])
    assert "a symbolic link is on the way" in done.err
