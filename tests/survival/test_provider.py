"""The provider dies in the middle of an apply: the cloud may have obeyed, and nobody heard its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from support.backends import S3, s3
from support.cloud import CloudWorkplace, cloud_workplace
from support.processes import descendants
from terrace.adapters.embedded_aws import EmbeddedAws

pytestmark = [pytest.mark.slow, pytest.mark.aws]


class Listener:
    """Hears what the cloud is asked for, and strikes once when it was asked for a new address."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        asked = b"Action=AllocateAddress" in body
        if asked and self.before is not None:
            self.before()
        answer = httpx.request(method, f"{self.aws.endpoint}{path}", headers=headers, content=body, timeout=60)
        if asked and self.after is not None:
            self.after()
        return answer


class ListenedTo(EmbeddedAws):
    """An embedded AWS that its clients reach through a listener."""

    def __init__(self, behind: EmbeddedAws, endpoint: str) -> None:
        self.behind = behind
        self.endpoint = endpoint


@contextmanager
def listened_to(aws: EmbeddedAws) -> Iterator[tuple[EmbeddedAws, Listener]]:
    """The same AWS behind a listener."""
    listener = Listener(aws)

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")}
            answer = listener.pass_on(self.command, self.path, headers, body)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding"):
                    self.send_header(name, value)
            length = answer.headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(answer.content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _do

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that was killed does not wait for its answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield ListenedTo(aws, f"http://127.0.0.1:{server.server_address[1]}"), listener
        server.shutdown()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[CloudWorkplace, Listener]]:
    with s3() as backend:
        assert isinstance(backend, S3)
        with listened_to(backend.aws) as (aws, listener):
            yield cloud_workplace(tmp_path, S3(aws)), listener


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_provider_that_dies_while_it_makes_something_leaves_an_unknown_outcome(
    heard: tuple[CloudWorkplace, Listener], moment: str
) -> None:
    place, listener = heard
    actor = place.stage.start("deploy", "dev", "--json")

    def strike() -> None:
        for one in descendants(actor.pid):
            if one.part == "provider":
                one.kill()

    setattr(listener, moment, strike)
    done = actor.ended()
    listener.before = listener.after = None
    assert done is not None
    assert place.made("0") == {"address": 1}, "its request was on its way"
    assert (done.code, done.json["result"]) == (1, "unknown"), done.out
    assert "the provider died while it worked on aws_eip.it" in done.json["reasons"][0]
    assert place.stage.run("deploy", "dev", "--json").json["result"] == "blocked"
    assert place.made("0") == {"address": 1}
