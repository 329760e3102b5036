"""A clone that never saw the ledger knows from the tags of deployments where it has been."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.cli import KEY, World, three_environments, world
from support.git import clone, git, with_remote
from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.seen import SeenHead
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.adapters.ledgers.tags import TagsOfDeployments
from terrace.apps.wiring.project import Project
from terrace.errors import Corrupt
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import GENESIS, Draft, History
from terrace.ledger.replacement import LedgerReplacement

pytestmark = pytest.mark.slow

TAG = "deployed/dev/20260105T120000Z-0123456"


def opened(text: str = "", began_anew: str = "", replaces: tuple[str, ...] = ()) -> Draft:
    payload = {"version": 1, "digest_key": text, "began_anew": began_anew, "replaces": list(replaces)}
    return Draft("ledger.opened", "ledger", "ann", payload)


def proves(one: LedgerReplacement) -> bool:
    """A trust root whose only signer is ann, with a seal that is enough for these tests."""
    return one.signature == "sealed"


def held(reason: str) -> Draft:
    return Draft("environment.held", "dev", "ann", {"reason": reason})


def fresh(work: Path, home: Path) -> GitLedger:
    """The ledger as a machine sees it that never did."""
    return GitLedger(
        work,
        remote="origin",
        clock=lambda: datetime(2026, 1, 5, tzinfo=UTC),
        new_id=lambda: os.urandom(6).hex(),
        seen_head=SeenHead(home / "head.json", TagsOfDeployments(work, "origin", proves)),
        key=NO_KEY,
    )


def tagged(work: Path, history: History) -> None:
    line = f"Ledger: {history.ledger_id} {len(history.events)} {history.head}"
    git(work, "tag", "--annotate", "-m", f"Deployed to dev by ann\n\n{line}", TAG)
    git(work, "push", "--quiet", "origin", TAG)


def deployed(folder: Path) -> tuple[Path, History]:
    work = with_remote(folder / "work")
    ledger = fresh(work, folder / "home")
    history = ledger.append([opened()], head=GENESIS)
    history = ledger.append([held("one"), held("two")], head=history.head)
    tagged(work, history)
    return work, history


def replaced(work: Path, first: Draft) -> None:
    """What a ledger writer does: delete the branch, and push another ledger in its place."""
    remote = work.parent / "work.git"
    git(remote, "update-ref", "-d", "refs/heads/terrace/ledger")
    other = with_remote(work.parent / "elsewhere")
    fresh(other, work.parent / "other-home").append([first], head=GENESIS)
    git(other, "push", "--quiet", str(remote), "refs/terrace/origin/terrace/ledger:refs/heads/terrace/ledger")


def test_a_deleted_ledger_is_not_begun_again_in_a_new_clone(tmp_path: Path) -> None:
    work, history = deployed(tmp_path)
    assert fresh(clone(work, tmp_path / "whole"), tmp_path / "h1").read() == history
    git(tmp_path / "work.git", "update-ref", "-d", "refs/heads/terrace/ledger")
    second = clone(work, tmp_path / "second")
    third = clone(work, tmp_path / "third")
    git(third, "tag", "--delete", TAG)
    for number, there in enumerate((second, third)):
        with pytest.raises(Corrupt, match=r"no ledger, but the tag deployed/dev") as caught:
            fresh(there, tmp_path / f"home{number}").read()
        assert "terrace ledger begin" in (caught.value.hint or "")


def test_a_ledger_that_lacks_the_event_of_a_tag_is_refused(tmp_path: Path) -> None:
    work, history = deployed(tmp_path)
    early = git(tmp_path / "work.git", "rev-parse", "terrace/ledger~1")
    git(tmp_path / "work.git", "update-ref", "refs/heads/terrace/ledger", early)
    with pytest.raises(Corrupt, match="lacks events that the tag"):
        fresh(clone(work, tmp_path / "cut"), tmp_path / "h1").read()
    replaced(work, opened("other"))
    with pytest.raises(Corrupt, match="belongs to the ledger"):
        fresh(clone(work, tmp_path / "replaced"), tmp_path / "h3").read()
    assert len(history.events) == 3


@pytest.mark.parametrize(
    ("which", "said"),
    [("another", "belongs to the ledger"), ("this", "without the signature of a signer")],
)
def test_a_new_ledger_without_a_signer_does_not_replace_the_old_one(tmp_path: Path, which: str, said: str) -> None:
    work, history = deployed(tmp_path)
    replaces = (history.ledger_id,) if which == "this" else ("e000000000000",)
    replaced(work, opened("", "the branch was deleted", replaces))
    with pytest.raises(Corrupt, match=said):
        fresh(clone(work, tmp_path / "clone"), tmp_path / "h1").read()


@pytest.mark.parametrize("depth", [(), ("--depth=1",)], ids=["whole", "shallow"])
def test_a_clone_without_tags_asks_the_remote_for_them(tmp_path: Path, depth: tuple[str, ...]) -> None:
    work, history = deployed(tmp_path)

    def cloned(name: str) -> Path:
        there = tmp_path / name
        git(tmp_path, "clone", "--quiet", "--no-tags", *depth, f"file://{tmp_path / 'work.git'}", str(there))
        assert git(there, "tag", "--list") == ""
        return there

    first = cloned("first")
    assert fresh(first, tmp_path / "h1").read() == history
    assert git(first, "tag", "--list").strip() == TAG
    assert (git(first, "rev-parse", "--is-shallow-repository").strip() == "true") is bool(depth)
    replaced(work, opened())
    with pytest.raises(Corrupt, match="belongs to the ledger"):
        fresh(cloned("second"), tmp_path / "h2").read()


def test_a_deleted_sqlite_ledger_is_not_begun_again(tmp_path: Path) -> None:
    work, _ = deployed(tmp_path)
    seen = SeenHead(tmp_path / "h1" / "head.json", TagsOfDeployments(work, "origin", proves))
    ledger = SqliteLedger(
        tmp_path / "none.db",
        clock=lambda: datetime(2026, 1, 5, tzinfo=UTC),
        new_id=lambda: "e1",
        seen_head=seen,
        key=NO_KEY,
    )
    with pytest.raises(Corrupt, match="no ledger, but"):
        ledger.read()
    with pytest.raises(Corrupt, match="no ledger, but"):
        ledger.append([opened()], head=GENESIS)


def test_text_of_a_requester_in_a_tag_is_no_head(tmp_path: Path) -> None:
    work, history = deployed(tmp_path)
    line = f"Ledger: {history.ledger_id} 99 {'0' * 64}"
    git(work, "tag", "--annotate", "-m", f"Deployed to dev by {line}\n\n{line}\n\nby ann", f"{TAG}-2")
    git(work, "tag", f"{TAG}-3")
    assert fresh(work, tmp_path / "h1").read() == history


def test_a_lost_ledger_is_replaced_by_a_command_with_a_reason(tmp_path: Path) -> None:
    shop = world(tmp_path / "there", three_environments())
    shop.ok("deploy", "dev")
    (message,) = git(shop.work, "for-each-ref", "--format=%(contents)", "refs/tags/deployed").strip().split("\n\n")[1:]
    assert message.startswith("Ledger: ")
    refused = shop.run("ledger", "begin", "--reason", "it is in my way", "--yes")
    assert (refused.code, "a ledger with" in refused.err) == (2, True)
    git(shop.remote, "update-ref", "-d", "refs/heads/terrace/ledger")
    anew = World(clone(shop.work, tmp_path / "there" / "anew"), shop.variables)
    for command in (("status",), ("deploy", "dev")):
        refused = anew.run(*command)
        assert refused.code != 0
        assert "there is no ledger" in refused.err
    unsigned = anew.run("ledger", "begin", "--reason", "mine now", "--as", "mallory", "--yes")
    assert (unsigned.code, "is not a signer" in unsigned.err) == (2, True)
    key = ("--as", "ann", "--key", str(shop.key("ann")))
    anew.ok("ledger", "begin", "--reason", "the branch was deleted", *key, "--yes")
    assert "a new ledger, started by" in anew.ok("ledger", "verify").out
    assert anew.run("status").code == 0


def test_another_ledger_than_the_rules_name_is_refused_without_any_tag(tmp_path: Path) -> None:
    """A ledger writer deletes the tags and pushes the ledger of a fork, or none: both may have the same key."""
    work, history = deployed(tmp_path)
    git(work, "push", "--quiet", "origin", f":refs/tags/{TAG}")

    def named(folder: str, ledger: str) -> GitLedger:
        seen = SeenHead(
            tmp_path / f"{folder}-home" / "head.json",
            TagsOfDeployments(clone(work, tmp_path / folder), "origin", proves),
            ledger,
        )
        now = datetime(2026, 1, 5, tzinfo=UTC)
        return GitLedger(
            tmp_path / folder,
            remote="origin",
            clock=lambda: now,
            new_id=lambda: os.urandom(6).hex(),
            seen_head=seen,
            key=NO_KEY,
        )

    assert named("true", history.ledger_id).read() == history
    replaced(work, opened("of a fork"))
    assert named("unnamed", "").read().ledger_id != history.ledger_id, "nothing else tells that it is another one"
    with pytest.raises(Corrupt, match=f"terrace.yaml names the ledger {history.ledger_id}, and this one is"):
        named("fork", history.ledger_id).read()
    git(tmp_path / "work.git", "update-ref", "-d", "refs/heads/terrace/ledger")
    gone = named("gone", history.ledger_id)
    with pytest.raises(Corrupt, match="and there is no ledger"):
        gone.read()


def test_the_deployment_that_begins_a_ledger_says_how_it_is_named(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    first = shop.ok("deploy", "dev")
    found = re.search(r'hint: merge `(ledger_id: "\w+")` into terrace.yaml', first.err)
    assert found is not None, first.err
    assert "ledger_id" not in shop.ok("deploy", "dev").err, "once"
    shop.push({"terrace.yaml": (shop.work / "terrace.yaml").read_text() + found[1] + "\n"})
    rows = {row["what"]: row["state"] for row in shop.run("doctor", "--json").json["rows"]}
    assert rows["ledger id"] == "ok"


def test_a_clone_takes_only_the_ledger_that_terrace_yaml_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_BACKUP_KEY", KEY)
    shop = world(tmp_path, three_environments())
    first = Project(shop.work).open_ledger().read()
    named = f'ledger_id: "{first.ledger_id}"\n'
    shop.push({"terrace.yaml": (shop.work / "terrace.yaml").read_text() + named})
    assert Project(shop.work).open_ledger().read() == first
    rows = {row["what"]: row["state"] for row in shop.run("doctor", "--json").json["rows"]}
    assert rows["ledger id"] == "ok"

    replaced(shop.work, opened("of a fork"))
    monkeypatch.setenv("TERRACE_HOME", str(tmp_path / "another machine"))
    other = World(clone(shop.work, tmp_path / "other"))
    for command in (("deploy", "dev"), ("tick",), ("status",)):
        done = other.run(*command)
        assert (done.code, "terrace.yaml names the ledger" in done.err) == (3, True), (command, done.err)

    git(shop.remote, "update-ref", "-d", "refs/heads/terrace/ledger")
    lost = World(clone(shop.work, tmp_path / "lost"))
    key = ("--as", "ann", "--key", str(shop.key("ann")))
    lost.ok("ledger", "begin", "--reason", "it was replaced and deleted", *key, "--yes")
    refused = lost.run("status")
    found = re.search(r"and this one is (\w+)", refused.err)
    assert found is not None, "the rules still name the one that is lost"
    shop.push({"terrace.yaml": (shop.work / "terrace.yaml").read_text().replace(first.ledger_id, found[1])})
    assert lost.run("status").code == 0
