"""Deployments on GitHub follow the ledger: made once, told anew when they change, whatever GitHub answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.deployments import GitHubBoard
from terrace.adapters.github.refusals import Refused
from terrace.errors import NotReady
from terrace.forge.announcements import Announcement, announcements
from terrace.ledger.deployment import Deployment
from terrace.stacks.model import Manual

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ONE = Announcement("d1", "prod", "a" * 40, "waiting", "0 of 1 people have approved")


@pytest.fixture
def fake() -> FakeGitHub:
    return FakeGitHub(grants={"deployments": "write"})


def board(fake: FakeGitHub) -> GitHubBoard:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return GitHubBoard(
        github, "terrace[bot]", lambda name: name == "prod", "https://github.com/acme/infrastructure/actions/runs/7"
    )


def told(fake: FakeGitHub) -> list[tuple[str, str]]:
    return [(one["state"], one["description"]) for statuses in fake.statuses.values() for one in statuses]


def test_a_deployment_is_shown_as_it_goes_on(fake: FakeGitHub) -> None:
    board(fake).show("prod", [ONE])
    board(fake).show("prod", [ONE])
    board(fake).show("prod", [replace(ONE, state="working", description="in progress")])
    done = replace(ONE, state="succeeded", description="deployed")
    board(fake).show("prod", [done])
    (made,) = fake.deployments.values()
    assert (made["ref"], made["environment"], made["production_environment"]) == ("a" * 40, "prod", True)
    assert told(fake) == [
        ("queued", "0 of 1 people have approved"),
        ("in_progress", "in progress"),
        ("success", "deployed"),
    ]
    next_one = replace(done, key="d2", commit="b" * 40)
    board(fake).show("prod", [replace(done, state="gone", description="replaced by another deployment"), next_one])
    assert len(fake.deployments) == 2
    assert told(fake)[-2:] == [("inactive", "replaced by another deployment"), ("success", "deployed")]
    before = len(fake.asked)
    board(fake).show("prod", [replace(done, state="gone", description="replaced by another deployment"), next_one])
    assert [one.verb for one in fake.asked[before:]] == ["GET", "GET", "GET"], "nothing new, nothing written"


def test_the_address_of_an_environment_is_shown_once_it_is_deployed(fake: FakeGitHub) -> None:
    history = [
        Deployment("d1", "prod", "a" * 40, Manual("ann"), "ann", NOON, (("prod",),), "p", result=result, ended_at=NOON)
        for result in ("failed", "succeeded")
    ]
    for deployment in history:
        board(fake).show("prod", announcements([deployment], "prod", "https://shop.example.com/"))
    (statuses,) = fake.statuses.values()
    assert {one["state"]: one["environment_url"] for one in statuses} == {
        "failure": "https://github.com",
        "success": "https://shop.example.com/",
    }


def test_what_was_over_before_anybody_showed_it_is_not_made(fake: FakeGitHub) -> None:
    board(fake).show("prod", [replace(ONE, state="gone")])
    board(fake).show("dev", [])
    assert fake.deployments == {}


@pytest.mark.parametrize("at", range(4))
def test_a_bad_gateway_at_any_request_doubles_nothing(fake: FakeGitHub, at: int) -> None:
    fake.stumbles = [*[None] * at, Stumble(502, done_first=True)]
    board(fake).show("prod", [ONE])
    assert len(fake.deployments) == 1
    assert told(fake) == [("queued", "0 of 1 people have approved")]


def test_deployments_of_others_are_theirs(fake: FakeGitHub) -> None:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    other = {"ref": "main", "environment": "prod", "required_contexts": [], "auto_merge": False}
    for payload in ({}, {"terrace": 7}, "text", '{"terrace":"d1"'):
        github.create_once("POST", "deployments", {**other, "payload": payload}, lambda: None)
    board(fake).show("prod", [ONE])
    assert len(fake.deployments) == 5


def test_one_that_somebody_else_made_with_our_key_is_theirs(fake: FakeGitHub) -> None:
    board(fake).show("prod", [ONE])
    fake.me = "mona"
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    forged = {"ref": "b" * 40, "environment": "prod", "required_contexts": [], "payload": {"terrace": "d1"}}
    theirs = github.create_once("POST", "deployments", forged, lambda: None)["id"]
    fake.me = "terrace[bot]"
    board(fake).show("prod", [replace(ONE, state="succeeded", description="deployed")])
    assert (len(fake.deployments), fake.statuses.get(theirs)) == (2, None)


def test_one_whose_commit_is_gone_hides_no_other(fake: FakeGitHub) -> None:
    gone = {"message": "No ref found for: " + "a" * 40}
    fake.stumbles = [None, Stumble(422, body=gone)]
    with pytest.raises(Refused, match="No ref found"):
        board(fake).show("prod", [ONE, replace(ONE, key="d2", commit="b" * 40)])
    assert [one["ref"] for one in fake.deployments.values()] == ["b" * 40]


def test_a_long_reason_is_cut_and_cannot_act(fake: FakeGitHub) -> None:
    board(fake).show("prod", [replace(ONE, state="failed", description="x\x1b[2J" + "y" * 500)])
    ((state, said),) = told(fake)
    assert (state, len(said), "\x1b" in said) == ("failure", 140, False)
    board(fake).show("prod", [replace(ONE, state="failed", description="x\x1b[2J" + "y" * 500)])
    assert len(told(fake)) == 1


def test_without_the_permission_it_is_said_where_to_give_it(fake: FakeGitHub) -> None:
    fake.grants = {}
    with pytest.raises(NotReady) as error:
        board(fake).show("prod", [ONE])
    assert "deployments: write" in (error.value.hint or "")
