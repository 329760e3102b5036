"""A small server for Terraform's HTTP backend. It knows nothing of leases: the lock of a dead client stays."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class HttpStore:
    """What the HTTP server keeps: states and locks by path, and which states were asked for."""

    states: dict[str, bytes] = field(default_factory=dict)
    locks: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)


def _handler(store: HttpStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Terraform's HTTP backend: GET, POST, DELETE, LOCK, UNLOCK."""

        def do_GET(self) -> None:
            store.asked.append(self._path)
            state = store.states.get(self._path)
            self._answer(404 if state is None else 200, state or b"")

        def do_POST(self) -> None:
            body = self._body()
            with store.guard:
                holder = store.locks.get(self._path)
                lock_id = self.path.partition("?ID=")[2]
                if holder is not None and json.loads(holder)["ID"] != lock_id:
                    return self._answer(423, holder)
                store.states[self._path] = body
            return self._answer(200)

        def do_DELETE(self) -> None:
            store.states.pop(self._path, None)
            self._answer(200)

        def do_LOCK(self) -> None:
            body = self._body()
            with store.guard:
                holder = store.locks.setdefault(self._path, body)
            self._answer(200 if holder == body else 423, holder)

        def do_UNLOCK(self) -> None:
            body = self._body()
            with store.guard:
                # Terraform's force-unlock sends nothing at all, whatever id it was given.
                if store.locks.get(self._path) == body or not body:
                    del store.locks[self._path]
            self._answer(200)

        @property
        def _path(self) -> str:
            return self.path.partition("?")[0]

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _answer(self, code: int, body: bytes = b"") -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be silent."""

    return Handler


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed in the middle of a request is what we are here for."""


@contextmanager
def serve_states() -> Iterator[tuple[str, HttpStore]]:
    """A server on loopback, in a thread: its address, and what it keeps."""
    store = HttpStore()
    with _HttpServer(("127.0.0.1", 0), _handler(store)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", store
        server.shutdown()
