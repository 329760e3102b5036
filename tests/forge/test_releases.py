"""A tag becomes a release once; its notes are right, and only text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.deployments import GitHubReleases
from terrace.errors import BadInput
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.steps import Detail
from terrace.report.markdown.release_notes import release_notes
from terrace.stacks.model import Manual
from terrace.stacks.repository import Commit

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def fake() -> FakeGitHub:
    return FakeGitHub(grants={"contents": "write"})


def releases(fake: FakeGitHub) -> GitHubReleases:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return GitHubReleases(github)


def test_a_tag_has_one_release_that_people_may_change(fake: FakeGitHub) -> None:
    fake.stumbles = [None, Stumble(502, done_first=True)]
    url = releases(fake).keep("prod/7", "c" * 40, "prod", "notes")
    fake.releases["prod/7"]["body"] = "better notes"
    assert releases(fake).keep("prod/7", "c" * 40, "prod", "notes") == url
    assert [one["body"] for one in fake.releases.values()] == ["better notes"]


def test_a_tag_that_did_not_arrive_is_made_where_it_belongs(fake: FakeGitHub) -> None:
    releases(fake).keep("prod/7", "c" * 40, "prod", "notes")
    assert fake.asked[-1].body["target_commitish"] == "c" * 40, "not at whatever is newest"


def test_what_is_no_tag_is_never_asked_for(fake: FakeGitHub) -> None:
    with pytest.raises(BadInput):
        releases(fake).keep("--force", "c" * 40, "x", "y")
    assert fake.asked == []


def test_notes_tell_commits_and_who_agreed() -> None:
    plan = StepRecord(Step.PLAN, "prod/app", "a", NOON, NOON, "succeeded", "", Detail(create=2, delete=1))
    deployment = Deployment("d1", "prod", "c" * 40, Manual("ann"), "ann", NOON, (("prod/app",),), "p", (plan,))
    commits = [Commit("e" * 40, "feat: <b>@all</b>\n\nbody"), Commit("f" * 40, "Merge it", merge=True)]
    given = SignedApproval("d1", "carol", "security", "approve", (), NOON, "", "", None)
    assert release_notes(deployment, commits, [given]) == (
        "Deployed to `prod` by ann: 2 created, 1 deleted.\n\n"
        "### Commits\n\n- feat&#58; &#60;b&#62;&#64;&#8203;all&#60;/b&#62; (eeeeeeeeeeee)\n\n"
        "### Approved by\n\n- carol as security\n"
    )
