"""Nothing that is given as a commit, a branch, a ref or a path becomes an option, a range or a search of Git."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.git import commit, git, with_remote
from terrace.adapters.git import names
from terrace.adapters.git.patches import patches_between
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.git.trees import GitTree
from terrace.errors import BadInput, TerraceError

pytestmark = pytest.mark.slow

HOSTILE = (
    "--output=/tmp/x",
    "--output=OUT",
    "-h",
    "-",
    "--",
    "@{-1}",
    "@{upstream}",
    ":/change",
    ":a.tf",
    "HEAD:a.tf",
    "main..main",
    "main...main",
    "^main",
    "main^{/change}",
    "main\n--output=OUT",
    "main\0",
    "",
    " ",
    "--upload-pack=touch OUT",
    "refs/heads/*",
    "main.lock",
    "--all",
    "../../../outside",
)
"""What somebody who writes the ledger, a comment or a command line may give in the place of a commit."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        (home / ".gitconfig").write_text("[user]\n\tname = ann\n\temail = ann@example.com\n")
        patch.setenv("HOME", str(home))
        work = with_remote(tmp_path_factory.mktemp("place") / "work", {"a.tf": "one\n"})
        commit(work, {"a.tf": "two\n"})
        git(work, "push", "--quiet")
    return work


def uses(found: GitRepository, good: str, bad: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every public function that takes a commit, a branch or a ref, with a bad one in each place."""
    yield "resolve", lambda: found.resolve(bad)
    yield "tree", lambda: GitTree(found.root, bad)
    yield "bring a commit", lambda: found.bring("refs/heads/main", bad)
    yield "bring a ref", lambda: found.bring(bad, good)
    yield "on_protected_branch", lambda: found.on_protected_branch(bad)
    for one, other in ((bad, good), (good, bad)):
        yield "merge_base", lambda one=one, other=other: found.merge_base(one, other)  # type: ignore[misc]
        yield "contains", lambda one=one, other=other: found.contains(one, other)  # type: ignore[misc]
        yield "authors", lambda one=one, other=other: found.authors(one, other)  # type: ignore[misc]
        yield "commits", lambda one=one, other=other: found.commits(one, other)  # type: ignore[misc]
        yield "landed", lambda one=one, other=other: found.commits_on_first_parent(one, other)  # type: ignore[misc]
        yield "touching", lambda one=one, other=other: found.commits_touching(one, other, ("a.tf",))  # type: ignore[misc]
        yield "patches", lambda one=one, other=other: list(patches_between(found.root, one or "-", other))  # type: ignore[misc]
        yield "revert", lambda one=one, other=other: found.prepare_revert("terrace/x", one, other, "m")  # type: ignore[misc]
    yield "revert on", lambda: found.prepare_revert(bad, good, good, "m")
    yield "tag a commit", lambda: found.tag("deployed/x", bad, "m")
    yield "tag", lambda: found.tag(f"x/{bad}" if bad == "../../../outside" else bad, good, "m")
    yield "checkout", lambda: found.checkout(bad, "dev").__enter__()
    yield "branch", lambda: GitRepository(found.root, cache=found.cache, branch=bad).protected_tip()


@pytest.mark.parametrize("bad", HOSTILE)
def test_an_id_from_the_ledger_never_becomes_an_option(place: Path, tmp_path: Path, bad: str) -> None:
    bad = bad.replace("OUT", str(tmp_path / "written"))
    found = GitRepository(place, cache=tmp_path / "cache")
    good = found.resolve("main")
    before = git(place, "for-each-ref"), git(place.with_name("work.git"), "for-each-ref")
    for name, use in uses(found, good, bad):
        with pytest.raises(BadInput) as caught:
            use()
        assert caught.value.exit_code == 2, name
    assert (git(place, "for-each-ref"), git(place.with_name("work.git"), "for-each-ref")) == before
    assert not (tmp_path / "written").exists()
    assert not Path("/tmp/x").exists()


def test_every_name_of_a_remote_is_one() -> None:
    for bad in ("--upload-pack=x", "ext::sh -c x", "a b", "-"):
        with pytest.raises(BadInput):
            GitRepository(Path("/"), cache=Path("/"), remote=bad)


# Letters that mean something to Git are drawn more often than others.
_TEXT = st.text(st.sampled_from("ab/.-~^:@{}[]\\*? \x7f\x00\n") | st.characters(codec="utf-8"), max_size=12)


@given(_TEXT)
def test_names_of_refs_are_what_git_says_they_are(text: str) -> None:
    if "\0" in text:
        assert not names.is_refname(text)
        return
    done = subprocess.run(["git", "check-ref-format", f"refs/heads/{text}"], capture_output=True, check=False)
    assert names.is_refname(text) <= (done.returncode == 0), text
    if done.returncode == 0 and not text.startswith("-") and text != "@":
        assert names.is_refname(text), text


@given(_TEXT)
def test_a_name_of_a_commit_is_one_word_that_git_resolves_by_itself(text: str) -> None:
    try:
        names.revision(text)
    except BadInput:
        return
    assert not text.startswith(("-", ":", "^"))
    assert ".." not in text and "@{" not in text and not re.search(r"[\x00-\x20:]", text)


def test_a_branch_that_looks_like_anything_but_an_option_can_be_named(place: Path, tmp_path: Path) -> None:
    found = GitRepository(place, cache=tmp_path / "cache")
    tip = found.resolve("main")
    for name in ("feature/ü#1", "a=b", "x,y", "v1+2"):
        git(place, "branch", "--force", name, tip)
        assert found.resolve(name) == tip
        assert found.resolve(f"{name}~1") != tip
    assert found.resolve("HEAD") == found.resolve("@") == found.resolve("HEAD~0") == found.resolve("HEAD^0") == tip


def test_every_call_of_git_is_made_by_the_one_function() -> None:
    """Another way to start Git would be one without these rules."""
    root = Path(__file__).parents[2] / "src/terrace"
    found = {str(path.relative_to(root)) for path in root.rglob("*.py") if re.search(r"\[\s*\"git\"", path.read_text())}
    # `init` and `doctor` give it no name of anybody.
    assert found == {
        "adapters/git/command.py",
        "adapters/git/patches.py",
        "apps/cli/first_files.py",
        "apps/cli/diagnosis.py",
    }


def test_a_missing_commit_is_told_as_such(place: Path, tmp_path: Path) -> None:
    found = GitRepository(place, cache=tmp_path / "cache")
    for use in (found.commits_on_first_parent, found.commits, found.authors):
        with pytest.raises(TerraceError):
            use("0" * 40, "1" * 40)
