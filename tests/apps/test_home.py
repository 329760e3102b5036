"""The folders that Terrace keeps for a checkout: they outlast a move of it, and no two checkouts share them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.cli import World, world
from terrace.apps.wiring.home import RECORD, Home

RULES = "version: 1\nenvironments: {dev: {}}\n"
THING = 'resource "terraform_data" "it" {\n  input = "one"\n}\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "clone" / ".git").mkdir(parents=True)
    return tmp_path / "clone"


def by_path(checkout: Path) -> str:
    return f"{checkout.name}-{hashlib.sha256(os.fsencode(checkout)).hexdigest()[:10]}"


def test_the_folders_of_a_checkout_begin_with_those_of_its_path(clone: Path) -> None:
    assert Home.of(clone).data.name == Home.of(clone).cache.name == by_path(clone)


def test_a_moved_checkout_keeps_its_folders_however_often_it_moves(clone: Path, tmp_path: Path) -> None:
    first = Home.of(clone)
    (tmp_path / "far").mkdir()
    for place in (tmp_path / "far" / "other name", tmp_path / "third"):
        clone = clone.rename(place)
        assert Home.of(clone) == first
    (tmp_path / "clone" / ".git").mkdir(parents=True)
    assert Home.of(clone) == first, "a new clone at the first place is no other that has them"


def test_a_copy_gets_folders_of_its_own_and_the_original_keeps_its(clone: Path, tmp_path: Path) -> None:
    first = Home.of(clone)
    copy = tmp_path / "copy"
    shutil.copytree(clone, copy)
    other = Home.of(copy)
    assert other.data.name == by_path(copy) != first.data.name
    assert Home.of(clone) == first
    shutil.rmtree(clone)
    assert Home.of(copy) == other


def test_a_linked_worktree_has_folders_of_its_own_and_keeps_them_when_moved(tmp_path: Path) -> None:
    main, linked, moved = tmp_path / "main", tmp_path / "linked", tmp_path / "moved"
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (
        ("init", "--quiet", str(main)),
        ("-C", str(main), *identity, "commit", "--quiet", "--allow-empty", "-m", "first"),
        ("-C", str(main), "worktree", "add", "--quiet", str(linked)),
    ):
        subprocess.run(["git", *command], check=True, capture_output=True)
    mine, theirs = Home.of(main), Home.of(linked)
    assert mine != theirs
    subprocess.run(["git", "-C", str(main), "worktree", "move", str(linked), str(moved)], check=True)
    assert (Home.of(main), Home.of(moved)) == (mine, theirs)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 9000,
        "[]",
        json.dumps({"name": "../../elsewhere-0123456789", "path": "/gone"}),
        json.dumps({"name": "..", "path": "/gone"}),
        json.dumps({"name": "a-0123456789", "path": "gone"}),
        json.dumps({"name": "a-0123456789", "path": "/go\0ne"}),
        json.dumps({"name": ["a-0123456789"], "path": "/gone"}),
    ],
)
def test_a_record_that_is_not_sound_counts_as_none(clone: Path, text: str) -> None:
    (clone / ".git" / RECORD).write_text(text)
    assert Home.of(clone).data.name == by_path(clone)


def test_a_link_in_place_of_the_record_is_not_written_through(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (clone / ".git" / RECORD).symlink_to(tmp_path / "victim")
    Home.of(clone)
    assert (tmp_path / "victim").read_text() == "kept"


def test_a_folder_without_git_and_one_that_cannot_be_written_get_the_folders_of_their_path(
    clone: Path, tmp_path: Path
) -> None:
    assert Home.of(tmp_path).data.name == by_path(tmp_path)
    assert not (tmp_path / RECORD).exists()
    (clone / ".git" / RECORD).mkdir()
    assert Home.of(clone).data.name == by_path(clone)


@pytest.mark.slow
def test_the_states_and_the_backups_of_a_moved_checkout_are_found(tmp_path: Path) -> None:
    shop = world(tmp_path, {"environments/dev/main.tf": THING, "terrace.yaml": RULES})
    shop.ok("deploy", "dev", "--json")
    shop = World(shop.work.rename(tmp_path / "moved"), shop.variables)
    again = shop.ok("deploy", "dev", "--json").json
    assert all("create" not in step["message"] for step in again["steps"] if step["name"] == "plan"), again
    for state in Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/dev/terraform.tfstate"):
        state.unlink()
    assert shop.run("deploy", "dev", "--json").code == 1
    shop.ok("state", "restore", "dev", "--yes", "--reason", "it was lost", "--json")
    assert shop.state("dev")["resources"]
