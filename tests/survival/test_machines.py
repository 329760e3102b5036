"""Folders go from machine to machine, containers share them, files get lost: real Terraform, real namespaces."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backends import local
from support.git import commit, git
from support.marks import Strike, Workplace, workplace
from support.mishaps import elsewhere, possible
from support.waiting import until

pytestmark = pytest.mark.slow

ONCE = {"first": 1, "second": 1}
namespaces = pytest.mark.skipif("elsewhere" not in possible(), reason="needs to make namespaces")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    with local() as backend:
        yield workplace(tmp_path, backend)


def all_killed(place: Workplace) -> None:
    """A deployment, its runner and Terraform are killed once everything was really made."""
    place.order(Strike("all", "within"))
    actor = place.stage.start("deploy", "dev", "--json")
    place.name_terrace(actor.pid)
    assert actor.ended() is None
    assert place.obeyed


@namespaces
@pytest.mark.parametrize("lost", ["the folder of runs", "the folder of one run", "nothing"])
def test_a_data_folder_that_was_kept_for_another_machine_does_not_make_anything_twice(
    place: Workplace, lost: str
) -> None:
    """A job of CI is killed in its apply; the next one has the cache from before, on another host."""
    place.stage.ok("deploy", "dev")
    place.release("r")
    all_killed(place)
    runs = next(place.home.glob("data/*/runs"))
    if lost == "the folder of runs":
        shutil.rmtree(runs)
    elif lost == "the folder of one run":
        shutil.rmtree(max(runs.iterdir(), key=lambda path: path.stat().st_mtime))
    busy = elsewhere(place, "deploy", "dev", "--json")
    assert (busy.code, busy.json["result"]) == (1, "waiting"), "nothing there proves that the driver is dead"
    told = elsewhere(place, "resume", "dev", "--dead", "runner 1 is gone", "--json")
    assert (told.code, told.json["result"]) == (1, "unknown")
    assert "this machine has no evidence of how the apply finished" in told.json["reasons"][0]
    for _ in range(2):
        assert elsewhere(place, "deploy", "dev", "--json").json["result"] == "blocked"
    assert place.made("r") == ONCE
    looked = elsewhere(place, "resume", "dev", "--dead", "runner 1 is gone", "--yes", "--json")
    assert (looked.code, looked.json["result"]) == (1, "unknown"), "and it is asked what was made"
    assert looked.json["reasons"]
    assert place.made("r") == ONCE


@namespaces
def test_a_container_beside_the_living_driver_takes_nothing_over(place: Workplace) -> None:
    """The same host name, boot and data folder, in another PID namespace; the lock of the lease is a copy."""
    place.stage.ok("deploy", "dev")
    place.release("r")
    place.within(f"touch {place.folder}/begun; while [ ! -e {place.folder}/go ]; do sleep 0.05; done")
    actor = place.stage.start("deploy", "dev", "--json")
    until((place.folder / "begun").exists)
    leases = next(place.home.glob("data/*/leases"))
    shutil.copytree(leases, place.folder / "copy")
    shutil.rmtree(leases)
    shutil.copytree(place.folder / "copy", leases)
    busy = elsewhere(place, "deploy", "dev", "--json")
    assert (busy.code, busy.json["result"]) == (1, "waiting")
    assert "--dead WHY" in busy.out or "run by" in busy.out
    assert elsewhere(place, "tick").out.strip() == "nothing is due"
    (place.folder / "go").touch()
    done = actor.ended()
    assert done is not None
    assert done.json["result"] == "succeeded"
    assert place.made("r") == ONCE


def test_an_unknown_outcome_is_not_let_go_but_answered_for(place: Workplace) -> None:
    place.stage.ok("deploy", "dev")
    place.release("r")
    all_killed(place)
    assert place.stage.run("resume", "dev", "--json").json["result"] == "unknown"
    refused = place.stage.run("unhold", "dev", "--reason", "it will be all right")
    assert (refused.code, "terrace resume dev" in refused.err) == (2, True), refused.err
    assert place.stage.run("deploy", "dev", "--json").json["result"] == "blocked"
    for words in (("--settled", "dev"), ("--settled", "other", "--reason", "why")):
        assert place.stage.run("resume", "dev", *words, "--yes").code == 2
    asked = place.stage.run("resume", "dev", "--settled", "dev", "--reason", "looked")
    assert (asked.code, "terraform_data.second" in asked.out) == (1, True), "it says what one answers for"
    assert place.stage.run("unhold", "dev", "--reason", "still not").code == 2
    done = place.stage.ok("resume", "dev", "--settled", "dev", "--reason", "looked at it", "--yes", "--json")
    assert [one["stack"] for one in done.json["settled"]] == ["dev"]
    assert done.json["result"] == "settled"
    place.stage.ok("unhold", "dev", "--reason", "looked at it")
    assert place.stage.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def test_recovery_asks_about_number_501_too(place: Workplace) -> None:
    place.stage.ok("deploy", "dev")
    text = 'resource "terraform_data" "many" {\n  count      = 520\n  depends_on = [terraform_data.second]\n}\n'
    many = f"{place.stack('r')}\n{text}"
    commit(place.work, {"environments/dev/main.tf": many}, "many")
    git(place.work, "push", "--quiet", "origin", "main")
    all_killed(place)
    for log in place.home.glob("data/*/runs/*/log.jsonl"):
        log.write_bytes(b"")
    looked = place.stage.run("resume", "dev", "--json")
    looked = place.stage.run("resume", "dev", "--yes", "--json") if "remains" not in looked.json else looked
    (remains,) = looked.json["remains"]
    assert {f"terraform_data.many[{number}]" for number in range(520)} <= set(remains["open"])
