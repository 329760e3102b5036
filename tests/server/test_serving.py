"""`terrace serve` and `terrace worker` as they are started: one is killed, the other finds everything on disk."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from forge.fake import FakeGitHub
from forge.served import served
from server.deliveries import SECRET, headers, opened, pushed, said
from support.cli import LADDER, MODULE, World, three_environments, world
from support.git import commit, git
from support.in_process import run_command
from support.waiting import until
from terrace.apps.server.inbox import Inbox
from terrace.errors import NotReady

pytestmark = pytest.mark.slow


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    made = FakeGitHub(me="terrace[bot]", now=datetime.now(UTC))
    made.open_pull_request(12)
    made.permissions.update(bob="write")
    with served(made):
        yield made


@pytest.fixture
def shop(fake: FakeGitHub, tmp_path: Path) -> World:
    ladder = LADDER.replace("dev: {}", "dev: {deploy: automatic}")
    made = world(tmp_path, {**three_environments(), "terrace.yaml": ladder})
    made.variables |= {
        "GITHUB_REPOSITORY": f"{fake.owner}/{fake.name}",
        "GITHUB_API_URL": fake.api,
        "GITHUB_TOKEN": "ghs_secret",
        "TERRACE_GITHUB_LOGIN": fake.me,
        "TERRACE_WEBHOOK_SECRET": SECRET,
    }
    return made


@contextmanager
def receiving(shop: World) -> Iterator[tuple[str, list[str]]]:
    """Its address while it lives, and what it said. It is killed at the end, with no time to tidy up."""
    lines: list[str] = []
    with shop.start("serve", "--port", "0") as child:
        assert child.stderr is not None
        address = re.search(r"http://\S+", child.stderr.readline())
        assert address is not None
        try:
            yield address[0], lines
        finally:
            child.send_signal(signal.SIGKILL)
            lines += child.stderr.read().splitlines()


def deliver(address: str, body: bytes, event: str, id_: str) -> int:
    return httpx.post(address, content=body, headers=headers(body, event, id_)).status_code


def test_what_was_answered_for_is_worked_off_although_the_receiver_was_killed(shop: World, fake: FakeGitHub) -> None:
    comment = fake.someone_comments(12, "bob", "/terrace status")
    moved = pushed(name="acme/renamed")
    with receiving(shop) as (address, lines):
        assert deliver(address, pushed(number=1, name="acme/website"), "push", "1-website") == 202
        assert deliver(address, moved, "push", "2-renamed-since") == 202
        assert deliver(address, said(comment), "issue_comment", "3-comment") == 202
        assert httpx.post(address, content=moved, headers={"x-github-event": "push"}).status_code == 401
    assert not any(SECRET in line or "refs/heads" in line for line in lines)

    done = shop.ok("worker", "--once")
    assert shop.state("dev")["resources"]
    (answer,) = [one for one in fake.comments.values() if one["user"]["login"] == fake.me]
    assert "Deployed versions" in answer["body"]
    told = shop.ok("inbox", "--json").json
    assert [(one["id"], one["state"]) for one in told["deliveries"]] == [
        ("3-comment", "done"),
        ("2-renamed-since", "done"),
        ("1-website", "ignored"),
    ]
    assert "it is about acme/website, not about acme/infrastructure" in done.err
    assert "ghs_secret" not in done.out + done.err

    with receiving(shop) as (address, _):
        assert deliver(address, moved, "push", "2-renamed-since") == 200
        assert deliver(address, moved, "push", "4-replayed") == 200
        assert deliver(address, pushed(), "push", "5-once-more") == 202
    before = git(shop.remote, "rev-parse", "refs/heads/terrace/ledger")
    shop.ok("worker", "--once")
    assert git(shop.remote, "rev-parse", "refs/heads/terrace/ledger") == before, "the same again changes nothing"


def test_whenever_the_receiver_is_killed_nothing_is_lost_that_it_answered_for(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    shop.variables["TERRACE_WEBHOOK_SECRET"] = SECRET
    bodies = [pushed(f"branch-{number}") for number in range(4)]
    answered: set[str] = set()

    def flood(address: str, sender: int) -> None:
        with contextlib.suppress(httpx.HTTPError), httpx.Client() as client:
            for number in range(10_000):
                body, id_ = bodies[sender] + b" " * number, f"delivery-{sender}-{number}"
                assert client.post(address, content=body, headers=headers(body, id_=id_)).status_code == 202
                answered.add(id_)

    with ThreadPoolExecutor(4) as pool, receiving(shop) as (address, _):
        for sender in range(4):
            pool.submit(flood, address, sender)
        until(lambda: len(answered) > 100)
    (path,) = Path(os.environ["TERRACE_HOME"]).glob("data/*/server/inbox.db")
    inbox = Inbox(path, lambda: datetime.now(UTC))
    assert answered <= {entry.id for entry in inbox.entries(most=100_000)}
    inbox.close()


def test_a_pull_request_is_checked_on_its_page_and_that_of_a_stranger_is_not_planned(
    shop: World, fake: FakeGitHub
) -> None:
    git(shop.work, "switch", "--quiet", "--create", "change")
    head = commit(shop.work, {"modules/thing/main.tf": MODULE.replace("-1", "-2")}, "change")
    git(shop.work, "switch", "--quiet", "main")
    with receiving(shop) as (address, _):
        for number, author, foreign in ((14, "mona", False), (15, "mona", True), (16, "dependabot[bot]", False)):
            git(shop.work, "push", "--quiet", "origin", f"change:refs/pull/{number}/head")
            fake.open_pull_request(number)
            fake.pull(number, head, author=author, foreign=foreign)
            assert deliver(address, opened(number), "pull_request", f"{number}-opened") == 202
    done = shop.ok("worker", "--once")
    texts = [fake.comments[key]["body"] for key in sorted(fake.comments)]
    assert ["### Terrace: pass" in text for text in texts] == [True, False, False]
    assert ["was not planned" in text for text in texts] == [False, True, True]
    assert [one["conclusion"] for one in fake.runs.values()] == ["success", "failure", "failure"]
    assert f"#14 at {head[:7]}: pass" in done.err


def test_one_worker_works_in_a_clone(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    with shop.start("worker", "--every", "1h") as first:
        assert first.stderr is not None
        while "all scheduled work" not in first.stderr.readline():
            assert first.poll() is None
        second = shop.run("worker", "--once")
        assert (second.code, "another worker runs in this clone" in second.err) == (2, True)
        first.terminate()
        assert first.wait(30) == 0


@pytest.mark.parametrize("library", ["uvicorn", "starlette.applications"])
def test_without_the_servers_libraries_it_is_said_what_to_install(
    library: str, shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, "terrace.apps.server.receiver", raising=False)
    with pytest.raises(NotReady) as told:
        run_command("-C", shop.work, "serve", "--port", 0)
    assert "terrace-gitops[server]" in (told.value.hint or "")


def test_where_nobody_can_listen_it_is_said(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_WEBHOOK_SECRET", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(NotReady, match="cannot listen"):
        run_command("-C", shop.work, "serve", "--port", taken.getsockname()[1])
