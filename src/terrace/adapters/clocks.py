"""Another clock than that of this machine: the server of a remote, or the time that passed since the start."""

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
"""How long a server may take to answer, in seconds."""

GOOD_FOR = timedelta(hours=1)
"""How long one answer is used; meanwhile time is measured by a clock that cannot be set."""

SINCE_START = "the time that passed since this command began"

_BYTES = 1 << 16


def since_boot() -> float:
    """The seconds since this machine was started, by a clock that also runs during sleep and cannot be set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ReferenceClock:
    """Tells the time by the first of the `servers` that says it, else by what passed since this object was made.

    Servers are given by https addresses; nothing but their host and port is used, and nothing is sent to them that says
    who asks. The time of a proxy or a cache is as good as that of the server.
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
            told, then = self._told
            return Reference(told.time + timedelta(seconds=self._passed() - then), told.source)
        began, then = self._start
        return Reference(began + timedelta(seconds=self._passed() - then), SINCE_START)

    def _ask(self) -> tuple[Reference, float] | None:
        """What a server says, and when it said that; None where none says it."""
        for url in self._servers():
            # Without TLS, a machine in between could forge the time.
            told = self._said_at(url) if url.startswith("https://") else None
            if told is not None:
                return told, self._passed()
        return None

    def _said_at(self, url: str) -> Reference | None:
        import httpx

        from terrace.adapters.http import LimitedTransport

        with httpx.Client(transport=self._transport or LimitedTransport(SECONDS, _BYTES)) as client:
            try:
                host = urlsplit(url).netloc.rpartition("@")[2]
                said = parsedate_to_datetime(client.head(f"https://{host}/").headers.get("date", ""))
            except (httpx.HTTPError, httpx.InvalidURL, ValueError):
                # Git was served by the same host a moment ago; a company's own certificates may be known to Git alone.
                # Then there is no server to compare with.
                return None
            return Reference(said.astimezone(UTC), f"the server {host}") if said.tzinfo is not None else None
