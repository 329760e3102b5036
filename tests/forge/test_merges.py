"""Whether a commit came through a change that somebody else approved, as GitHub tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.merges import GitHubMerges
from terrace.errors import BadInput

HEAD, MERGED = "a" * 40, "c" * 40
BEFORE = "b" * 40


@dataclass
class Content:
    """What Git says: `merges` are pairs of a commit and the base of which it holds the merge, None: all are."""

    merges: set[tuple[str, str]] | None = None
    line: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tips: set[str] = field(default_factory=set)

    def contains(self, descendant: str, ancestor: str) -> bool:
        return descendant == ancestor or not self.tips or ancestor in self.tips

    def parents(self, commit: str) -> tuple[str, ...]:
        return self.line.get(commit, (BEFORE,))

    def is_merge(self, commit: str, base: str, head: str, ref: str) -> bool:
        assert ref.startswith("refs/pull/") and ref.endswith("/head")
        return self.merges is None or (commit, base) in self.merges


@pytest.fixture
def fake() -> FakeGitHub:
    made = FakeGitHub(permissions={"mona": "write", "alice": "write", "bob": "maintain", "eve": "read"})
    made.pull(7, HEAD, author="mona", merged=MERGED)
    made.origins[MERGED] = [7]
    return made


def lacks(fake: FakeGitHub, commit: str = MERGED, content: Content | None = None, tip: str = "") -> str | None:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return GitHubMerges(github, "main").why_unreviewed(commit, tip or commit, content or Content())


def test_somebody_else_approved_what_was_merged(fake: FakeGitHub) -> None:
    assert lacks(fake) == "was merged by pull request 7, whose newest commit was not approved by another person"
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
    assert lacks(fake) == "was merged by pull request 7, in which a reviewer requests changes"
    fake.reviewed(7, "bob")
    assert lacks(fake) is not None, "one who asks for changes is not outvoted"
    fake.reviewed(7, "alice")
    assert lacks(fake) is None


def test_whoever_may_not_write_holds_nothing_up(fake: FakeGitHub) -> None:
    fake.reviewed(7, "eve", "CHANGES_REQUESTED")
    fake.reviewed(7, "bob")
    assert lacks(fake) is None


def test_what_was_pushed_by_hand_came_by_no_change(fake: FakeGitHub) -> None:
    assert lacks(fake, "d" * 40) == "reached main without a merged pull request"
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
    assert lacks(fake) == "was merged by pull request 7, whose newest commit was not approved by another person"
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    assert GitHubMerges(github, "main").origin(MERGED) == 7, "who opened 7 does not approve it"
    assert GitHubMerges(github, "main").openers(MERGED) == ("mona",)
    inside = "d" * 40
    fake.origins[inside] = [9, 7]
    assert lacks(fake, inside) is not None, "of a commit inside of a rebase every change counts"
    merges = GitHubMerges(github, "main")
    assert (merges.origins(inside), merges.openers(inside)) == ((9, 7), ("bob", "mona"))
    fake.reviewed(7, "alice")
    assert lacks(fake, inside) is None


def test_whoever_pushed_into_the_change_of_a_program_does_not_review_it(fake: FakeGitHub) -> None:
    fake.pull(7, HEAD, author="renovate[bot]", merged=MERGED, writers={"renovate[bot]": "renovate[bot]", "mona": None})
    fake.reviewed(7, "mona")
    assert lacks(fake) == "was merged by pull request 7, which was approved only by its own authors"
    fake.reviewed(7, "alice")
    assert lacks(fake) is None


@pytest.mark.parametrize("writers", [{"mona": "mona", None: None}, {f"one-{n}": None for n in range(250)}])
def test_where_it_cannot_be_told_who_wrote_it_nobody_reviewed_it(
    fake: FakeGitHub, writers: Mapping[str | None, str | None]
) -> None:
    fake.pull(7, HEAD, merged=MERGED, writers=writers)
    fake.reviewed(7, "alice")
    assert lacks(fake) == "was merged by pull request 7, some of whose authors GitHub does not know"


@pytest.mark.parametrize("status", [404, 422])
def test_what_github_does_not_know_came_by_no_change(fake: FakeGitHub, status: int) -> None:
    fake.stumbles = [Stumble(status, body={"message": "No commit found for SHA"})]
    assert lacks(fake) == "reached main without a merged pull request"


def test_what_is_no_commit_is_never_asked_about(fake: FakeGitHub) -> None:
    with pytest.raises(BadInput):
        lacks(fake, "main")
    assert fake.asked == []


# --- what was merged is what was reviewed --------------------------------------------------------------------------


def test_a_merge_by_hand_with_more_in_it_than_the_change_is_not_reviewed(fake: FakeGitHub) -> None:
    fake.reviewed(7, "alice")
    told = lacks(fake, content=Content(merges=set(), line={MERGED: (BEFORE, HEAD)}))
    assert told is not None and "is not the merge of the reviewed aaaaaaaaaaaa" in told
    assert lacks(fake, content=Content({(MERGED, BEFORE)}, {MERGED: (BEFORE, HEAD)})) is None


@pytest.mark.parametrize("others", [("e" * 40,), (HEAD, "e" * 40), ("e" * 40, HEAD)])
def test_a_merge_of_another_commit_than_the_reviewed_one_is_not_reviewed(
    fake: FakeGitHub, others: tuple[str, ...]
) -> None:
    fake.reviewed(7, "alice")
    told = lacks(fake, content=Content(line={MERGED: (BEFORE, *others)}))
    assert told is not None and "instead of the reviewed aaaaaaaaaaaa" in told


def test_a_squash_with_more_in_it_is_not_reviewed(fake: FakeGitHub) -> None:
    fake.reviewed(7, "alice")
    assert lacks(fake, content=Content({(MERGED, BEFORE)})) is None
    assert lacks(fake, content=Content(set())) is not None


def test_a_merge_by_rebase_is_compared_as_a_whole_and_deployed_as_a_whole(fake: FakeGitHub) -> None:
    fake.reviewed(7, "alice")
    first, second = "d" * 40, "e" * 40
    fake.origins |= {first: [7], second: [7]}
    line = {MERGED: (second,), second: (first,), first: (BEFORE,)}
    content = Content({(MERGED, BEFORE)}, line, {MERGED})
    assert [lacks(fake, one, content, MERGED) for one in (MERGED, second, first)] == [None, None, None]
    told = lacks(fake, second, Content({(MERGED, BEFORE)}, line, {"f" * 40}))
    assert told == "is in the middle of pull request 7, which was reviewed as a whole: deploy cccccccccccc"


def test_a_rebase_that_takes_back_what_others_merged_meanwhile_is_not_reviewed(fake: FakeGitHub) -> None:
    """The tree is the merge onto an older commit: what came in between, by another change, is gone."""
    fake.reviewed(7, "alice")
    between = "d" * 40
    fake.pull(8, "e" * 40, merged=between)
    fake.origins[between] = [8]
    line = {MERGED: (between,), between: (BEFORE,)}
    assert lacks(fake, content=Content({(MERGED, BEFORE)}, line)) is not None
    fake.origins[between] = [8, 7]
    assert lacks(fake, content=Content({(MERGED, BEFORE)}, line)) is not None, "7 has it among its commits too"


@pytest.mark.parametrize("event", ["base_ref_changed", "base_ref_force_pushed", "automatic_base_change_succeeded"])
def test_a_review_of_before_the_base_was_changed_is_none(fake: FakeGitHub, event: str) -> None:
    """Who approved it saw the difference to another branch, which may be a small part of what was merged."""
    fake.reviewed(7, "alice")
    fake.happened(7, event, fake.now - timedelta(minutes=1))
    fake.happened(7, "labeled", fake.now + timedelta(minutes=1))
    assert lacks(fake) is None
    fake.happened(7, event, fake.now + timedelta(minutes=2))
    assert lacks(fake) == "was merged by pull request 7, whose base branch was changed after the approval"
    fake.now += timedelta(minutes=3)
    fake.reviewed(7, "bob")
    assert lacks(fake) is None, "somebody looked again"
