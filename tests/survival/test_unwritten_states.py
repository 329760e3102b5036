"""A backend that does not keep what an apply wrote: what the apply created is never created again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.cli import World, world
from support.git import commit, git
from support.http_states import HttpStore, serve_states
from terrace.adapters.ledgers.git import GitLedger
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import Draft

pytestmark = pytest.mark.slow

RULES = "version: 1\nenvironments:\n  dev: {}\npeople: {ann: {emails: [ann@example.com]}}\n"


class Forgetful(dict[str, bytes]):
    """States of a store that answers every write with success and keeps none."""

    def __setitem__(self, path: str, state: bytes) -> None:
        """Keep nothing."""


class Unreachable(dict[str, bytes]):
    """States of a store that breaks off every write."""

    def __setitem__(self, path: str, state: bytes) -> None:
        raise OSError


@pytest.fixture
def store() -> Iterator[tuple[str, HttpStore]]:
    with serve_states() as found:
        yield found


def backend(address: str) -> str:
    return f'terraform {{\n  backend "http" {{\n    address = "{address}/dev"\n  }}\n}}\n'


def marking(name: str, marks: Path, then: str = "true") -> str:
    command = f"echo {name} >> {marks}; {then}"
    return (
        f'resource "terraform_data" "{name}" {{\n  provisioner "local-exec" {{\n    command = "{command}"\n  }}\n}}\n'
    )


def deployed(tmp_path: Path, address: str, **files: str) -> World:
    named = {f"environments/dev/{name}.tf": text for name, text in files.items()}
    return world(tmp_path / "place", {"environments/dev/main.tf": backend(address), "terrace.yaml": RULES, **named})


@pytest.mark.parametrize("had_state", [True, False], ids=["a state before", "no state before"])
def test_a_write_that_the_backend_lost_is_noticed_and_nothing_is_created_twice(
    tmp_path: Path, store: tuple[str, HttpStore], had_state: bool
) -> None:
    address, kept = store
    marks = tmp_path / "marks"
    shop = deployed(tmp_path, address, one=marking("one", marks))
    if had_state:
        shop.ok("deploy", "dev")
        shop.push({"environments/dev/two.tf": marking("two", marks)})
    kept.states = Forgetful(kept.states)
    lost = shop.run("deploy", "dev", "--json")
    assert (lost.code, lost.json["result"]) == (1, "failed"), lost.out
    kept.states = dict(kept.states)
    again = shop.run("deploy", "dev", "--json")
    assert (again.code, again.json["result"]) == (1, "failed"), again.out
    assert "the state was not updated by the last apply" in again.json["reasons"][0]
    made = marks.read_text().split()
    assert made == (["one", "two"] if had_state else ["one"])
    shop.ok("state", "backup", "dev", "--accept", "dev")
    shop.ok("deploy", "dev")
    assert marks.read_text().split() == [*made, made[-1]], "created again once a person said that the state is right"


def test_a_state_that_could_be_written_nowhere_makes_the_outcome_unknown(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    marks = tmp_path / "marks"
    # Without its folder Terraform cannot leave errored.tfstate there.
    shop = deployed(tmp_path, address, one=marking("one", marks, then="rm -rf $PWD"))
    kept.states = Unreachable()
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "unknown"), done.out
    assert "Terraform did not write errored.tfstate" in done.json["reasons"][0]
    kept.states = {}
    assert shop.run("deploy", "dev").code == 1
    assert marks.read_text().split() == ["one"]


def holding(name: str, value: str) -> str:
    return f'resource "terraform_data" "{name}" {{\n  input = "{value}"\n}}\n'


def test_a_lost_write_of_an_apply_that_only_updated_objects_is_noticed(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    shop = deployed(tmp_path, address, one=holding("one", "old"))
    shop.ok("deploy", "dev")
    shop.push({"environments/dev/one.tf": holding("one", "new")})
    kept.states = Forgetful(kept.states)
    lost = shop.run("deploy", "dev", "--json")
    assert (lost.code, lost.json["result"]) == (1, "failed"), lost.out
    assert "the state was not updated by the last apply" in lost.json["reasons"][0]
    kept.states = dict(kept.states)
    assert "was not updated by" in shop.run("deploy", "dev", "--json").json["reasons"][0]


def test_a_lost_write_of_an_apply_that_failed_halfway_is_noticed_and_nothing_is_created_twice(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    marks = tmp_path / "marks"
    bad = marking("two", marks, then="false").replace("{\n", "{\n  depends_on = [terraform_data.one]\n", 1)
    shop = deployed(tmp_path, address, one=holding("zero", "old"))
    shop.ok("deploy", "dev")
    shop.push({"environments/dev/one.tf": holding("zero", "old") + marking("one", marks) + bad})
    kept.states = Forgetful(kept.states)
    lost = shop.run("deploy", "dev", "--json")
    assert (lost.code, lost.json["result"]) == (1, "failed"), lost.out
    kept.states = dict(kept.states)
    again = shop.run("deploy", "dev", "--json")
    assert "the state was not updated by the last apply" in again.json["reasons"][0]
    assert marks.read_text().split() == ["one", "two"]


@pytest.mark.parametrize("outcome", ["true", "false"], ids=["succeeded", "failed"])
def test_a_state_that_goes_back_after_an_apply_is_noticed_by_drift_check_and_deploy(
    tmp_path: Path, store: tuple[str, HttpStore], outcome: str
) -> None:
    address, kept = store
    marks = tmp_path / "marks"
    shop = deployed(tmp_path, address, one=holding("one", "old"))
    shop.ok("deploy", "dev")
    before = dict(kept.states)
    shop.push({"environments/dev/two.tf": marking("two", marks, then=outcome)})
    assert shop.run("deploy", "dev").code == (0 if outcome == "true" else 1)
    newer = dict(kept.states)
    kept.states = before
    git(shop.work, "switch", "--quiet", "--create", "change")
    commit(shop.work, {"environments/dev/one.tf": holding("one", "new")})
    checked = shop.run("check", "--json")
    assert checked.code == 1
    assert any("the state went back" in finding["message"] for finding in checked.json["findings"])
    if outcome == "true":
        seen = shop.run("drift", "dev", "--json")
        assert seen.code != 0 and "the state went back" in seen.out
    done = shop.run("deploy", "dev", "--json")
    assert "the state went back" in done.json["reasons"][0]
    assert marks.read_text().split() == ["two"]
    kept.states = newer
    assert "the state went back" not in shop.run("check", "--json").out


def test_a_restored_state_of_before_an_apply_is_right_again(tmp_path: Path, store: tuple[str, HttpStore]) -> None:
    """A person makes the copy from before an apply the state, and answers for what is created again."""
    address, kept = store
    shop = deployed(tmp_path, address, one=holding("one", "old"))
    shop.ok("deploy", "dev")
    before = dict(kept.states)
    old = shop.ok("state", "list", "dev", "--json").json["backups"][0]["name"]
    shop.push({"environments/dev/two.tf": holding("two", "new")})
    shop.ok("deploy", "dev")
    newer, kept.states = kept.states, before
    same = shop.run("state", "restore", "dev", "--from", old, "--yes", "--reason", "as it was")
    assert same.code == 2 and "terrace state backup dev --accept dev" in same.err
    kept.states = newer
    accepted = ("--accept", "terraform_data.two", "--accept", "later-apply")
    done = shop.run(
        "state", "restore", "dev", "--from", old, *accepted, "--yes", "--reason", "the cloud is so", "--json"
    )
    assert done.json["result"] == "restored", done.out + done.err
    assert '"alarm"' not in shop.run("state", "backup", "dev", "--json").out
    shop.run("unhold", "dev", "--reason", "restored")
    shop.ok("deploy", "dev")


def test_a_state_that_went_back_before_a_restore_stays_wrong_where_the_restore_is_taken_back(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    marks = tmp_path / "marks"
    shop = deployed(tmp_path, address, one=marking("one", marks))
    shop.ok("deploy", "dev")
    old = shop.ok("state", "list", "dev", "--json").json["backups"][0]["name"]
    shop.push({"environments/dev/two.tf": marking("two", marks)})
    shop.ok("deploy", "dev")
    before = dict(kept.states)
    shop.push({"environments/dev/three.tf": marking("three", marks)})
    shop.ok("deploy", "dev")
    kept.states = before
    accepted = ("--accept", "later-apply")
    done = shop.run("state", "restore", "dev", "--from", old, *accepted, "--yes", "--reason", "try", "--json")
    assert done.json["result"] == "put_back", done.out + done.err
    shop.run("unhold", "dev", "--reason", "tried")
    again = shop.run("deploy", "dev", "--json")
    assert (again.code, again.json["result"]) == (1, "failed"), again.out
    assert "the state was not updated by the last apply" in again.json["reasons"][0]
    assert marks.read_text().split() == ["one", "two", "three"]


def test_an_event_that_cannot_be_read_holds_a_restore(tmp_path: Path, store: tuple[str, HttpStore]) -> None:
    address, kept = store
    shop = deployed(tmp_path, address, one=holding("one", "old"))
    shop.ok("deploy", "dev")
    old = shop.ok("state", "list", "dev", "--json").json["backups"][0]["name"]
    shop.push({"environments/dev/one.tf": holding("one", "new")})
    shop.ok("deploy", "dev")
    paint(shop)
    kept_before = dict(kept.states)
    restored = shop.run("state", "restore", "dev", "--from", old, "--yes", "--reason", "back")
    assert restored.code == 2
    assert "cannot be read" in restored.err and "terrace ledger dismiss" in restored.err
    assert kept.states == kept_before


def test_an_event_that_cannot_be_read_holds_a_recovery(tmp_path: Path, store: tuple[str, HttpStore]) -> None:
    address, kept = store
    marks = tmp_path / "marks"
    shop = deployed(tmp_path, address, one=marking("one", marks, then="rm -rf $PWD"))
    kept.states = Unreachable()
    assert shop.run("deploy", "dev", "--json").json["result"] == "unknown"
    kept.states = {}
    paint(shop)
    resumed = shop.run("resume", "dev", "--absent", "terraform_data.one", "--yes", "--json")
    assert resumed.code == 1
    assert "cannot be read" in resumed.out and "terrace ledger dismiss" in resumed.out
    assert kept.states == {} and marks.read_text().split() == ["one"]


def paint(shop: World) -> None:
    """Write an event of a kind that no version of Terrace knows."""
    ids = iter(f"painted{number}" for number in range(9))
    ledger = GitLedger(
        shop.work, remote="origin", clock=lambda: datetime.now(UTC), new_id=lambda: next(ids), key=NO_KEY
    )
    ledger.append([Draft("deployment.painted", "dev", "mallory", {"color": "green"})], head=ledger.read().head)
