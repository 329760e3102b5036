"""Whether a commit is the merge of what was reviewed: Git merges it again, in real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from terrace.adapters.git.merged_content import GitMergedContent
from terrace.adapters.git.repository import GitRepository
from terrace.errors import NotReady

REF = "refs/pull/7/head"


class Repo:
    """A repository with a branch `change` that changes a file, while `main` changes another one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commit({"a.tf": "a = 1\n" * 9, "b.tf": "b = 1\n"})
        self.git("checkout", "-q", "-b", "change")
        self.commit({"c.tf": "c = 1\n"})
        self.head = self.commit({"b.tf": "b = 2\n"})
        self.git("checkout", "-q", "main")
        self.base = self.commit({"a.tf": "a = 1\n" * 9 + "z = 1\n"})

    def git(self, *args: str) -> str:
        who = ("-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *args], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            (self.root / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def content_of(repo: Repo) -> GitMergedContent:
    return GitMergedContent(GitRepository(repo.root, cache=repo.root.parent / "cache"))


def is_merge(repo: Repo, commit: str) -> bool:
    return content_of(repo).is_merge(commit, repo.base, repo.head, REF)


def test_a_merge_a_squash_and_a_rebase_hold_the_merge(repo: Repo) -> None:
    repo.git("merge", "-q", "--no-ff", "-m", "m", "change")
    merge = repo.git("rev-parse", "HEAD")
    assert content_of(repo).parents(merge) == (repo.base, repo.head)
    assert is_merge(repo, merge)
    repo.git("reset", "-q", "--hard", repo.base)
    repo.git("merge", "-q", "--squash", "change")
    repo.git("commit", "-q", "-m", "squashed")
    assert is_merge(repo, repo.git("rev-parse", "HEAD"))
    repo.git("reset", "-q", "--hard", repo.base)
    repo.git("cherry-pick", f"{repo.head}~2..{repo.head}")
    assert is_merge(repo, repo.git("rev-parse", "HEAD"))
    assert not is_merge(repo, repo.git("rev-parse", "HEAD~1")), "a part of it is not the whole"


@pytest.mark.parametrize(
    "files", [{"d.tf": "evil = 1\n"}, {"b.tf": "b = 3\n"}, {"a.tf": "a = 1\n" * 9}], ids=["more", "other", "less"]
)
def test_a_merge_that_was_changed_before_it_was_committed_is_none(repo: Repo, files: dict[str, str]) -> None:
    repo.git("merge", "-q", "--no-ff", "--no-commit", "change")
    assert not is_merge(repo, repo.commit(files))


def test_a_merge_that_lets_the_other_side_be_as_if_it_were_not_there_is_none(repo: Repo) -> None:
    repo.git("merge", "-q", "--no-ff", "-s", "ours", "-m", "m", "change")
    assert not is_merge(repo, repo.git("rev-parse", "HEAD"))
    repo.git("reset", "-q", "--hard", repo.base)
    theirs = repo.git("commit-tree", "-m", "m", "-p", repo.base, "-p", repo.head, f"{repo.head}^{{tree}}")
    assert not is_merge(repo, theirs), "what the protected branch got meanwhile would be taken back"


def test_a_conflict_that_was_resolved_by_hand_was_reviewed_by_nobody(repo: Repo) -> None:
    repo.base = repo.commit({"b.tf": "b = 9\n"})
    made = repo.commit({"b.tf": "b = 2\n", "c.tf": "c = 1\n"})
    assert not is_merge(repo, made)


def test_settings_of_the_user_do_not_decide_how_it_is_merged(repo: Repo) -> None:
    repo.git("merge", "-q", "--no-ff", "-m", "m", "change")
    repo.git("config", "merge.default", "binary")
    repo.git("config", "merge.renames", "false")
    assert is_merge(repo, repo.git("rev-parse", "HEAD"))


def test_a_head_that_the_clone_lacks_is_fetched_and_else_it_cannot_be_told(repo: Repo, tmp_path: Path) -> None:
    """A squash leaves the reviewed commit on no branch, and a fork never had one here."""
    repo.git("merge", "-q", "--squash", "change")
    repo.git("commit", "-q", "-m", "squashed")
    squashed = repo.git("rev-parse", "HEAD")
    repo.git("update-ref", REF, repo.head)
    repo.git("branch", "-q", "-D", "change")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", f"file://{repo.root}", str(clone)], check=True)
    content = GitMergedContent(GitRepository(clone, cache=tmp_path / "cache"))
    assert content.is_merge(squashed, repo.base, repo.head, REF)
    repo.git("update-ref", REF, repo.base)
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "-q", f"file://{repo.root}", str(other)], check=True)
    with pytest.raises(NotReady):
        GitMergedContent(GitRepository(other, cache=tmp_path / "cache")).is_merge(squashed, repo.base, repo.head, REF)


def test_in_a_shallow_clone_it_cannot_be_told(repo: Repo, tmp_path: Path) -> None:
    repo.git("merge", "-q", "--no-ff", "-m", "m", "change")
    merge = repo.git("rev-parse", "HEAD")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=2", f"file://{repo.root}", str(shallow)], check=True)
    content = GitMergedContent(GitRepository(shallow, cache=tmp_path / "cache"))
    with pytest.raises(NotReady):
        content.is_merge(merge, repo.base, repo.head, REF)
    with pytest.raises(NotReady):
        content.parents(repo.base)
