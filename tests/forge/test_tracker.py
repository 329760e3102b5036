"""One rolling issue for what drifts: opened, rewritten, closed, opened again; never two, and nobody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.tracker import GitHubTracker
from terrace.forge.tracked_problems import TrackedProblem

ONE = TrackedProblem("prod/app", "drift", "Drift in prod: app", "`aws_s3_bucket.logs` differs", open=True)


@pytest.fixture
def fake() -> FakeGitHub:
    return FakeGitHub(grants={"issues": "write"})


def tracker(fake: FakeGitHub, login: str = "terrace[bot]") -> GitHubTracker:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return GitHubTracker(github, login)


def test_it_is_opened_rewritten_closed_and_opened_again(fake: FakeGitHub) -> None:
    url = tracker(fake).keep(ONE)
    assert tracker(fake).keep(ONE) == url
    (issue,) = fake.issues.values()
    assert ([label["name"] for label in issue["labels"]], issue["title"]) == (["terrace:drift"], "Drift in prod: app")
    assert fake.count("issues/update") == 0
    assert tracker(fake).keep(replace(ONE, body="more differs")) == url
    assert "more differs" in issue["body"]
    closed = replace(ONE, body="nothing differs", open=False)
    tracker(fake).keep(closed)
    tracker(fake).keep(closed)
    assert (issue["state"], issue["state_reason"], fake.count("issues/update")) == ("closed", "completed", 2)
    assert "more differs" in issue["body"], "what it was about stays there"
    tracker(fake).keep(ONE)
    assert (issue["state"], len(fake.issues)) == ("open", 1)


def test_what_never_drifted_has_none(fake: FakeGitHub) -> None:
    assert tracker(fake).keep(replace(ONE, open=False)) is None
    assert fake.issues == {}


def test_a_label_that_somebody_took_away_loses_nothing(fake: FakeGitHub) -> None:
    tracker(fake).keep(ONE)
    next(iter(fake.issues.values()))["labels"] = []
    tracker(fake).keep(ONE)
    assert len(fake.issues) == 1


def test_one_that_is_gone_is_opened_anew(fake: FakeGitHub) -> None:
    tracker(fake).keep(ONE)
    fake.issues.clear()
    tracker(fake).keep(ONE)
    assert len(fake.issues) == 1


def test_an_issue_of_somebody_else_is_theirs_whatever_it_says(fake: FakeGitHub) -> None:
    tracker(fake).keep(ONE)
    next(iter(fake.issues.values()))["user"]["login"] = "eve"
    tracker(fake).keep(ONE)
    assert len(fake.issues) == 2


def test_stacks_have_their_own(fake: FakeGitHub) -> None:
    for key in ("prod/app", "prod/app-2", "prod/--"):
        tracker(fake).keep(replace(ONE, key=key))
        tracker(fake).keep(replace(ONE, key=key))
    assert len(fake.issues) == 3
    assert all(issue["body"].split("\n")[0].count("--") == 2 for issue in fake.issues.values())


@pytest.mark.parametrize("status", [502, 500])
def test_an_issue_that_was_made_unseen_is_not_made_twice(fake: FakeGitHub, status: int) -> None:
    fake.stumbles = [None, None, Stumble(status, done_first=True)]
    tracker(fake).keep(ONE)
    assert len(fake.issues) == 1


@pytest.mark.parametrize("is_open", [True, False])
def test_two_that_were_opened_at_once_become_one(fake: FakeGitHub, is_open: bool) -> None:
    tracker(fake).keep(ONE)
    (first,) = fake.issues.values()
    fake.issues[2] = {**first, "number": 2}
    for _ in range(2):
        tracker(fake).keep(replace(ONE, open=is_open))
    assert [issue["state"] for issue in fake.issues.values()].count("open") == int(is_open)
    assert fake.count("issues/update") == (1 if is_open else 2)


def test_a_long_story_fits(fake: FakeGitHub) -> None:
    tracker(fake).keep(replace(ONE, body="a line of it\n" * 10_000))
    (issue,) = fake.issues.values()
    assert len(issue["body"]) < 65_536
    assert "The rest does not fit here" in issue["body"]
