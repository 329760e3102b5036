"""Whether a commit came through a change that somebody else approved, as GitHub tells it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.merges import GitHubMerges
from terrace.errors import BadInput

HEAD, MERGED = "a" * 40, "c" * 40


@pytest.fixture
def fake() -> FakeGitHub:
    made = FakeGitHub(permissions={"mona": "write", "alice": "write", "bob": "maintain", "eve": "read"})
    made.pull(7, HEAD, author="mona", merged=MERGED)
    made.origins[MERGED] = [7]
    return made


def lacks(fake: FakeGitHub, commit: str = MERGED) -> str | None:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return GitHubMerges(github, "main").unreviewed(commit)


def test_somebody_else_approved_what_was_merged(fake: FakeGitHub) -> None:
    assert lacks(fake) == "came by pull request 7, whose newest commit nobody else approved"
    fake.reviewed(7, "alice")
    assert lacks(fake) is None


@pytest.mark.parametrize(
    ("who", "state", "commit"),
    [
        ("mona", "APPROVED", HEAD),
        ("eve", "APPROVED", HEAD),
        ("renovate[bot]", "APPROVED", HEAD),
        ("alice", "COMMENTED", HEAD),
        ("alice", "DISMISSED", HEAD),
        ("alice", "APPROVED", "b" * 40),
    ],
)
def test_what_is_no_approval_of_somebody_else_is_none(fake: FakeGitHub, who: str, state: str, commit: str) -> None:
    fake.reviewed(7, who, state, commit)
    assert lacks(fake) is not None


def test_a_later_word_takes_the_earlier_back(fake: FakeGitHub) -> None:
    fake.reviewed(7, "alice")
    fake.reviewed(7, "alice", "COMMENTED")
    assert lacks(fake) is None
    fake.reviewed(7, "alice", "CHANGES_REQUESTED")
    assert lacks(fake) == "came by pull request 7, of which somebody asks for changes"
    fake.reviewed(7, "bob")
    assert lacks(fake) is not None, "one who asks for changes is not outvoted"
    fake.reviewed(7, "alice")
    assert lacks(fake) is None


def test_whoever_may_not_write_holds_nothing_up(fake: FakeGitHub) -> None:
    fake.reviewed(7, "eve", "CHANGES_REQUESTED")
    fake.reviewed(7, "bob")
    assert lacks(fake) is None


def test_what_was_pushed_by_hand_came_by_no_change(fake: FakeGitHub) -> None:
    assert lacks(fake, "d" * 40) == "came into main by no merged pull request"
    fake.pull(8, HEAD)
    fake.origins["d" * 40] = [8]
    assert lacks(fake, "d" * 40) is not None, "one that only lies in an open change was not merged"


def test_one_of_several_changes_is_enough(fake: FakeGitHub) -> None:
    fake.pull(9, "e" * 40, merged=MERGED)
    fake.origins[MERGED] = [7, 9]
    fake.reviewed(9, "alice", commit="e" * 40)
    assert lacks(fake) is None


def test_a_later_reviewed_change_that_has_the_commit_too_is_not_how_it_came(fake: FakeGitHub) -> None:
    fake.pull(9, "e" * 40, author="bob", merged="f" * 40)
    fake.origins[MERGED] = [7, 9]
    fake.reviewed(9, "alice", commit="e" * 40)
    assert lacks(fake) == "came by pull request 7, whose newest commit nobody else approved"
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    assert GitHubMerges(github, "main").origin(MERGED) == 7, "who opened 7 does not approve it"
    inside = "d" * 40
    fake.origins[inside] = [9, 7]
    assert lacks(fake, inside) is not None, "of a commit inside of a rebase every change counts"
    fake.reviewed(7, "alice")
    assert lacks(fake, inside) is None


def test_whoever_pushed_into_the_change_of_a_program_does_not_review_it(fake: FakeGitHub) -> None:
    fake.pull(7, HEAD, author="renovate[bot]", merged=MERGED, writers={"renovate[bot]": "renovate[bot]", "mona": None})
    fake.reviewed(7, "mona")
    assert lacks(fake) == "came by pull request 7, which only those approved who wrote it"
    fake.reviewed(7, "alice")
    assert lacks(fake) is None


@pytest.mark.parametrize("writers", [{"mona": "mona", None: None}, {f"one-{n}": None for n in range(250)}])
def test_where_it_cannot_be_told_who_wrote_it_nobody_reviewed_it(
    fake: FakeGitHub, writers: Mapping[str | None, str | None]
) -> None:
    fake.pull(7, HEAD, merged=MERGED, writers=writers)
    fake.reviewed(7, "alice")
    assert lacks(fake) == "came by pull request 7, of which GitHub does not know who wrote it"


@pytest.mark.parametrize("status", [404, 422])
def test_what_github_does_not_know_came_by_no_change(fake: FakeGitHub, status: int) -> None:
    fake.stumbles = [Stumble(status, body={"message": "No commit found for SHA"})]
    assert lacks(fake) == "came into main by no merged pull request"


def test_what_is_no_commit_is_never_asked_about(fake: FakeGitHub) -> None:
    with pytest.raises(BadInput):
        lacks(fake, "main")
    assert fake.asked == []
