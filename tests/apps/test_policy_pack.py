"""The policy pack as somebody meets it: pinned by `init`, judging a change, accepted anew, ejected, upgraded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.cli import World, three_environments, world
from support.configuration import load
from support.git import commit, git
from support.tools import opa
from terrace.adapters.opa.pack import hash_of_pack, read_pack
from terrace.checks.policy.shipped import decides, pack_hash, rule_settings
from terrace.config.model import PolicyPack

pytestmark = pytest.mark.slow

OTHER = "0123456789abcdef"


@pytest.fixture
def place(tmp_path: Path) -> World:
    """A repository with the pinned pack on its protected branch, and OPA."""
    made = world(tmp_path, {**three_environments()})
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    (made.work / "terrace.yaml").unlink(missing_ok=True)
    made.ok("init")
    commit(made.work, {})
    return made


def with_secret(place: World) -> None:
    module = place.work / "modules/thing/main.tf"
    module.write_text(module.read_text().replace('"${var.name}-1"', '{ database_password = "Tr0ub4dor&3" }'))


def findings(place: World, rule: str) -> set[tuple[str, str, str, bool]]:
    found = [f for f in place.run("check", "--json").json["findings"] if f["rule"] == rule]
    return {(f.get("address") or "", f["severity"], f["status"], f["advisory"]) for f in found}


def test_what_init_pins_judges_the_next_change_and_so_does_the_ejected_copy(place: World) -> None:
    assert not (place.work / "policies").exists()
    git(place.work, "push", "--quiet", "origin", "HEAD:main")
    with_secret(place)
    judged = {("module.thing.terraform_data.it", "critical", "fail", False)}
    assert findings(place, "hard-coded-secret") == judged
    assert "hard-coded-secret" in place.ok("policy", "try", "hard-coded-secret", "dev").out
    refused = place.run("policy", "test")
    assert (refused.code, "terrace policy eject" in refused.err) == (2, True)

    config = place.work / "terrace.yaml"
    config.write_text(config.read_text().replace("policy_pack:", "policy_pack:\n  off: [aws-imdsv2]", 1))
    place.ok("policy", "eject")
    text = config.read_text()
    assert "policy_pack" not in text and load(text.encode()).policies == ("policies/terrace",)
    assert 'off: ["aws-imdsv2"]' in (place.work / "policies/terrace/settings.yaml").read_text()
    assert "PASS" in place.ok("policy", "test").out
    git(place.work, "stash", "--quiet", "--", "modules")
    place.push({}, "chore: own the policies")
    git(place.work, "stash", "pop", "--quiet")
    assert findings(place, "hard-coded-secret") == judged
    again = place.run("policy", "eject")
    assert (again.code, "terrace.yaml pins no policy pack" in again.err) == (2, True)


def test_another_pack_than_the_pinned_one_blocks_until_it_is_accepted(place: World) -> None:
    config = place.work / "terrace.yaml"
    config.write_text(config.read_text().replace(hash_of_pack(), OTHER))
    place.push({}, "chore: pin what an older Terrace had")
    with_secret(place)
    assert findings(place, "policy-pack") == {("", "high", "unknown", False)}
    assert findings(place, "hard-coded-secret"), "the rules that are there are evaluated all the same"
    git(place.work, "checkout", "--quiet", "--", "modules")
    deployed = place.run("deploy", "dev")
    assert deployed.code == 1
    assert "terrace policy update" in " ".join((deployed.out + deployed.err).split())
    told = place.ok("policy", "update", "--dry-run").out
    assert f"would pin version 1 of the policy pack ({hash_of_pack()}) instead of 1 ({OTHER})" in told
    assert OTHER in config.read_text()
    before = config.read_text()
    place.ok("policy", "update")
    assert config.read_text() == before.replace(OTHER, hash_of_pack()), "nothing else of the file changes"
    assert findings(place, "policy-pack") == {("", "high", "unknown", True)}, (
        "the change that accepts it is not blocked"
    )
    assert any("policy pack change" in f["message"] for f in place.run("check", "--json").json["findings"])
    place.push({}, "chore: accept the pack")
    assert findings(place, "policy-pack") == set()
    assert "nothing to update" in place.ok("policy", "update").out


def test_the_hash_covers_everything_that_decides_and_nothing_else() -> None:
    pack = dict(read_pack())
    for name in ("settings.yaml", "aws/imdsv2_test.rego"):
        assert pack_hash({**pack, name: "x"}) == hash_of_pack(), name
    for name in ("lib/lib.rego", "aws/imdsv2.rego"):
        assert pack_hash({**pack, name: "x"}) != hash_of_pack(), name
        assert pack_hash({n: text for n, text in pack.items() if n != name}) != hash_of_pack(), name
    assert sum(map(decides, pack)) > 89


def test_the_settings_in_terrace_yaml_are_those_that_the_rules_know() -> None:
    from ruamel.yaml import YAML

    known = YAML(typ="safe", pure=True).load(read_pack()["settings.yaml"])["settings"]
    assert rule_settings(PolicyPack(1, OTHER)) == known


def test_init_tells_what_a_missing_opa_means(tmp_path: Path) -> None:
    made = World(tmp_path / "new")
    made.work.mkdir(parents=True)
    done = made.run("init")
    assert "OPA, which runs the policies, is not installed" in done.err and "go install" in done.err
    assert "checks: {policy: advisory}" in (made.work / "terrace.yaml").read_text()


def test_rego_of_others_is_not_made_to_judge(tmp_path: Path) -> None:
    made = World(tmp_path / "theirs")
    (made.work / "policies/house").mkdir(parents=True)
    (made.work / "policies/house/a.rego").write_text("package a\n")
    (made.work / "main.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    made.ok("init")
    assert load((made.work / "terrace.yaml").read_bytes()).policies == ()


def test_an_update_of_an_ejected_pack_upgrades_what_is_untouched_and_names_what_is_not(place: World) -> None:
    place.ok("policy", "eject")
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


def test_an_update_pins_the_pack_where_there_is_none(tmp_path: Path) -> None:
    made = world(tmp_path, three_environments())
    made.ok("policy", "update")
    pinned = load((made.work / "terrace.yaml").read_bytes()).policy_pack
    assert pinned is not None and pinned.hash == hash_of_pack()


def test_a_pack_is_ejected_to_nowhere_outside_of_the_repository(place: World, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (place.work / "policies").mkdir()
    (place.work / "policies/terrace").symlink_to(tmp_path / "elsewhere")
    before = (place.work / "terrace.yaml").read_text()
    done = place.run("policy", "eject")
    assert (done.code, list((tmp_path / "elsewhere").iterdir())) == (2, [])
    assert "a symbolic link is on the way" in done.err
    assert (place.work / "terrace.yaml").read_text() == before
