"""Terraform empties a local state before it writes it: killed in between, it leaves no state, or half of one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.backends import BACKENDS
from support.git import commit, git
from support.marks import SQLITE, Strike, Workplace, workplace
from support.settling import settle, settle_by_hand

pytestmark = pytest.mark.slow

RESTORE = ("state", "restore", "dev", "--accept", "later-apply", "--reason", "killed while it wrote", "--yes")


@pytest.fixture
def killed(tmp_path: Path) -> Workplace:
    """A workplace whose Terraform was killed in the middle of an apply. One resource of the release was made."""
    with BACKENDS["local"]() as running:
        place = workplace(tmp_path, running, SQLITE)
        place.stage.ok("deploy", "dev")
        place.release("r1")
        place.order(Strike("terraform", "within"))
        place.name_terrace(os.getpid())
        assert place.stage.run("deploy", "dev", "--json").json["result"] == "unknown"
        return place


def state_of(place: Workplace) -> Path:
    (path,) = place.home.glob("data/*/states/dev/dev/terraform.tfstate")
    return path


def lose(place: Workplace, left: bytes = b"") -> None:
    state_of(place).write_bytes(left)


def test_a_state_that_a_killed_apply_emptied_is_restored_before_anything_is_imported(killed: Workplace) -> None:
    lose(killed)
    stage = killed.stage
    asked = stage.run("resume", "dev", "--json")
    assert asked.code == 1
    assert "there was one (serial 3): restore it (`terrace state restore dev`)" in asked.json["reasons"][0]
    assert "--accept later-apply" in asked.json["reasons"][0]
    refused = stage.run("resume", "dev", "--absent", "terraform_data.second", "--yes", "--json")
    assert (refused.code, refused.json["result"]) == (1, "unknown")
    restored = stage.run(*RESTORE)
    assert restored.code == 0, restored.out + restored.err
    assert "next: terrace resume dev" in restored.out
    done = settle(killed, "r1")
    assert done.json["result"] == "succeeded", done.out
    assert "no changes" in stage.ok("deploy", "dev").out


def test_half_a_state_is_named_with_the_way_out(killed: Workplace) -> None:
    whole = state_of(killed).read_bytes()
    lose(killed, whole[: len(whole) // 2])
    asked = killed.stage.run("resume", "dev")
    assert "move that file away" in asked.err and "`terrace state restore dev`" in asked.err
    state_of(killed).rename(killed.folder / "damaged.tfstate")
    restored = killed.stage.run(*RESTORE)
    assert restored.code == 0, restored.out + restored.err
    assert settle(killed, "r1").json["result"] == "succeeded"


def test_what_was_answered_for_by_hand_still_needs_the_state_back(killed: Workplace) -> None:
    lose(killed)
    settle_by_hand(killed)
    stage = killed.stage
    assert "the backend holds no state" in stage.run("deploy", "dev", "--json").json["reasons"][0]
    assert stage.run(*RESTORE).code == 0
    stage.ok("unhold", "dev", "--reason", "restored")
    stage.ok("deploy", "dev")


def test_an_empty_state_that_a_restore_put_back_is_not_the_state(tmp_path: Path) -> None:
    """Otherwise a fresh plan would make everything that the lost state had again."""
    with BACKENDS["local"]() as running:
        place = workplace(tmp_path, running, SQLITE)
        stage = place.stage
        stage.ok("deploy", "dev")
        oldest = stage.ok("state", "list", "dev", "--json").json["backups"][0]["name"]
        commit(place.work, {"environments/dev/third.tf": 'resource "terraform_data" "third" {}\n'}, "add third")
        git(place.work, "push", "--quiet", "origin", "main")
        stage.ok("deploy", "dev")
        place.release("r1")
        place.order(Strike("terraform", "within"))
        place.name_terrace(os.getpid())
        assert stage.run("deploy", "dev", "--json").json["result"] == "unknown"
        lose(place)
        ended = stage.run(*RESTORE, "--from", oldest, "--json")
        assert ended.json["result"] == "put_back", ended.out
        assert "terraform_data.third" in ended.json["reason"]
        asked = stage.run("resume", "dev", "--absent", "terraform_data.second", "--yes", "--json")
        assert any("the backend holds no state" in reason for reason in asked.json["reasons"]), asked.out
        settle_by_hand(place)
        refused = stage.run("deploy", "dev", "--json")
        assert "the backend holds no state" in refused.json["reasons"][0], refused.out
        assert stage.run(*RESTORE, "--json").json["result"] == "restored"
