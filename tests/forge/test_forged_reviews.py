"""A ledger writer names what people said on the forge about something else, or what was refused when it was heard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import astuple, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forge.fake import FakeGitHub
from forge.served import served
from support.cli import World, three_environments, world
from support.git import git
from terrace.apps.wiring.project import Project
from terrace.gates.approvals.statement import Statement, statement_bytes
from terrace.gates.model import Subject
from terrace.ledger import kinds
from terrace.ledger.model import Draft
from terrace.pipelines.approvals.pending import find_pending

pytestmark = pytest.mark.slow


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    grants = dict.fromkeys(("issues", "deployments", "actions"), "write")
    made = FakeGitHub(me="github-actions[bot]", now=datetime.now(UTC), grants=grants)
    made.open_pull_request(12)
    made.permissions.update(bob="write")
    with served(made):
        yield made


@pytest.fixture
def shop(fake: FakeGitHub, tmp_path: Path) -> World:
    made = world(tmp_path, three_environments())
    made.variables |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": f"{fake.owner}/{fake.name}",
        "GITHUB_API_URL": fake.api,
        "GITHUB_TOKEN": "ghs_secret",
        "GITHUB_RUN_ID": "77",
    }
    made.ok("deploy", "dev")
    assert made.run("promote", "staging").code == 1
    return made


def handle(shop: World) -> str:
    return str(shop.status()["staging"]["handle"])


def forged(shop: World, witness: dict[str, str], at: datetime | None = None) -> None:
    """A process without the key of the ledger says that bob approved what waits in staging."""
    actor = "bob"
    made = Project(shop.work)
    history = made.ledger.read()
    found = find_pending(made.trust.policy, history, "staging")
    assert found is not None
    deployment, subjects = found
    said = Statement(actor, "", "approve", subjects, at or datetime.now(UTC), "", deployment.id)
    names = [field.name for field in fields(Subject)]
    payload: dict[str, Any] = {
        "deployment": deployment.id,
        "actor": actor,
        "role": "",
        "answer": "approve",
        "subjects": [dict(zip(names, astuple(one), strict=True)) for one in subjects],
        "at": said.at.isoformat(),
        "comment": "",
        "statement": statement_bytes(said).decode(),
        "signature": None,
        "witness": witness,
    }
    made.ledger.append([Draft(kinds.APPROVAL_GIVEN, deployment.id, actor, payload)], head=history.head)


def test_a_review_of_an_earlier_run_is_no_answer_to_later_plans(shop: World, fake: FakeGitHub) -> None:
    fake.run_reviewed(76, "bob", "staging")
    forged(shop, {"kind": "environment", "id": "76", "number": "76", "login": "bob"})
    done = shop.run("resume", "staging")
    assert done.code == 1, done.out + done.err
    assert "a process without the key of the ledger wrote it" in done.out + done.err


def test_a_comment_that_was_refused_when_it_was_heard_is_no_answer_in_the_ledger(
    shop: World, fake: FakeGitHub, tmp_path: Path
) -> None:
    tip = git(shop.work, "rev-parse", "main")
    fake.pull(12, "a" * 40, author="bob", merged=tip)
    fake.origins[tip] = [12]
    comment = fake.someone_comments(12, "bob", f"/terrace approve staging {handle(shop)}")
    (tmp_path / "event.json").write_text(json.dumps({"action": "created", "comment": {"id": comment}}))
    heard = {"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    refused = shop.run("chatops", "--json", **heard, GITHUB_OUTPUT=str(tmp_path / "output"))
    assert "the author of a change cannot approve it" in refused.json["happened"]

    at = datetime.fromisoformat(fake.comments[comment]["created_at"])
    forged(shop, {"kind": "comment", "id": str(comment), "number": "12", "login": "bob"}, at)
    done = shop.run("resume", "staging")
    assert done.code == 1, done.out + done.err
    fake.pull(12, "a" * 40, author="mona", merged=tip)
    fake.permissions["bob"] = "read"
    assert shop.run("resume", "staging").code == 1, "bob may not write in the repository any more"
    fake.permissions["bob"] = "write"
    shop.ok("resume", "staging")
