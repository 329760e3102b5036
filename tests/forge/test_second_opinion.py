"""The same adapters against an emulator of GitHub that others wrote (npm `emulate`): where it has the route, it agrees.

It has no deployments, environments, code scanning or reactions, takes comments of any length, and forgets the remarks
of a check's earlier portions, which GitHub keeps: there our own fake is the only opinion.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from support.tools import CACHE, WORLD
from support.waiting import until
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.comments import Comments
from terrace.adapters.github.conversation import GitHubConversation
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.deployments import GitHubReleases
from terrace.adapters.github.page import CheckRuns
from terrace.adapters.github.tracker import GitHubTracker
from terrace.forge.ports import Annotation
from terrace.forge.tracked_problems import TrackedProblem
from terrace.report.markdown.replies import marker

pytestmark = pytest.mark.peer

VERSION = "0.11.2"
"""The tag `latest` of that name is another package."""

SEED = """\
tokens:
  tok_mona: {login: mona, scopes: [repo, user]}
github:
  users: [{login: mona}, {login: bob}]
  repos: [{owner: mona, name: infrastructure, auto_init: true}]
"""


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    folder = CACHE / f"emulate-{VERSION}"
    if not folder.is_dir():
        npm = shutil.which("npm", path=WORLD.get("PATH"))
        assert npm is not None, "npm is needed"
        subprocess.run([npm, "install", "--silent", "--prefix", folder, f"emulate@{VERSION}"], check=True, env=WORLD)
    seed = tmp_path_factory.mktemp("emulate") / "seed.yaml"
    seed.write_text(SEED)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program: list[str | Path] = ["node", "--import", Path(__file__).with_name("loopback.mjs")]
    argv = [*program, folder / "node_modules/.bin/emulate", "start"]
    with subprocess.Popen([*argv, "--service", "github", "--port", str(port), "--seed", seed], env=WORLD) as running:
        api = f"http://127.0.0.1:{port}"
        until(lambda: _answers(api))
        made = GitHub(Place("mona", "infrastructure", api), Token("tok_mona"))
        yield made
        made.close()
        running.kill()


def _answers(api: str) -> bool:
    try:
        return httpx.get(f"{api}/repos/mona/infrastructure").status_code == 200
    except httpx.HTTPError:
        return False


def test_one_issue_is_opened_closed_and_opened_again(github: GitHub) -> None:
    tracker, matter = (
        GitHubTracker(github, "mona"),
        TrackedProblem("prod/app", "drift", "Drift in prod", "it differs", open=True),
    )
    url = tracker.keep(matter)
    assert url is not None
    number = int(url.rsplit("/", 1)[1])
    assert tracker.keep(matter) == url
    tracker.keep(replace(matter, open=False))
    assert github.read(f"issues/{number}")["state"] == "closed"
    tracker.keep(matter)
    assert [issue["state"] for issue in github.each("issues", state="all")] == ["open"]

    comments = Comments(github, "mona")
    for text in ("one", "two", "two"):
        comments.keep(number, "<!-- ours -->", f"<!-- ours -->\n{text}")
    assert [comment["body"] for comment in github.each(f"issues/{number}/comments")] == ["<!-- ours -->\ntwo"]

    talk = GitHubConversation(github, "mona", "main", marker)
    said = talk.read_comment(talk.testify(number, "seen", "seen: as it was written"))
    assert said is not None
    assert (said.login, said.number, said.edited, said.machine) == ("mona", number, False, False)
    assert (talk.permission("mona"), talk.permission("bob")) == ("admin", "none")


def test_a_check_has_all_its_remarks_and_a_tag_its_release(github: GitHub) -> None:
    runs, head = CheckRuns(github), str(github.read("commits/main")["sha"])
    run = runs.begin("terrace", head, "k1")
    assert runs.begin("terrace", head, "k1") == run
    remarks = [Annotation("main.tf", line, "warning", "a rule", "why") for line in range(1, 41)]
    runs.end(run, "success", "pass", "all is well", remarks)
    told = github.read(f"check-runs/{run}")
    assert (told["conclusion"], told["output"]["annotations_count"]) == ("success", 40)

    releases = GitHubReleases(github)
    assert releases.keep("v1", head, "first", "notes") == releases.keep("v1", head, "first", "other notes")
