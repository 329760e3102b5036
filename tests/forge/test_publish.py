"""`terrace check --publish` as a job of GitHub Actions runs it, against a GitHub that keeps to its own description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge.fake import FakeGitHub, Stumble
from forge.served import served
from support.cli import MODULE, World, three_environments, world
from support.git import git

pytestmark = pytest.mark.slow

HEAD = "7" * 40


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    grants = dict.fromkeys(("issues", "checks", "security_events"), "write")
    made = FakeGitHub(me="github-actions[bot]", grants=grants)
    made.open_pull_request(12)
    with served(made):
        yield made


@pytest.fixture
def place(fake: FakeGitHub, tmp_path: Path) -> World:
    made = world(tmp_path, three_environments())
    git(made.work, "switch", "--quiet", "--create", "change")
    (made.work / "modules/thing/main.tf").write_text(MODULE.replace("-1", "-2"))
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"action": "synchronize", "pull_request": {"number": 12, "head": {"sha": HEAD}}}))
    made.variables |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": f"{fake.owner}/{fake.name}",
        "GITHUB_API_URL": fake.api,
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_TOKEN": "ghs_secret",
    }
    return made


def test_a_check_becomes_one_comment_and_one_verdict(place: World, fake: FakeGitHub) -> None:
    done = place.ok("check", "--publish")
    (comment,) = fake.comments.values()
    assert comment["body"].startswith('<!-- terrace:v1 {"kind":"check"} -->\n\n### Terrace: pass')
    (run,) = fake.runs.values()
    assert (run["name"], run["head_sha"], run["conclusion"]) == ("terrace", HEAD, "success")
    assert f"published: {comment['html_url']}" in done.err
    assert "ghs_secret" not in done.out + done.err + json.dumps([one.body for one in fake.asked])

    (report,) = fake.reports.values()
    assert (report["commit"], report["ref"]) == (HEAD, "refs/pull/12/head")

    # Ran again, and then for another commit: still one comment; the same run has one verdict.
    place.ok("check", "--publish")
    assert (len(fake.comments), len(fake.runs)) == (1, 1)
    (place.work / "environments/dev/extra.tf").write_text("locals {a=1}\n")
    held = place.run("check", "--publish", GITHUB_RUN_ID="2")
    assert held.code == 1
    (comment,) = fake.comments.values()
    assert "### Terrace: **blocked**" in comment["body"]
    last = list(fake.runs.values())[-1]
    assert (last["conclusion"], last["output"]["title"].startswith("1 blocking finding")) == ("failure", True)


def test_findings_with_lines_are_remarks_there(place: World, fake: FakeGitHub) -> None:
    (place.work / "environments/dev/extra.tf").write_text('locals {\n  db_password = "c0rrect-h0rse-b4ttery"\n}\n')
    assert place.run("check", "--publish").code == 1
    (remarks,) = fake.annotations.values()
    first = remarks[0]
    assert (first["path"], first["start_line"], first["annotation_level"]) == (
        "environments/dev/extra.tf",
        2,
        "failure",
    )
    assert "c0rrect" not in json.dumps(remarks)


def test_a_github_that_stumbles_gets_no_second_comment(place: World, fake: FakeGitHub) -> None:
    fake.stumbles = [None, Stumble(502, done_first=True)]
    place.ok("check", "--publish")
    assert (len(fake.comments), len(fake.runs)) == (1, 1)


def test_a_missing_permission_is_said_after_the_verdict(place: World, fake: FakeGitHub) -> None:
    fake.grants = {"checks": "write"}
    done = place.run("check", "--publish")
    assert done.code == 2
    assert "verdict: pass" in done.out
    assert "no permission for POST issues/12/comments" in done.err
    assert "`permissions: {issues: write}`" in done.err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"GITHUB_ACTIONS": ""}, "this is not a GitHub Actions run or a GitLab CI job"),
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_EVENT_PATH": "/nowhere.json"}, "cannot be read: /nowhere.json"),
        ({"GITHUB_REPOSITORY": "acme/../evil"}, "GITHUB_REPOSITORY is not of the form owner/name"),
    ],
)
def test_what_is_missing_is_said_before_any_work(place: World, changed: dict[str, str], said: str) -> None:
    done = place.run("check", "--publish", **changed)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "hint:" in done.err
