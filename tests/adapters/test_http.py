"""Every client of ours is limited: a server that sends without an end takes neither the time nor the memory."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.gitlab.client import GitLab


class Endless(BaseHTTPRequestHandler):
    """Answers with a body without an end."""

    def do_POST(self) -> None:
        self.send_response(201)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"[" * 2**20)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_endless_answer_of_a_forge_is_no_answer(api: str) -> None:
    """It may have been done all the same, so it is looked for."""
    github = GitHub(Place("acme", "infrastructure", api), Token("t"), sleep=lambda _: None)
    assert github.create_once("POST", "issues", {}, lambda: "made") == "made"
    github.close()
    gitlab = GitLab(api, 5, "t", sleep=lambda _: None)
    assert gitlab.create_once("notes", {}, lambda: "made") == "made"


def test_no_client_is_without_limits() -> None:
    """The embedded AWS is a server of our own on this machine."""
    source = Path(__file__).parents[2] / "src" / "terrace"
    asks = re.compile(r"httpx\.(get|post|put|patch|delete|head|request|stream|Client|AsyncClient)\(|urlopen")
    asking = {str(p.relative_to(source)): p.read_text() for p in source.rglob("*.py") if asks.search(p.read_text())}
    unlimited = {path for path, text in asking.items() if "LimitedTransport(" not in text}
    assert unlimited == {"adapters/embedded_aws.py"}
