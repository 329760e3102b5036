"""What Git traces for a person who looks for a fault shows no token."""

from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from support.git import repository
from terrace.adapters.git import command
from terrace.adapters.git.access import by_token


class _Refusing(BaseHTTPRequestHandler):
    """A server of Git that lets nobody in."""

    def do_GET(self) -> None:
        self.send_response(403)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.mark.parametrize(
    "traced",
    [
        {"GIT_TRACE_CURL": "1", "GIT_TRACE_REDACT": "0"},
        {"GIT_CURL_VERBOSE": "1", "GIT_TRACE_REDACT": "false"},
        {"GIT_TRACE2": "1", "GIT_TRACE2_ENV_VARS": "GIT_CONFIG_VALUE_1,GITHUB_TOKEN"},
        {"GIT_TRACE2": "1", "GIT_TRACE2_CONFIG_PARAMS": "http.*"},
        {"GIT_TRACE": "1", "GIT_TRACE_SETUP": "1"},
    ],
    ids=lambda traced: " ".join(traced),
)
def test_no_trace_of_git_shows_a_token_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, traced: dict[str, str]
) -> None:
    token = "ghs_" + "a" * 20
    shown = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    work = repository(tmp_path / "work")
    for name, value in traced.items():
        monkeypatch.setenv(name, value)
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = command.git(work, "ls-remote", f"{url}/x.git", env={**by_token(url, token, {}), "GITHUB_TOKEN": token})
        server.shutdown()
    assert done.code != 0 and "403" in done.message
    assert token not in done.message and shown not in done.message
