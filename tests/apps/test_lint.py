"""`terrace lint`: the checks that read files only."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from support.cli import MODULE, World, root, world
from support.git import git
from terrace.apps.cli.main import COMMANDS

pytestmark = pytest.mark.slow
HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


@pytest.fixture
def shop(tmp_path: Path) -> World:
    files = {"environments/dev/main.tf": root("dev"), "modules/thing/main.tf": MODULE, "terrace.yaml": "version: 1\n"}
    return world(tmp_path / "shop", files)


def test_a_clean_tree_has_no_findings(shop: World) -> None:
    passed = shop.run("lint")
    assert (passed.code, passed.out, "no findings in files" in passed.err) == (0, "", True)


def test_an_unformatted_file_is_found_with_its_diff_and_nothing_is_planned(shop: World) -> None:
    # A plan would fail: the provider does not exist.
    text = root("dev") + 'resource "no_such_thing" "it" {\nname="x"\n}\n'
    (shop.work / "environments/dev/main.tf").write_text(text)
    found = shop.run("lint")
    assert (found.code, "environments/dev/main.tf is not formatted" in found.out) == (1, True)
    assert '-name="x"' in found.out
    assert "not planned" not in found.out
    listed = shop.run("lint", "--json").json
    assert {(one["rule"], one["file"]) for one in listed["findings"] if not one["advisory"]} == {
        ("format", "environments/dev/main.tf")
    }
    assert listed["base"] == git(shop.work, "rev-parse", "HEAD")


def test_a_secret_in_a_new_file_is_found(shop: World) -> None:
    key = "AKIA" + "QWERTYUIOP234567"
    (shop.work / "environments/dev/key.tf").write_text(f'locals {{\n  key = "{key}"\n}}\n')
    found = shop.run("lint")
    assert (found.code, "secret" in found.out, key in found.out) == (1, True, False)


def test_an_unknown_base_is_invalid_input(shop: World) -> None:
    refused = shop.run("lint", "--base", "nowhere")
    assert (refused.code, "nowhere" in refused.err) == (2, True)


def test_the_hook_for_pre_commit_starts_a_command_that_exists() -> None:
    (hook,) = YAML(typ="safe").load(HOOKS.read_text())
    assert hook["entry"].split()[0] == "terrace"
    assert hook["entry"].split()[1] in COMMANDS
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)
