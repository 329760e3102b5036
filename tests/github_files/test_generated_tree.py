"""What is written for one repository, to the letter; and what does not depend on whoever writes it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from github_files.tree import CONFIG, facts, files, written
from terrace.apps.workflows.generating import generate
from terrace.apps.workflows.pins import find_pins, pins, replace_pins
from terrace.apps.workflows.repository_facts import clouds_of, word
from terrace.apps.workflows.settings import settings
from terrace.config.naming import NAME

GOLDEN = Path(__file__).parent / "golden"


def test_the_tree_is_as_somebody_last_saw_it() -> None:
    if os.environ.get("GOLDEN"):
        for old in [path for path in GOLDEN.rglob("*") if path.is_file()]:
            old.unlink()
        written(GOLDEN, files())
    there = {str(path.relative_to(GOLDEN)): path.read_text() for path in GOLDEN.rglob("*") if path.is_file()}
    assert there.keys() == files().keys()
    for path, text in files().items():
        assert there[path] == text, f"{path} differs; look at it, then GOLDEN=1"


def test_a_new_step_of_the_ladder_changes_no_workflow_but_its_own() -> None:
    more = CONFIG.replace("teams:", "  moon: {after: prod}\nteams:")
    grown = generate(facts(more))
    changed = {path for path in files() if files()[path] != grown[path]}
    assert grown.keys() - files().keys() == {".github/workflows/06-deploy-moon.yml"}
    # The clock that goes on names the workflows that it listens to.
    assert {path for path in changed if "/workflows/" in path} == {".github/workflows/tick.yml"}


def test_clouds_that_are_not_used_leave_nothing_behind() -> None:
    bare = "\n".join(generate(facts(clouds=())).values())
    for trace in ("aws", "AWS", "ARM_", "azure"):
        assert trace not in bare


def test_a_repository_without_people_has_no_owners() -> None:
    assert ".github/CODEOWNERS" not in generate(facts("version: 1\nenvironments: {dev: {}}\n"))


def test_an_owner_is_written_by_the_account() -> None:
    lines = files()[".github/CODEOWNERS"].splitlines()
    assert "/terrace.yaml @bob-gh @carol" in lines
    assert "/environments/prod/ @bob-gh @carol" in lines


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ('{path: "live/*/*", environment: "{1}"}', "/live/prod/*/ @bob-gh @carol"),
        ('{path: "live/*/*", environment: "{2}"}', "/live/*/prod/ @bob-gh @carol"),
        ('{path: "live/*/*", environment: prod}', "/live/*/*/ @bob-gh @carol"),
        ('{path: "live/*", environment: "p{1}"}', "/live/rod/ @bob-gh @carol"),
        ("{path: ., environment: prod}", "* @bob-gh @carol"),
    ],
)
def test_folders_of_patterns_and_the_root_have_owners(entry: str, line: str) -> None:
    config = f"version: 1\nenvironments: {{prod: {{approvals: {{sec: 1}}}}}}\nstacks: [{entry}]\n"
    people = "teams: {sec: [bob, carol]}\npeople: {bob: {login: bob-gh}, carol: {}}\n"
    lines = generate(facts(config + people))[".github/CODEOWNERS"].splitlines()
    assert line in lines
    assert not line.startswith("*") or lines.index(line) < min(n for n, one in enumerate(lines) if one[:1] == "/")


def test_the_embedded_terraform_comes_with_terrace() -> None:
    config = "version: 1\nenvironments: {dev: {}}\nterraform: {binary: embedded}\n"
    action = generate(facts(config))[".github/actions/terrace-setup/action.yml"]
    assert "terrace-gitops[embedded]==1.2.3" in action
    assert "setup-terraform" not in action


def test_opentofu_is_brought_where_it_is_named() -> None:
    config = "version: 1\nenvironments: {dev: {}}\nterraform: {binary: tofu, version: '>= 1.10'}\nbranch: '1.x'\n"
    tree = generate(facts(config))
    action = tree[".github/actions/terrace-setup/action.yml"]
    assert 'tofu_version: ">= 1.10"' in action
    assert "setup-terraform" not in action
    deploy = tree[".github/workflows/03-deploy-dev.yml"]
    assert 'branches: ["1.x"]' in deploy
    assert "github.ref_name == '1.x'" in deploy


def test_every_pin_is_a_commit() -> None:
    for pin in pins().values():
        assert len(pin.commit) == 40
        assert pin.version.startswith("v")
    text = files()[".github/workflows/00-pr-validation.yml"]
    assert replace_pins(text, find_pins(text)) == text


def test_what_lies_in_the_lock_is_what_is_used() -> None:
    found = {action: pin for text in files().values() for action, pin in find_pins(text).items()}
    assert found == {action: pin for action, pin in pins().items() if action in found}


def test_clouds_are_known_by_their_providers() -> None:
    sources = ("registry.terraform.io/hashicorp/aws", "hashicorp/azurerm", "hashicorp/random")
    assert clouds_of(sources) == ("aws", "azure")
    assert clouds_of(("hashicorp/null",)) == ()


@given(st.from_regex(NAME, fullmatch=True))
def test_a_name_is_read_back_as_it_is(name: str) -> None:
    assert YAML(typ="safe", pure=True).load(f"it: {word(name)}\n") == {"it": name}


def test_every_setting_says_why_and_where() -> None:
    for setting in settings(facts()):
        assert setting.what
        assert setting.why
        assert setting.where
    commands = [command for setting in settings(facts()) for command in setting.commands]
    for needed in (
        "ruleset-ledger.json",
        "TERRACE_BACKUP_KEY --env",
        "TERRACE_DIGEST_KEY",
        "environments/prod-plan",
    ):
        assert any(needed in command for command in commands), needed
    for command in (one for one in commands if "TERRACE_BACKUP_KEY" in one or "APP_KEY" in one):
        assert "-plan" not in command
    named = {path for command in commands for path in command.split() if path.startswith(".github/terrace/ruleset")}
    assert len(named) == 3
    assert named <= files().keys()


def test_copies_without_a_place_are_told() -> None:
    bare = facts("version: 1\nenvironments: {dev: {}}\n")
    assert any("backups" in setting.what for setting in settings(bare))
    assert not any("backups: {url" in setting.what for setting in settings(facts()))


def test_the_key_of_copies_is_the_one_that_is_used_already_and_is_never_made_twice(tmp_path: Path) -> None:
    (made,) = (c for setting in settings(facts()) for c in setting.commands if c.startswith("test -e"))
    key = tmp_path / "terrace-backup.key"
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    for key_now in ("the one in use", "another"):
        subprocess.run(("bash", "-euc", made), env={**environ, "TERRACE_BACKUP_KEY": key_now}, check=True)
    assert key.read_text() == "the one in use\n"
    assert key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("command", [command for setting in settings(facts()) for command in setting.commands])
def test_a_shell_reads_every_command_as_it_is_meant(command: str, tmp_path: Path) -> None:
    """Programs that only write down what they were given stand in for the real ones."""
    told = tmp_path / "told"
    for name in ("gh", "jq", "openssl", "terraform"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nprintf '%s|' {name} \"$@\" >> {told}\necho >> {told}\necho 7\n")
        program.chmod(0o755)
    (tmp_path / "terrace-app.private-key.pem").write_text("key")
    (tmp_path / "terrace-backup.key").write_text("key")
    known = dict.fromkeys(("APP_ID", "AWS_REGION", "ARM_TENANT_ID", "ARM_SUBSCRIPTION_ID"), "12")
    told.touch()
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), **known}
    shell = ("bash", "-euc", command)
    done = subprocess.run(shell, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = told.read_text()
    if "roles.json" in command and "jq" in command:
        assert "jq|-r|--arg|home|prod-plan|.[$home]|roles.json|" in said
        assert "|--env|prod-plan|--body|7|" in said
    if "reviewers" in command and "/prod " in command:
        assert "|-F|reviewers[][type]=User|-F|reviewers[][id]=7|" in said
    if "ruleset-ledger-writer" in command:
        assert "jq|--argjson|app|12|.bypass_actors[0].actor_id = $app|" in said
