"""Deliveries to the receiver over a real connection, against bare writes to disk and bare requests. Prints ratios.

Every delivery is on disk before it is answered. GitHub waits for ten seconds; we promise an answer within one.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvicorn

from terrace.apps.server.inbox import Inbox
from terrace.apps.server.receiver import PATH, application

DELIVERIES = 1000
SIDE_BY_SIDE = 20
SECRET = b"a secret of this benchmark"
BODY = b'{"number": %06d, "padding": "' + b"x" * 12_000 + b'"}'
"""As long as what GitHub tells about a comment."""


def main() -> None:
    """The same number of requests with and without something to keep."""
    with tempfile.TemporaryDirectory(prefix="terrace-benchmark-") as place:
        inbox = Inbox(Path(place) / "inbox.db", lambda: datetime.now(UTC))
        address = _serving(inbox)
        disk = _fsync(Path(place) / "plain")
        bare = asyncio.run(_deliver(f"{address}/health", signed=False))
        kept = asyncio.run(_deliver(address + PATH, signed=True))
        assert inbox.count() == {"waiting": DELIVERIES}
        print(f"{DELIVERIES} deliveries of {len(BODY)} bytes, {SIDE_BY_SIDE} side by side")
        print(f"one write that is on disk: {disk * 1000:.2f} ms")
        for name, times in (("asking for health", bare), ("delivering", kept)):
            told = ((share, f"{_at(times, share):.1f} ms") for share in (0.5, 0.99, 1.0))
            print(f"{name:18}", *(f"{share:.0%} within {within:10}" for share, within in told))
        print(f"a delivery against asking for health: {_at(kept, 0.5) / _at(bare, 0.5):.1f} at the median")
        print(f"p99 against the second that is promised: {_at(kept, 0.99) / 1000:.3f}")
        inbox.close()


def _serving(inbox: Inbox) -> str:
    door = socket.create_server(("127.0.0.1", 0))
    app = application(inbox, (SECRET,), {"push"}, lambda _: None)
    config = uvicorn.Config(app, access_log=False, server_header=False)
    threading.Thread(target=uvicorn.Server(config).run, args=([door],), daemon=True).start()
    return f"http://127.0.0.1:{door.getsockname()[1]}"


async def _deliver(address: str, *, signed: bool) -> list[float]:
    """Milliseconds of each request, sorted."""
    times: list[float] = []
    numbers = iter(range(DELIVERIES))
    async with httpx.AsyncClient() as client:

        async def one_after_the_other() -> None:
            for number in numbers:
                body = BODY % number
                headers = _headers(number, body)
                began = time.perf_counter()
                answer = await (client.post(address, content=body, headers=headers) if signed else client.get(address))
                times.append((time.perf_counter() - began) * 1000)
                assert answer.is_success, answer.text

        await asyncio.gather(*(one_after_the_other() for _ in range(SIDE_BY_SIDE)))
    return sorted(times)


def _headers(number: int, body: bytes) -> Mapping[str, str]:
    return {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": f"delivery-{number:06}",
        "x-hub-signature-256": "sha256=" + hmac.digest(SECRET, body, "sha256").hex(),
    }


def _fsync(path: Path) -> float:
    """Seconds of one write that is on disk afterwards."""
    began = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(50):
            file.write(BODY)
            file.flush()
            os.fsync(file.fileno())
    return (time.perf_counter() - began) / 50


def _at(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


if __name__ == "__main__":
    main()
