"""Git as it is: odd names, private checkouts, snapshots that touch nothing, refs that are no refs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.git import commit, git, repository, with_remote
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.git.trees import GitTree
from terrace.errors import BadInput, NotReady, TerraceError
from terrace.stacks.repository import Author


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return repository(tmp_path / "work", {"a.tf": "one\n", "deep/b.tf": "two\n"})


def opened(work: Path) -> GitRepository:
    return GitRepository.around(work, cache=work.with_name("cache"))


def test_a_tree_has_every_file_whatever_it_is_called(work: Path) -> None:
    names = ["a b", "quo'te\"", "new\nline", "--option", "ünïcode", "$(x)"]
    made = commit(work, dict.fromkeys(names, "text\n"))
    raw = os.fsencode(work) + b"/\xff"
    Path(os.fsdecode(raw)).write_text("raw\n")
    (work / "link").symlink_to("a.tf")
    made = commit(work, {})
    tree = GitTree(work, made)
    assert set(names) <= tree.entries.keys()
    assert tree.read("\udcff") == b"raw\n"
    assert (tree.entries["link"].is_link, tree.read("link")) == (True, b"a.tf")
    assert tree.entries["a.tf"].blob != tree.entries["deep/b.tf"].blob
    with pytest.raises(KeyError):
        tree.read("nothing")
    with pytest.raises(TerraceError):
        _ = GitTree(work, "0" * 40).entries


def test_a_snapshot_is_the_working_tree_and_touches_nothing(work: Path) -> None:
    (work / ".gitignore").write_text("ignored\n")
    commit(work, {})
    (work / "new.tf").write_text("new\n")
    (work / "a.tf").write_text("changed\n")
    (work / "deep/b.tf").unlink()
    (work / "ignored").write_text("x\n")
    git(work, "add", "new.tf")
    before = git(work, "status", "--porcelain"), git(work, "rev-parse", "HEAD"), git(work, "reflog")
    found = opened(work)
    taken = found.snapshot()
    tree = found.tree(taken)
    assert set(tree.entries) == {".gitignore", "a.tf", "new.tf"}
    assert tree.read("a.tf") == b"changed\n"
    assert found.snapshot() == taken, "the same tree is the same commit"
    assert (git(work, "status", "--porcelain"), git(work, "rev-parse", "HEAD"), git(work, "reflog")) == before
    assert found.merge_base(taken, "HEAD") == git(work, "rev-parse", "HEAD")


def test_a_checkout_is_exactly_the_commit_at_the_same_place_every_time(work: Path) -> None:
    first = git(work, "rev-parse", "HEAD")
    second = commit(work, {"a.tf": None, "c.tf": "three\n"})
    found = opened(work)
    with found.checkout(first, "dev") as root:
        assert (root / "a.tf").read_text() == "one\n"
        (root / "litter.tf").write_text("litter")
        (root / ".terraform").mkdir()
        (root / "deep/b.tf").write_text("changed")
    with found.checkout(second, "dev") as again:
        assert again == root
        assert sorted(str(p.relative_to(again)) for p in again.rglob("*") if p.is_file()) == ["c.tf", "deep/b.tf"]
        assert (again / "deep/b.tf").read_text() == "two\n"
    assert git(work, "status", "--porcelain") == ""


@pytest.mark.parametrize("ref", ["--all", "x y", "$(id)", "a\nb", "", "HEAD~99", "@{upstream}"])
def test_what_is_no_ref_is_refused(work: Path, ref: str) -> None:
    with pytest.raises(BadInput) as caught:
        opened(work).resolve(ref)
    assert caught.value.hint


def test_the_protected_branch_is_the_remotes_and_its_first_parents(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    base = git(work, "rev-parse", "HEAD")
    git(work, "switch", "--quiet", "--create", "side")
    side = commit(work, {"side": "x"})
    git(work, "switch", "--quiet", "main")
    git(work, "merge", "--quiet", "--no-ff", "-m", "merge", "side")
    merged = git(work, "rev-parse", "HEAD")
    found = opened(work)
    assert found.protected_tip() == base, "what is not pushed is not protected"
    git(work, "push", "--quiet", "origin", "main")
    assert found.protected_tip() == merged
    assert [found.on_protected_branch(c) for c in (base, side, merged)] == [True, False, True]
    assert found.authors(base, merged) == (Author("ann", "ann@example.com"),)
    assert (found.contains(merged, side), found.contains(side, merged)) == (True, False)


def test_a_tag_is_pushed_and_never_moved(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    found = opened(work)
    first = git(work, "rev-parse", "HEAD")
    found.tag("deployed/dev/x", first, "message")
    found.tag("deployed/dev/x", first, "message")
    assert git(tmp_path / "work.git", "rev-parse", "deployed/dev/x^{commit}") == first
    second = commit(work, {"a": "b"})
    with pytest.raises(TerraceError, match="names another commit"):
        found.tag("deployed/dev/x", second, "message")


def test_a_refused_tag_says_why_without_the_token(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    git(work, "remote", "set-url", "origin", "http://me:secret-token@127.0.0.1:1/x.git")
    with pytest.raises(NotReady, match="could not be pushed") as caught:
        opened(work).tag("deployed/dev/x", git(work, "rev-parse", "HEAD"), "message")
    assert "secret-token" not in f"{caught.value}{caught.value.hint}"


def test_commits_that_touch_files_are_those_of_the_first_parent_line(tmp_path: Path) -> None:
    folder = repository(tmp_path / "work", {"a b.tf": "1", "c.tf": "1"})
    base = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "--create", "side")
    commit(folder, {"a b.tf": "2"})
    git(folder, "switch", "--quiet", "main")
    other = commit(folder, {"c.tf": "2"})
    git(folder, "merge", "--quiet", "--no-ff", "side")
    merge = git(folder, "rev-parse", "HEAD")
    found = GitRepository(folder, cache=tmp_path / "cache")
    assert found.touching(base, merge, ("a b.tf",)) == (merge,)
    assert found.touching(base, merge, ("c.tf", "a b.tf")) == (merge, other)
    assert found.touching(base, merge, ("*.tf",)) == (), "a path is no pattern"
    assert found.touching(base, merge, ()) == ()
