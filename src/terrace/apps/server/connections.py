"""Limits of the receiver's connections: in total, per address, and the time until the headers of a request are
complete. An idle connection costs little; one that sends no request, or only slowly, is closed. The receiver itself
limits bodies.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from dataclasses import dataclass, field

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 512
"""Maximum number of open connections."""

MOST_OF_ONE = 128
"""Maximum number of open connections per address (per /64 network for IPv6): a reverse proxy needs some, but no address
can use all."""

HEADER_SECONDS = 8.0
"""Time limit for the headers of a request, in seconds, from the opening of the connection or the previous response."""


@dataclass(slots=True)
class Connections:
    """Counts open connections. Belongs to one event loop."""

    most: int = MOST
    of_one: int = MOST_OF_ONE
    header_seconds: float = HEADER_SECONDS
    _open: Counter[str] = field(default_factory=Counter)

    def open(self, address: str) -> bool:
        """Counts a new connection; returns False, without counting it, where it exceeds a limit."""
        if self._open.total() >= self.most or self._open[address] >= self.of_one:
            return False
        self._open[address] += 1
        return True

    def close(self, address: str) -> None:
        """Counts a closed connection."""
        self._open[address] -= 1
        # Addresses without connections use no memory.
        self._open += Counter()


def network_of(host: str) -> str:
    """Returns the key of one client: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def protocol(connections: Connections) -> type[asyncio.Protocol]:
    """Uvicorn's protocol for HTTP/1.1 within these limits."""

    class Limited(H11Protocol):
        """Closes connections beyond the limits, and those whose request does not arrive in time."""

        _address: str | None = None
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            address = network_of(self.client[0] if self.client else "")
            if not connections.open(address):
                transport.abort()
                return
            self._address = address
            self._await_request()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            if self._address is not None:
                connections.close(self._address)
                self._address = None
            super().connection_lost(exc)

        def handle_events(self) -> None:
            before = self.cycle
            super().handle_events()
            if self.cycle is not before and not self.cycle.response_complete:
                self._stop_waiting()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if not self.transport.is_closing():
                self._await_request()

        def _await_request(self) -> None:
            self._stop_waiting()
            self._late = self.loop.call_later(connections.header_seconds, self.transport.abort)

        def _stop_waiting(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return Limited
