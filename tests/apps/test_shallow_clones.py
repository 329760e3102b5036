"""Shallow clones, as CI makes them: what they lack is never read as if it were not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import MODULE, World, three_environments, world
from support.git import commit, git, with_remote
from terrace.adapters.git.repository import GitRepository

pytestmark = pytest.mark.slow


def shallow(of: Path, folder: Path, depth: int) -> Path:
    """A clone with the newest commits only."""
    url = git(of, "remote", "get-url", "origin")
    git(of, "clone", "--quiet", f"--depth={depth}", "--no-single-branch", f"file://{url}", folder)
    return folder


def by(who: str, shop: World, path: str, text: str) -> str:
    """Somebody commits on main and pushes."""
    (shop.work / path).write_text(text)
    git(shop.work, "add", "--all")
    named = ("-c", f"user.name={who}", "-c", f"user.email={who}@example.com")
    git(shop.work, *named, "commit", "--quiet", "-m", "change")
    git(shop.work, "push", "--quiet", "origin", "main")
    return git(shop.work, "rev-parse", "HEAD")


def test_an_author_whose_commit_a_shallow_clone_lacks_does_not_approve(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    by("bob", shop, "modules/thing/main.tf", MODULE.replace("-1", "-2"))
    by("ann", shop, "README.md", "hello\n")
    clone = World(shallow(shop.work, tmp_path / "ci", 1))
    git(clone.work, "config", "gpg.format", "ssh")
    git(clone.work, "config", "user.signingkey", shop.key("ann"))
    clone.ok("deploy", "dev")
    clone.run("promote", "staging")
    clone.approve("staging", "bob")
    done = clone.run("resume", "staging")
    assert done.code == 1, done.out + done.err
    assert "this clone is too shallow to determine the authors of the new commits" in done.out
    git(clone.work, "fetch", "--quiet", "--unshallow")
    told = clone.run("resume", "staging")
    assert (told.code, "bob (wrote commits of this release)" in told.out) == (1, True), told.out


def test_a_span_that_a_shallow_clone_cuts_is_not_whole(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    base = git(work, "rev-parse", "HEAD")
    git(work, "tag", "deployed/dev/1")
    git(work, "switch", "--quiet", "--create", "side")
    commit(work, {"side": "1"})
    commit(work, {"side": "2"})
    git(work, "switch", "--quiet", "main")
    first = commit(work, {"a": "1"})
    git(work, "merge", "--quiet", "--no-ff", "-m", "merge", "side")
    merged, head = git(work, "rev-parse", "HEAD"), commit(work, {"b": "1"})
    git(work, "push", "--quiet", "origin", "main", "deployed/dev/1")
    whole = GitRepository(work, cache=tmp_path)
    assert whole.is_whole(None, head) and whole.is_whole(base, head)

    ci = shallow(work, tmp_path / "ci", 2)
    git(ci, "fetch", "--quiet", "--depth=1", "origin", "tag", "deployed/dev/1")
    cut = GitRepository(ci, cache=tmp_path)
    assert cut.authors(base, head), "Git itself sees nothing wrong"
    assert cut.is_whole(merged, head)
    assert not cut.is_whole(base, head)
    assert not cut.is_whole(None, head)
    assert not cut.is_whole(first, head), "a commit that is not here at all"

    side = shallow(work, tmp_path / "longer", 3)
    assert git(side, "rev-list", "--count", "--first-parent", f"{first}..origin/main") == "2"
    assert not GitRepository(side, cache=tmp_path).is_whole(first, head), "the branch that was merged is cut off"
    git(side, "fetch", "--quiet", "--unshallow")
    assert GitRepository(side, cache=tmp_path).is_whole(base, head)


def test_a_check_in_a_shallow_clone_tells_which_commits_it_did_not_look_at(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    base = git(shop.work, "rev-parse", "HEAD")
    git(shop.work, "tag", "base")
    by("bob", shop, "README.md", "one\n")
    by("ann", shop, "README.md", "two\n")
    git(shop.work, "push", "--quiet", "origin", "base")
    ci = World(shallow(shop.work, tmp_path / "ci", 1))
    git(ci.work, "fetch", "--quiet", "--depth=1", "origin", "tag", "base")
    told = ci.run("check", "--static", "--base", base, "--json").json["findings"]
    unlooked = {one["rule"] for one in told if one["status"] == "unknown" and one["fix"] == "git fetch --unshallow"}
    assert unlooked == {"secrets", "commits"}
