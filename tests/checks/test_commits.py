"""Commit messages: right ones, and the faults of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.commits import CommitRules, check_messages, faults_of
from terrace.stacks.repository import Commit

RULES = CommitRules()
SCOPED = CommitRules(types=("feat", "fix"), scopes=("network", "dns"), subject=50)


@pytest.mark.parametrize(
    "message",
    [
        "feat: add a bucket\n",
        "fix(network)!: close port 22\n\nIt was open.\n\nBREAKING CHANGE: SSH is refused\n",
        "Feat: case does not matter",
        "chore(deps, dev): several scopes",
        "refactor!: no scope",
        "docs: tell\n\nbreaking changes are avoided here\n",
        "docs: tell\n\nThe new key is read at once, so this is no\nbreaking change: old files are read too.\n",
        "docs: tell\n\nIn the words of the guide, a\nBreaking change: what it is\nand more\n",
        "fix: a\n\nBREAKING-CHANGE: with a dash\n",
        "fix: a\n\nBREAKING CHANGE:\n  on the next line\n",
        'Revert "add a bucket"\n\nThis reverts commit 0123456789abcdef.\n',
        'Reapply "add a bucket"\n\nThis reverts commit 0123456789abcdef.\n',
        "feat: ünïcode → 日本語",
        "feat: windows\r\n\r\nlines\r\n",
    ],
)
def test_it_is_right(message: str) -> None:
    assert faults_of(message, RULES) == ()


@pytest.mark.parametrize(
    ("message", "what", "right"),
    [
        ("", "it has no message", "begin with `feat: what it does`"),
        ("add a bucket", "it does not begin with a type", "begin with `feat: what it does`; the types are build, "),
        ("feature: x", "'feature' is not a known type", "did you mean 'feat'?"),
        ("fxi: x", "'fxi' is not a known type", "did you mean 'fix'?"),
        ("quux: x", "'quux' is not a known type", "the types are build, chore"),
        ("feat:x", "there is no space after the colon", "add one"),
        ("feat: ", "there is no description after the colon", "describe what the commit does"),
        ("feat(): x", "the scope is empty", "name it"),
        ("feat : x", "it does not begin with a type", "begin with"),
        ("feat: x\nbody", "the second line is not empty", "leave a line empty"),
        ("fixup! feat: x", "a fixup has to be squashed", "git rebase -i --autosquash"),
        ("squash! feat: x", "a squash has to be squashed", "git rebase -i --autosquash"),
        ("amend! feat: x", "an amend has to be squashed", "git rebase -i --autosquash"),
        ('Revert "x"', "it does not begin with a type", "begin with"),
        (f"feat: {'x' * 70}", "the first line has 76 characters", "72 at most"),
        (
            "fix: x\n\nBreaking Change: y",
            "'Breaking Change' is not in the form that tools read",
            "`BREAKING CHANGE: what",
        ),
        (
            "fix: x\n\nProse.\n\nbreaking change: y",
            "'breaking change' is not in the form that tools read",
            "`BREAKING CHANGE: what",
        ),
        (
            "fix: x\n\nRefs: #1\nbreaking change: y",
            "'breaking change' is not in the form that tools read",
            "`BREAKING CHANGE: what",
        ),
        (
            "fix: x\n\nProse.\nBREAKING CHANGE:",
            "the footer does not describe the breaking change",
            "`BREAKING CHANGE: what",
        ),
        (
            "fix: x\n\nBREAKING CHANGE :y",
            "'BREAKING CHANGE' is not in the form that tools read",
            "`BREAKING CHANGE: what",
        ),
        ("fix: x\n\nBREAKING CHANGE:", "the footer does not describe the breaking change", "`BREAKING CHANGE: what"),
    ],
)
def test_it_is_wrong(message: str, what: str, right: str) -> None:
    (fault,) = faults_of(message, RULES)
    assert what in fault.what
    assert fault.right.startswith(right)


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("feat(netwrok): x", "'netwrok' is not a known scope"),
        ("docs: x", "'docs' is not a known type"),
        (f"feat: {'x' * 50}", "the first line has 56 characters"),
    ],
)
def test_the_rules_come_from_terrace_yaml(message: str, what: str) -> None:
    assert [fault.what for fault in faults_of(message, SCOPED)] == [what]
    assert faults_of("feat(Network,dns): x", SCOPED) == ()
    assert faults_of("feat: a scope is optional", SCOPED) == ()


def test_a_finding_names_the_commit_and_merges_have_none() -> None:
    commits = (
        Commit("a" * 40, "feat: right"),
        Commit("b" * 40, f"{'w' * 100}\nrong"),
        Commit("c" * 40, "Merge branch 'x'", merge=True),
    )
    (found,) = check_messages(commits, RULES)
    assert found.message.startswith(f"commit bbbbbbb '{'w' * 59}…': it does not begin with a type; the first line has")
    assert "leave a line empty" in (found.fix or "")


@given(st.text())
def test_no_message_breaks_it_and_every_fault_says_what_is_right(message: str) -> None:
    for fault in faults_of(message, SCOPED):
        assert fault.what
        assert fault.right


@given(
    st.sampled_from(RULES.types),
    st.sampled_from(["", "(a)", "!", "(b c)!"]),
    st.from_regex(r"[a-z ]{0,30}[a-z]", fullmatch=True),
)
def test_what_is_built_by_the_rules_is_right(kind: str, middle: str, subject: str) -> None:
    assert faults_of(f"{kind}{middle}: {subject.strip()}", RULES) == ()
