"""What GitHub tells of comments, people and pull requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.conversation import GitHubConversation
from terrace.adapters.github.credentials import Token
from terrace.config.model import Config
from terrace.errors import BadInput, NotReady
from terrace.forge.model import Permission
from terrace.gates.approvals.declaration import Declaration
from terrace.gates.approvals.people import People
from terrace.gates.approvals.plan_handle import handle
from terrace.gates.model import Subject, Witness
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.declared import Declared
from terrace.pipelines.conversation.confirmations import is_confirmed, is_declaration_confirmed
from terrace.pipelines.conversation.own_changes import explain_own_commits
from terrace.report.markdown.replies import marker

HEAD, MERGED = "a" * 40, "c" * 40


@pytest.fixture
def fake() -> FakeGitHub:
    made = FakeGitHub(grants={"issues": "write", "actions": "write"})
    made.open_pull_request(7)
    return made


def talk(fake: FakeGitHub) -> GitHubConversation:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return GitHubConversation(github, "terrace[bot]", "main", marker)


def test_a_comment_is_as_github_has_it_now(fake: FakeGitHub) -> None:
    id_ = fake.someone_comments(7, "alice", "/terrace status")
    said = talk(fake).read_comment(str(id_))
    assert said is not None
    assert (said.login, said.number, said.text, said.machine, said.edited) == (
        "alice",
        7,
        "/terrace status",
        False,
        False,
    )
    fake.edit(id_, "/terrace approve prod 12345678")
    again = talk(fake).read_comment(str(id_))
    assert again is not None and again.edited
    assert talk(fake).read_comment("999") is None


def test_a_bot_is_a_machine(fake: FakeGitHub) -> None:
    said = talk(fake).read_comment(str(fake.someone_comments(7, "renovate[bot]", "/terrace status")))
    assert said is not None and said.machine


@pytest.mark.parametrize("level", ["none", "read", "triage", "write", "maintain", "admin"])
def test_what_somebody_may_do_is_looked_up(fake: FakeGitHub, level: Permission) -> None:
    fake.permissions["alice"] = level
    assert talk(fake).permission("alice") == level


def test_an_account_that_an_enterprise_manages_is_one(fake: FakeGitHub) -> None:
    fake.permissions["mona-lisa_acme"] = "write"
    assert talk(fake).permission("mona-lisa_acme") == "write"


def test_nobody_answered_to_a_run_that_is_deleted(fake: FakeGitHub) -> None:
    fake.stumbles = [Stumble(404, body={"message": "Not Found"})]
    assert talk(fake).run_reviews("77") == ()


def test_a_role_of_the_organisation_counts_as_what_it_builds_on(fake: FakeGitHub) -> None:
    fake.permissions["alice"] = "release-captain"
    assert talk(fake).permission("alice") == "write"


@pytest.mark.parametrize("login", ["../../x", "a b", "", "x" * 50])
def test_what_is_no_account_is_never_asked_about(fake: FakeGitHub, login: str) -> None:
    with pytest.raises(BadInput):
        talk(fake).permission(login)
    assert fake.asked == []


def test_a_change_tells_who_wrote_it(fake: FakeGitHub) -> None:
    fake.pull(7, HEAD, author="mona", merged=MERGED, writers={"mona": "web-flow", "lisa": "lisa"})
    change = talk(fake).change(7)
    assert change is not None
    assert (change.author, change.head, change.base, change.open, change.merged) == (
        "mona",
        HEAD,
        "main",
        False,
        MERGED,
    )
    assert change.pushers == frozenset({"mona", "lisa", "web-flow"})
    assert not change.foreign
    assert talk(fake).change(8) is None


def test_who_wrote_a_commit_without_an_account_cannot_be_told(fake: FakeGitHub) -> None:
    fake.pull(7, HEAD, writers={"mona": None})
    fake.commits[7][0]["author"] = None
    change = talk(fake).change(7)
    assert change is not None and change.pushers is None


def test_a_longer_change_than_github_tells_is_not_known_whole(fake: FakeGitHub) -> None:
    fake.pull(7, HEAD, writers={f"one-{number}": None for number in range(250)})
    change = talk(fake).change(7)
    assert change is not None and change.pushers is None


def test_a_fork_is_foreign(fake: FakeGitHub) -> None:
    fake.pull(7, HEAD, foreign=True)
    change = talk(fake).change(7)
    assert change is not None and change.foreign


def test_an_answer_is_there_once_whatever_github_says(fake: FakeGitHub) -> None:
    said = talk(fake).read_comment(str(fake.someone_comments(7, "alice", "/terrace status")))
    assert said is not None
    fake.stumbles = [None, Stumble(502, done_first=True)]
    for _ in range(2):
        talk(fake).reply(said.number, said.id, marker(said.id) + "\nall is well")
    mine = [one for one in fake.comments.values() if one["user"]["login"] == "terrace[bot]"]
    assert len(mine) == 1


def test_a_reaction_to_a_comment_that_is_gone_is_no_trouble(fake: FakeGitHub) -> None:
    said = talk(fake).read_comment(str(fake.someone_comments(7, "alice", "/terrace status")))
    assert said is not None
    talk(fake).acknowledge(said, "seen")
    talk(fake).acknowledge(said, "seen")
    assert fake.reactions == [(int(said.id), "eyes")]
    fake.comments.clear()
    talk(fake).acknowledge(said, "done")


def test_a_change_is_checked_again_once(fake: FakeGitHub) -> None:
    fake.pull(7, HEAD)
    change = talk(fake).change(7)
    assert change is not None
    assert talk(fake).again(change) is None
    fake.ran(69, HEAD, path=".github/workflows/labels.yml")
    fake.ran(70, HEAD)
    fake.ran(71, "f" * 40)
    assert talk(fake).again(change)
    assert fake.reruns == [70]
    fake.ran(70, HEAD, "in_progress")
    assert talk(fake).again(change)
    assert fake.reruns == [70], "one that runs already is not run again"


def test_without_the_permission_it_is_said_which(fake: FakeGitHub) -> None:
    fake.pull(7, HEAD)
    fake.ran(70, HEAD)
    change = talk(fake).change(7)
    assert change is not None
    fake.grants = {}
    with pytest.raises(NotReady) as error:
        talk(fake).again(change)
    assert "actions: write" in (error.value.hint or "")


@pytest.mark.parametrize("later", [-3600, -1, 1, 86_400])
def test_a_comment_that_is_dated_anew_in_the_ledger_is_no_answer(fake: FakeGitHub, later: int) -> None:
    """A ledger writer dates an approval later, so that it does not expire and follows the withdrawal of a no."""
    plan = Subject("l", "prod", "prod/app", "c" * 40, "digest", "rules", "")
    id_ = fake.someone_comments(7, "bob", f"/terrace approve prod {handle('d1', (plan,))}")
    heard = talk(fake).read_comment(str(id_))
    assert heard is not None
    people = People(Config(teams={"owners": ("bob",)}))
    witness = Witness("comment", str(id_), "7", "bob")
    true = SignedApproval("d1", "bob", "", "approve", (plan,), heard.at, "", "", None, witness, "d1")
    assert is_confirmed(talk(fake), people, true)
    assert not is_confirmed(talk(fake), people, replace(true, at=heard.at + timedelta(seconds=later)))


def test_a_comment_that_releases_a_hold_counts_only_from_an_account_that_may_write(fake: FakeGitHub) -> None:
    id_ = fake.someone_comments(7, "bob", "/terrace unlock prod looked into it")
    heard = talk(fake).read_comment(str(id_))
    assert heard is not None
    people = People(Config(teams={"owners": ("bob",)}))
    said = Declaration("unhold", "l", "prod", "h1", "", "bob", heard.at, "looked into it")
    declared = Declared(said, witness=Witness("comment", str(id_), "7", "bob"))
    for permission, holds in (("write", True), ("read", False), ("none", False), ("admin", True)):
        fake.permissions["bob"] = permission
        assert is_declaration_confirmed(talk(fake), people, declared) == holds, permission


@pytest.mark.parametrize(
    "other",
    [
        Witness("comment", "0ID", "7", "bob"),
        Witness("comment", "ID", "8", "bob"),
        Witness("comment", "ID", "07", "bob"),
        Witness("comment", "ID", "7", "Bob"),
    ],
)
def test_a_comment_that_the_ledger_spells_otherwise_is_not_said_a_second_time(fake: FakeGitHub, other: Witness) -> None:
    """What was said once counts once: a ledger writer must not have the same comment count under another name."""
    fake.permissions["bob"] = "write"
    people = People(Config(teams={"owners": ("bob",)}))
    plan = Subject("l", "prod", "prod/app", "c" * 40, "digest", "rules", "")
    yes = str(fake.someone_comments(7, "bob", f"/terrace approve prod {handle('d1', (plan,))}"))
    free = str(fake.someone_comments(7, "bob", "/terrace unlock prod looked into it"))
    for id_ in (yes, free):
        heard = talk(fake).read_comment(id_)
        assert heard is not None
        true = Witness("comment", id_, "7", "bob")
        strange = replace(other, id=other.id.replace("ID", id_))
        unhold = Declaration("unhold", "l", "prod", "h1", "", "bob", heard.at, "looked into it")
        answer = SignedApproval("d1", "bob", "", "approve", (plan,), heard.at, "", "", None, true, "d1")
        if id_ == yes:
            assert is_confirmed(talk(fake), people, answer)
            assert not is_confirmed(talk(fake), people, replace(answer, witness=strange))
        else:
            assert is_declaration_confirmed(talk(fake), people, Declared(unhold, witness=true))
            assert not is_declaration_confirmed(talk(fake), people, Declared(unhold, witness=strange))


def commits_of(fake: FakeGitHub, count: int, *, oldest: str) -> list[str]:
    """So many commits of the protected branch, newest first, each of a change of its own; who opened the oldest one."""
    landed = [f"{number:040x}" for number in range(count, 0, -1)]
    for number, commit in enumerate(reversed(landed), 1):
        fake.pull(number, commit, author=oldest if number == 1 else "mona", merged=commit)
        fake.origins[commit] = [number]
    return landed


def test_every_new_change_is_looked_at_before_a_comment_approves(fake: FakeGitHub) -> None:
    landed = commits_of(fake, 25, oldest="bob")
    told = explain_own_commits(talk(fake), landed, "bob")
    assert told is not None and "(change 1)" in told
    assert explain_own_commits(talk(fake), landed, "alice") is None


def test_of_a_release_with_very_many_changes_nobody_approves_by_a_comment(fake: FakeGitHub) -> None:
    told = explain_own_commits(talk(fake), [f"{number:040x}" for number in range(101)], "alice")
    assert told is not None and "101 new commits" in told and "deploy an older commit first" in told
    assert not fake.asked
