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

pytestmark = pytest.mark.slow


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


def test_a_change_right_after_a_commit_is_in_the_snapshot_though_size_and_second_are_the_same(work: Path) -> None:
    # All that Git looks at is the same, as in one second: only the index's own time says that it must look closer.
    git(work, "config", "core.trustctime", "false")
    path, index = work / "main.tf", work / ".git" / "index"
    path.write_text("# 0001\n")
    long_ago = 1_600_000_000 * 10**9
    os.utime(path, ns=(long_ago, long_ago))
    made = commit(work, {})
    os.utime(index, ns=(long_ago, long_ago))
    path.write_text("# 5001\n")
    os.utime(path, ns=(long_ago, long_ago))
    assert opened(work).snapshot() != made


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
    with pytest.raises(TerraceError, match="already exists at another commit"):
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
    assert found.commits_touching(base, merge, ("a b.tf",)) == (merge,)
    assert found.commits_touching(base, merge, ("c.tf", "a b.tf")) == (merge, other)
    assert found.commits_touching(base, merge, ("*.tf",)) == (), "a path is no pattern"
    assert found.commits_touching(base, merge, ()) == ()
    odd = commit(folder, {"d/x\n--output=y": "1"})
    assert found.commits_touching(base, odd, ("d/x\n--output=y",)) == (odd,), "a line end in a name is not two names"


# --- reverts and additions ---------------------------------------------------------------------------------------


@pytest.fixture
def story(tmp_path: Path) -> tuple[GitRepository, str, str]:
    """A good commit and a bad one after it, which changes two files, adds one and removes one."""
    work = with_remote(tmp_path / "work", {"main.tf": "one\n", "other.tf": "same\n", "gone.tf": "here\n"})
    good = git(work, "rev-parse", "HEAD")
    bad = commit(work, {"main.tf": "two\n", "new.bin": "\x00\x01\n", "gone.tf": None})
    git(work, "push", "--quiet", "origin", "main")
    found = GitRepository(work, cache=tmp_path / "cache")
    found.fetch()
    return found, good, bad


def branches(work: Path) -> list[str]:
    return git(work, "for-each-ref", "--format=%(refname:short)", "refs/heads/terrace").split()


def test_a_revert_is_one_commit_on_the_tip_pushed_and_touches_nothing_here(
    story: tuple[GitRepository, str, str],
) -> None:
    repository_, good, bad = story
    work = repository_.root
    (work / "main.tf").write_text("my own\n")
    made = repository_.prepare_revert("terrace/revert-prod", bad, good, "Take prod back\n\nsick")
    assert made is not None
    assert git(work, "rev-parse", f"{made}^") == bad
    assert git(work, "diff", good, made) == ""
    assert git(work, "log", "-1", "--format=%B", made).startswith("Take prod back\n\nsick")
    assert git(work, "log", "-1", "--format=%an", made) == "ann"
    remote = work.with_name("work.git")
    assert git(remote, "rev-parse", "terrace/revert-prod") == made
    assert (work / "main.tf").read_text() == "my own\n"
    assert git(work, "rev-parse", "HEAD") == bad
    assert git(work, "status", "--porcelain") == "M main.tf"


def test_what_was_reverted_before_needs_no_revert(story: tuple[GitRepository, str, str]) -> None:
    repository_, good, bad = story
    git(repository_.root, "revert", "--no-edit", f"{good}..{bad}")
    commit(repository_.root, {"later.tf": "later\n"})
    git(repository_.root, "push", "--quiet", "origin", "main")
    repository_.fetch()
    assert repository_.prepare_revert("terrace/revert-prod", bad, good, "again") is None
    assert "terrace/revert-prod" not in git(repository_.root, "branch", "--list")


def test_prepared_again_it_is_the_same_and_another_one_is_never_overwritten(
    story: tuple[GitRepository, str, str],
) -> None:
    repository_, good, bad = story
    made = repository_.prepare_revert("terrace/revert", bad, good, "one")
    assert repository_.prepare_revert("terrace/revert", bad, good, "two") == made
    commit(repository_.root, {"other.tf": "newer\n"})
    git(repository_.root, "push", "--quiet", "origin", "main")
    repository_.fetch()
    with pytest.raises(BadInput, match="already exists with other content") as caught:
        repository_.prepare_revert("terrace/revert", bad, good, "three")
    assert caught.value.hint
    assert git(repository_.root, "rev-parse", "terrace/revert") == made


def test_what_was_merged_since_stays_and_what_it_changed_too_is_left_to_people(
    story: tuple[GitRepository, str, str],
) -> None:
    repository_, good, bad = story
    work = repository_.root
    commit(work, {"other.tf": "newer\n"})
    git(work, "push", "--quiet", "origin", "main")
    repository_.fetch()
    made = repository_.prepare_revert("terrace/one", bad, good, "one")
    assert git(work, "show", f"{made}:other.tf") == "newer"
    assert git(work, "show", f"{made}:main.tf") == "one"
    commit(work, {"main.tf": "three\n"})
    git(work, "push", "--quiet", "origin", "main")
    repository_.fetch()
    with pytest.raises(BadInput, match="cannot be reverted automatically") as caught:
        repository_.prepare_revert("terrace/two", bad, good, "two")
    assert "git revert" in (caught.value.hint or "")
    assert branches(work) == ["terrace/one"], "nothing was left"


def test_a_revert_that_cannot_be_pushed_is_here_and_says_how_to_push_it(story: tuple[GitRepository, str, str]) -> None:
    repository_, good, bad = story
    work = repository_.root
    git(work, "remote", "set-url", "origin", str(work.with_name("nowhere.git")))
    with pytest.raises(NotReady, match="could not be pushed") as caught:
        repository_.prepare_revert("terrace/revert", bad, good, "one")
    assert caught.value.hint == "push it manually: git push origin terrace/revert"
    assert branches(work) == ["terrace/revert"]


def test_a_name_that_is_none_is_refused(story: tuple[GitRepository, str, str]) -> None:
    repository_, good, bad = story
    for name in ("-f", "a..b", "a b", ""):
        with pytest.raises(BadInput, match="not a valid name of a branch"):
            repository_.prepare_revert(name, bad, good, "one")


def test_what_is_added_to_a_checkout_is_gone_from_the_next_one(story: tuple[GitRepository, str, str]) -> None:
    repository_, good, _ = story
    with repository_.checkout(good, "prod", {"zz.tf": "added\n"}) as folder:
        assert (folder / "zz.tf").read_text() == "added\n"
    with repository_.checkout(good, "prod") as folder:
        assert not (folder / "zz.tf").exists()


def test_what_is_committed_is_never_written_over(story: tuple[GitRepository, str, str]) -> None:
    repository_, good, _ = story
    with (
        pytest.raises(BadInput, match=r"the commit contains other\.tf") as caught,
        repository_.checkout(good, "prod", {"other.tf": "mine\n"}),
    ):
        raise AssertionError("it must not come to that")
    assert caught.value.hint


def test_commits_are_told_whole_and_what_a_snapshot_made_is_none(work: Path) -> None:
    base = git(work, "rev-parse", "HEAD")
    message = "feat: ünïcode\n\nbody\n\nBREAKING CHANGE: x"
    first = commit(work, {"a.tf": "1\n"}, message)
    git(work, "switch", "--quiet", "--create", "side", base)
    side = commit(work, {"b.tf": "1\n"}, "side")
    git(work, "switch", "--quiet", "main")
    git(work, "merge", "--quiet", "--no-ff", "-m", "merged", "side")
    (work / "a.tf").write_text("not committed\n")
    here = opened(work)
    found = {one.id: one for one in here.commits(base, here.snapshot())}
    assert len(found) == 3
    assert found[first].message.strip() == message
    assert (found[side].message.strip(), found[side].merge) == ("side", False)
    assert [one.message.strip() for one in found.values() if one.merge] == ["merged"]


def test_a_commit_of_a_branch_that_says_it_is_a_snapshot_is_none(work: Path) -> None:
    """Its author, its time and its message are what a contributor set."""
    here = opened(work)
    base = git(work, "rev-parse", "HEAD")
    git(work, "switch", "--quiet", "--create", "sly")
    for person in ("author", "committer"):
        git(work, "config", f"{person}.email", "terrace@localhost")
        git(work, "config", f"{person}.name", "terrace")
    sly = commit(work, {"a.tf": "token = 1\n"}, "working tree")
    git(work, "commit", "--quiet", "--amend", "--no-edit", "--date=@0")
    sly = git(work, "rev-parse", "HEAD")
    git(work, "switch", "--quiet", "main")
    assert not here.is_own_snapshot(sly)
    assert [one.message.strip() for one in here.commits(base, sly)] == ["working tree"]
    (work / "a.tf").write_text("not committed\n")
    assert here.is_own_snapshot(here.snapshot())


def test_a_commit_that_says_it_is_a_snapshot_is_told(work: Path) -> None:
    base = git(work, "rev-parse", "HEAD")
    git(work, "-c", "user.email=terrace@localhost", "commit", "--quiet", "--allow-empty", "--date=@0", "-m", "sly")
    assert [one.message.strip() for one in opened(work).commits(base, "HEAD")] == ["sly"]


def test_committers_and_co_authors_are_authors(work: Path) -> None:
    base = commit(work, {"a.tf": "two\n"})
    message = (
        "Squash of 3 changes\n\nCo-Authored-By: Bob <BOB@example.com>\n\n* one\n"
        "co-authored-by:Carol <carol@example.com>, Dave <dave@example.com>\n* two\n"
        "Co-authored-by: Erin\n  <erin@example.com>\nCoauthored-by: frank\n"
        "Reviewed-by: Grace <grace@example.com>\n"
    )
    (work / "a.tf").write_text("three\n")
    git(work, "-c", "user.name=merger", "-c", "user.email=merger@example.com", "commit", "-qam", message,
        "--author=Ann <ann@example.com>")  # fmt: skip
    made = git(work, "rev-parse", "HEAD").strip()
    assert {author.email for author in opened(work).authors(base, made)} == {
        "ann@example.com", "merger@example.com", "BOB@example.com", "carol@example.com", "dave@example.com",
        "erin@example.com", "frank",
    }  # fmt: skip


def test_a_mailmap_does_not_say_who_wrote_a_commit(work: Path) -> None:
    base = commit(work, {"a.tf": "two\n"})
    made = commit(work, {".mailmap": "nobody <nobody@example.com> <ann@example.com>\n"})
    assert opened(work).authors(base, made) == (Author("ann", "ann@example.com"),)


def test_a_clone_that_is_made_whole_meanwhile_answers_anew(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    first = git(work, "rev-parse", "HEAD")
    for number in range(3):
        last = commit(work, {"more.txt": str(number)})
    git(work, "push", "--quiet")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{work}.git", tmp_path / "shallow")
    found = GitRepository(tmp_path / "shallow", cache=tmp_path / "cache")
    assert found.shallow
    assert (found.is_whole(None, last), found.on_protected_branch(first)) == (False, None)
    git(tmp_path / "shallow", "worktree", "add", "--quiet", tmp_path / "beside")
    assert GitRepository(tmp_path / "beside", cache=tmp_path / "cache").shallow, "worktrees share what was cut off"
    git(tmp_path / "shallow", "fetch", "--quiet", "--unshallow")
    assert (found.is_whole(None, last), found.on_protected_branch(first)) == (True, True)
    assert found.contains(last, first)
    assert not found.shallow
