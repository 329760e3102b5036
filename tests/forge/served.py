"""A fake forge on a real port, for programs that are started as users start them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

import httpx

from forge.contract import ContractBroken


class Fake(Protocol):
    """A forge that answers requests to `api`."""

    api: str

    def handle(self, request: httpx.Request) -> httpx.Response: ...


@contextmanager
def served(fake: Fake) -> Iterator[str]:
    """Its address while the context lasts. What breaks the contract is kept, and raised at the end."""
    broken: list[Exception] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = httpx.Request(self.command, f"{fake.api}{self.path}", headers=dict(self.headers), content=body)
            try:
                with lock:
                    answer = fake.handle(request)
            except (ContractBroken, AssertionError) as error:
                broken.append(error)
                answer = httpx.Response(500, content=str(error).encode())
            except httpx.HTTPError:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in ("content-length", "content-encoding", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.api = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield fake.api
        finally:
            server.shutdown()
            thread.join()
    if broken:
        raise broken[0]
