"""An embedded AWS with somebody in between who hears what it is asked for, and may strike at that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from terrace.adapters.embedded_aws import EmbeddedAws


class Listener:
    """Hears what the cloud is asked for, and strikes once when it was asked for a new address."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        """Ask the real one, and strike where that was ordered."""
        is_allocation = b"Action=AllocateAddress" in body
        if is_allocation and self.before is not None:
            self.before()
        answer = httpx.request(method, f"{self._aws.endpoint}{path}", headers=headers, content=body, timeout=60)
        if is_allocation and self.after is not None:
            self.after()
        return answer


class ListenedTo(EmbeddedAws):
    """An embedded AWS that its clients reach through a listener."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint


@contextmanager
def listen_to(aws: EmbeddedAws) -> Iterator[tuple[EmbeddedAws, Listener]]:
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

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _do  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that was killed does not wait for its answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield ListenedTo(f"http://127.0.0.1:{server.server_address[1]}"), listener
        server.shutdown()
