"""Against GitHub itself: only where somebody asks for it, in a repository that they gave for it.

    TERRACE_LIVE_REPOSITORY=owner/name GITHUB_TOKEN=... .venv/bin/pytest -m live tests/forge/test_live.py

It opens an issue, writes and rewrites comments there, shows a deployment, and closes what it opened. The token
needs issues, deployments and contents of that repository; nothing else of it is touched.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from terrace.adapters.github.comments import Comments
from terrace.adapters.github.connecting import Connection, connect, place
from terrace.adapters.github.conversation import GitHubConversation
from terrace.adapters.github.deployments import GitHubBoard
from terrace.adapters.github.tracker import GitHubTracker
from terrace.forge.announcements import Announcement
from terrace.forge.tracked_problems import TrackedProblem
from terrace.report.markdown.replies import marker

pytestmark = pytest.mark.live

RUN = secrets.token_hex(4)
GIVEN = dict(os.environ)
"""What was given to this run; each test takes it away."""


@pytest.fixture(scope="module")
def forge() -> Connection:
    repository = GIVEN.get("TERRACE_LIVE_REPOSITORY", "")
    assert repository, "name a repository that this may write in: TERRACE_LIVE_REPOSITORY=owner/name"
    where = place({**GIVEN, "GITHUB_REPOSITORY": repository})
    assert where is not None
    found = connect(GIVEN, where)
    assert found is not None, "GITHUB_TOKEN, or an App"
    return found


@pytest.fixture(scope="module")
def issue(forge: Connection) -> Iterator[int]:
    tracker = GitHubTracker(forge.github, forge.login)
    matter = TrackedProblem(f"live/{RUN}", "drift", f"Terrace smoke test {RUN}", "written by a test", open=True)
    url = tracker.keep(matter)
    assert url is not None and tracker.keep(matter) == url
    yield int(url.rsplit("/", 1)[1])
    tracker.keep(TrackedProblem(matter.key, matter.kind, matter.title, matter.body, open=False))
    assert forge.github.read(f"issues/{url.rsplit('/', 1)[1]}")["state"] == "closed"


def test_one_comment_is_kept_and_changed_in_place(forge: Connection, issue: int) -> None:
    comments = Comments(forge.github, forge.login)
    mark = f'<!-- terrace:v1 {{"kind":"live-{RUN}"}} -->'
    first = comments.keep(issue, mark, f"{mark}\n\none")
    assert comments.keep(issue, mark, f"{mark}\n\ntwo") == first
    assert comments.keep(issue, mark, f"{mark}\n\ntwo") == first


def test_a_comment_that_nobody_edited_is_told_as_such_whatever_reactions_it_has(forge: Connection, issue: int) -> None:
    talk = GitHubConversation(forge.github, forge.login, "main", marker)
    id_ = talk.testify(issue, f"live {RUN}", f"live {RUN}: as it was written")
    said = talk.read_comment(id_)
    assert said is not None and not said.edited
    talk.acknowledge(said, "seen")
    again = talk.read_comment(id_)
    assert again is not None and not again.edited, "a reaction is no edit"
    forge.github.put("PATCH", f"issues/comments/{id_}", {"body": f"live {RUN}: as it is now"})
    changed = talk.read_comment(id_)
    assert changed is not None and changed.edited


def test_a_deployment_is_shown_once(forge: Connection) -> None:
    tip = str(forge.github.read("commits/HEAD")["sha"])
    name = f"terrace-live-{RUN}"
    board = GitHubBoard(forge.github, forge.login, lambda _: False)
    one = Announcement(f"live-{RUN}", name, tip, "waiting", "a test")
    board.show(name, [one])
    board.show(name, [one])
    made = list(forge.github.each("deployments", environment=name))
    assert len(made) == 1
    board.show(name, [Announcement(one.key, name, tip, "gone", "the test is over")])
    forge.github.put("DELETE", f"deployments/{made[0]['id']}")
