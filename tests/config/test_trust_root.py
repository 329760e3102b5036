"""The remote and the branch of the rules follow from settings and from the HEAD of the remote only."""

from __future__ import annotations

import pytest

from terrace.config.trust_root import (
    BRANCH_NAME,
    Decided,
    RootPlace,
    check_agreement,
    choose_branch,
    choose_local_branch,
    choose_remote,
    follow_branch,
    follow_remote,
    read_settings,
)
from terrace.errors import BadInput

SAID = Decided("trunk", "TERRACE_BRANCH names it", "TERRACE_BRANCH")


def test_the_setting_of_the_operator_comes_before_the_head_of_the_remote() -> None:
    assert choose_branch("origin", SAID, remote_head="main", recorded="main") == SAID


@pytest.mark.parametrize(("asked", "recorded"), [("trunk", None), (None, "trunk"), ("trunk", "trunk")])
def test_the_head_of_the_remote_decides(asked: str | None, recorded: str | None) -> None:
    assert choose_branch("origin", None, remote_head=asked, recorded=recorded).name == "trunk"


@pytest.mark.parametrize(
    ("asked", "recorded", "hint"),
    [
        ("main", "trunk", "git remote set-head origin --auto"),
        (None, None, "git config terrace.branch NAME"),
        ("refs/heads/main", None, "a name that does not start with `refs/`"),
        ("HEAD", None, "use letters"),
        (None, "-x", "use letters"),
    ],
)
def test_an_ambiguous_branch_is_refused(asked: str | None, recorded: str | None, hint: str) -> None:
    with pytest.raises(BadInput) as refused:
        choose_branch("origin", None, remote_head=asked, recorded=recorded)
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize("name", ["origin/main", "heads/main", "remotes/origin/main"])
def test_a_long_name_is_refused_since_others_can_create_a_branch_of_that_name(name: str) -> None:
    with pytest.raises(BadInput, match="names the branch"):
        choose_branch("origin", Decided(name, "", "TERRACE_BRANCH"), remote_head=None, recorded=None)


@pytest.mark.parametrize("name", ["refs/heads/main", "HEAD", "-main", "a b", "a\nb", "é"])
def test_a_name_that_cannot_be_a_branch_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="TERRACE_BRANCH is"):
        read_settings("branch", {"TERRACE_BRANCH": name}, BRANCH_NAME)


def test_two_settings_of_the_operator_must_be_equal() -> None:
    assert read_settings("branch", {"TERRACE_BRANCH": None, "terrace.branch": ""}, BRANCH_NAME) is None
    both = {"TERRACE_BRANCH": "main", "terrace.branch": "main"}
    assert read_settings("branch", both, BRANCH_NAME) == Decided("main", "TERRACE_BRANCH names it", "TERRACE_BRANCH")
    with pytest.raises(BadInput) as refused:
        read_settings("branch", {**both, "terrace.branch": "trunk"}, BRANCH_NAME)
    assert refused.value.hint == "remove one: `unset TERRACE_BRANCH` or `git config --unset terrace.branch`"


def test_the_remote_is_the_named_one_the_only_one_or_origin() -> None:
    assert choose_remote((), None) is None
    for remotes, name in ((("upstream",), "upstream"), (("fork", "origin"), "origin")):
        chosen = choose_remote(remotes, None)
        assert chosen is not None
        assert chosen.name == name
    setting = Decided("fork", "terrace.remote names it", "terrace.remote")
    assert choose_remote(("fork", "origin"), setting) == setting


@pytest.mark.parametrize(
    ("remotes", "setting"),
    [
        (("ann", "bob"), None),
        (("origin",), Decided("up", "", "TERRACE_REMOTE")),
        ((), Decided("up", "", "TERRACE_REMOTE")),
    ],
)
def test_an_ambiguous_remote_is_refused(remotes: tuple[str, ...], setting: Decided | None) -> None:
    with pytest.raises(BadInput) as refused:
        choose_remote(remotes, setting)
    assert "git " in (refused.value.hint or "")


def local(usual: str | None = None, head: str | None = None, **branches: str) -> str:
    return choose_local_branch(branches, None, usual=usual, head=head).name


def test_a_repository_without_a_remote_uses_its_own_branch() -> None:
    assert local(main="1", feature="2", head="feature") == "main"
    assert local(master="1", feature="2") == "master"
    assert local(trunk="1", feature="2", usual="trunk") == "trunk"
    assert local(trunk="1", head="trunk") == "trunk"
    assert local(head="main") == "main"
    assert local(main="1", master="1") == "main"


@pytest.mark.parametrize(
    ("usual", "branches"),
    [(None, {"main": "1", "master": "2"}), ("trunk", {"trunk": "1", "main": "2"}), (None, {"a": "1", "b": "1"})],
)
def test_local_branches_that_differ_are_refused(usual: str | None, branches: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        local(usual=usual, head=next(iter(branches)), **branches)
    assert "git config terrace.branch" in (refused.value.hint or "")
    assert choose_local_branch(branches, SAID, usual=usual, head=None) == SAID


ORIGIN = RootPlace(Decided("origin", ""), Decided("main", ""))


def test_what_terrace_yaml_names_is_followed_once_and_must_name_itself() -> None:
    release = RootPlace(ORIGIN.remote, follow_branch("release", ORIGIN))
    check_agreement(ORIGIN, release, remote="origin", branch="release")
    for branch in ("main", "third"):
        with pytest.raises(BadInput, match="ambiguous"):
            check_agreement(ORIGIN, release, remote="origin", branch=branch)
    upstream = RootPlace(follow_remote("upstream", ("origin", "upstream"), ORIGIN), ORIGIN.branch)
    check_agreement(ORIGIN, upstream, remote="upstream", branch="main")
    with pytest.raises(BadInput, match="ambiguous"):
        check_agreement(ORIGIN, upstream, remote="origin", branch="main")


def test_terrace_yaml_does_not_overrule_the_operator() -> None:
    with pytest.raises(BadInput) as refused:
        follow_branch("release", RootPlace(ORIGIN.remote, SAID))
    assert "TERRACE_BRANCH" in str(refused.value)


def test_a_remote_in_terrace_yaml_that_the_clone_does_not_have_is_refused_with_the_list_of_remotes() -> None:
    with pytest.raises(BadInput, match="this repository has the remotes fork, origin") as refused:
        follow_remote("upstream", ("origin", "fork"), ORIGIN)
    assert "git config terrace.remote origin" in (refused.value.hint or "")
