"""A reference for the clock of this machine: the server of a remote, or the time since this command started."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from terrace.ledger.dates import Reference

if TYPE_CHECKING:
    import httpx

SECONDS = 10.0
"""Maximum response time of a server, in seconds."""

GOOD_FOR = timedelta(hours=1)
"""Time for which one response is used, in seconds. In between, time is measured by a clock that cannot be set."""

SINCE_START = "the time since this command started"

_BYTES = 1 << 16


def since_boot() -> float:
    """Returns the seconds since this machine booted, by a clock that includes suspend and cannot be set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ReferenceClock:
    """Returns the time of the first of the `servers` that reports one, else the time since this object was created.

    Servers are https addresses, of which only host and port are used. The request identifies no one. The time that a
    proxy or cache reports is as good as the server's.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        servers: Callable[[], Iterable[str]],
        *,
        transport: httpx.BaseTransport | None = None,
        passed: Callable[[], float] = since_boot,
    ) -> None:
        self._servers = servers
        self._transport = transport
        self._passed = passed
        self._start = clock(), passed()
        self._told: tuple[Reference, float] | None = None
        self._asked: float | None = None

    def __call__(self) -> Reference:
        now = self._passed()
        if self._asked is None or now - self._asked > GOOD_FOR.total_seconds():
            self._asked = now
            self._told = self._ask() or self._told
        if self._told is not None:
            reference, then = self._told
            return Reference(reference.time + timedelta(seconds=self._passed() - then), reference.source)
        began, then = self._start
        return Reference(began + timedelta(seconds=self._passed() - then), SINCE_START)

    def _ask(self) -> tuple[Reference, float] | None:
        """Returns the time of a server and when it was received; None where no server reports it."""
        for url in self._servers():
            # Without TLS, another machine in between could report any time.
            server_time = self._server_time(url) if url.startswith("https://") else None
            if server_time is not None:
                return server_time, self._passed()
        return None

    def _server_time(self, url: str) -> Reference | None:
        import httpx

        from terrace.adapters.http import LimitedTransport

        with httpx.Client(transport=self._transport or LimitedTransport(SECONDS, _BYTES)) as client:
            try:
                host = urlsplit(url).netloc.rpartition("@")[2]
                date = parsedate_to_datetime(client.head(f"https://{host}/").headers.get("date", ""))
            except (httpx.HTTPError, httpx.InvalidURL, ValueError):
                # The host just served Git, but only Git may trust a company's own certificates. Then there is no server
                # to compare with.
                return None
            return Reference(date.astimezone(UTC), f"the server {host}") if date.tzinfo is not None else None
