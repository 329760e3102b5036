"""Slow connections are closed in time and starve nobody: on loopback, against the server as `terrace serve` runs it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from forge.answers import NOW
from server.deliveries import SECRET, headers, pushed
from support.waiting import until
from terrace.apps.server.connections import Connections, network_of, protocol
from terrace.apps.server.inbox import Inbox
from terrace.apps.server.receiver import PATH, Limits, application

SLOW = 60
HEADERS = f"POST {PATH} HTTP/1.1\r\nhost: here\r\n"


@contextlib.contextmanager
def serving(folder: Path, limits: Connections) -> Iterator[int]:
    """The port of a receiver within these limits."""
    inbox = Inbox(folder / "inbox.db", lambda: NOW)
    app = application(inbox, (SECRET.encode(),), {"push"}, lambda _: None, Limits(seconds=1.5))
    config = uvicorn.Config(app, http=protocol(limits), ws="none", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([door])))
        thread.start()
        until(lambda: server.started)
        try:
            yield int(door.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
    inbox.close()


@contextlib.contextmanager
def dripping(
    port: int, count: int, said: Callable[[int], str], host: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """Connections that say the beginning of a request and then a byte now and then."""
    made = [socket.create_connection(("127.0.0.1", port), source_address=(host, 0)) for _ in range(count)]
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.2):
            for one in made:
                with contextlib.suppress(OSError):
                    one.send(b"x")

    for number, one in enumerate(made):
        with contextlib.suppress(OSError):
            one.sendall(said(number).encode())
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        thread.join()
        for one in made:
            one.close()


def closed(one: socket.socket) -> bool:
    """Whether the other side let go of a connection."""
    one.setblocking(False)
    try:
        while True:
            if not one.recv(4096):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def delivered(port: int, number: int = 0, host: str = "127.0.0.1") -> int:
    body = pushed(f"branch-{number}")
    with httpx.Client(transport=httpx.HTTPTransport(local_address=host)) as client:
        return client.post(
            f"http://127.0.0.1:{port}{PATH}", content=body, headers=headers(body, id_=f"delivery-{number}")
        ).status_code


SPOKEN: dict[str, Callable[[int], str]] = {
    "nothing": lambda _: "",
    "headers": lambda _: f"{HEADERS}x-long: ",
    "a body": lambda _: f"{HEADERS}content-length: 100000\r\n\r\n",
    "a body in chunks": lambda _: f"{HEADERS}transfer-encoding: chunked\r\n\r\nFFFF\r\n",
    "a second request": lambda _: f"GET /health HTTP/1.1\r\nhost: here\r\n\r\n{HEADERS}x-long: ",
    "a refused body": lambda _: f"{HEADERS}content-length: 99999999\r\n\r\n",
}


@pytest.mark.parametrize("spoken", SPOKEN)
def test_sixty_slow_connections_starve_no_delivery_and_are_closed(spoken: str, tmp_path: Path) -> None:
    with serving(tmp_path, Connections(header_seconds=1.5)) as port, dripping(port, SLOW, SPOKEN[spoken]) as slow:
        assert [delivered(port, number) for number in range(3)] == [202, 202, 202]
        until(lambda: all(closed(one) for one in slow))


def test_one_address_cannot_take_every_connection(tmp_path: Path) -> None:
    limits = Connections(most=40, of_one=20)
    with serving(tmp_path, limits) as port, dripping(port, 60, SPOKEN["headers"], "127.0.0.2") as slow:
        until(lambda: sum(closed(one) for one in slow) >= 40)
        began = time.monotonic()
        assert delivered(port, host="127.0.0.3") == 202
        assert time.monotonic() - began < 6
        with pytest.raises(httpx.HTTPError):
            delivered(port, 1, host="127.0.0.2")


def test_what_is_closed_is_counted_no_more() -> None:
    limits = Connections(most=3, of_one=2)
    assert [limits.open(one) for one in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    limits.close("a")
    assert [limits.open(one) for one in ("c", "a")] == [True, False]


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_network_of_ipv6_is_one_address(host: str, network: str) -> None:
    assert network_of(host) == network
