"""Requests to the API of a forge: sent again only where that is safe, and nothing is created twice.

httpx is not imported here, so that commands without a forge start fast.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from terrace.errors import NotReady, TerraceError

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

TRIES = 4
"""Maximum number of times that a request is sent which can safely be sent again."""

MAX_PAGES = 1000
"""Maximum number of pages of a list. It stops a server whose pages always name a next one."""


class OutcomeUnknown(NotReady):
    """The forge did not report the outcome of a request, which may or may not have taken effect."""


@dataclass(frozen=True, slots=True)
class Forge:
    """The API conventions of one forge.

    `pause` returns the seconds to wait where a response reports a rate limit, else None. Together the pauses of one
    request take at most `patience` seconds; after that, `limited` makes the error from the last pause. `refusal` makes
    the error for a response that is neither a success, nor a rate limit, nor a server error.
    """

    name: str
    status_hint: str
    patience: float
    pause: Callable[[httpx.Response], float | None]
    limited: Callable[[httpx.Response, float], NotReady]
    refusal: Callable[[httpx.Response, str], TerraceError]

    def send(
        self,
        request: Callable[[], httpx.Response],
        subject: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        tries: int = TRIES,
    ) -> httpx.Response:
        """Returns the successful response to a request, which is called up to `tries` times.

        Waits for rate limits. Raises OutcomeUnknown where no try got a response or all got a server error.
        """
        import httpx

        waited, attempt = 0.0, 0
        while True:
            try:
                response = request()
            except httpx.HTTPError as error:
                problem = f"no response ({type(error).__name__})"
            else:
                if response.is_success:
                    return response
                if (pause := self.pause(response)) is not None:
                    if waited + pause > self.patience:
                        raise self.limited(response, pause)
                    waited += pause
                    sleep(pause)
                    continue
                if response.status_code < 500:
                    raise self.refusal(response, subject)
                problem = f"HTTP {response.status_code}"
            attempt += 1
            if attempt >= tries:
                raise OutcomeUnknown(
                    f"{self.name} did not report the outcome of {subject}: {problem}", hint=self.status_hint
                )
            sleep(2.0**attempt)

    def json(self, response: httpx.Response) -> Any:
        """Returns the decoded body, None without one. Raises OutcomeUnknown for a body that is not JSON."""
        try:
            return response.json() if response.content else None
        except (ValueError, RecursionError) as error:
            raise OutcomeUnknown(
                f"{self.name}'s response is not JSON", hint="a proxy in between may have answered instead"
            ) from error


def create_once(create: Callable[[], T], find: Callable[[], T | None], sleep: Callable[[float], None]) -> T:
    """Creates something. After an unknown outcome, `find` checks whether it exists; only if not, it is created again.

    Raises OutcomeUnknown after TRIES tries.
    """
    for attempt in range(TRIES):
        try:
            return create()
        except OutcomeUnknown as error:
            sleep(2.0**attempt)
            existing = find()
            if existing is not None:
                return existing
            last = error
    raise last
