"""Requests to GitHub's REST API that wait when they must, and never do a thing twice.

A request that only reads, or sets what may be set again, is tried again when GitHub stumbles. One that makes something
is not: GitHub may have made it and failed to say so. Whoever makes something says how it can be found (`once`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terrace.adapters.github.credentials import Credential
from terrace.adapters.github.refusals import Refused, refusal
from terrace.adapters.making import Unclear, once
from terrace.errors import NotReady

if TYPE_CHECKING:
    import httpx

API_VERSION = "2022-11-28"
"""The version of the API that every request names; GitHub keeps each for at least two years."""

TRIES = 4
"""How often a request is made that may be made again."""

PATIENCE_SECONDS = 120
"""How long one request waits for a limit to end; whoever must wait longer is told so instead."""

MOVES = 3
"""How many redirects are followed: a renamed repository answers with one."""

PAGES = 1000
"""How many pages of a list are read: a list that always names a next page would have no end."""

_AGAIN = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Place:
    """A repository on a host. `api` is the root of its API, which on GitHub Enterprise Server is not github.com's."""

    owner: str
    name: str
    api: str = "https://api.github.com"

    @property
    def page(self) -> str:
        """Where people see the repository."""
        root = "https://github.com" if self.api == "https://api.github.com" else self.api.removesuffix("/api/v3")
        return f"{root}/{self.owner}/{self.name}"

    @property
    def path(self) -> str:
        return f"/repos/{self.owner}/{self.name}"


class GitHub:
    """One repository's API. Paths that do not begin with a slash are below the repository.

    Every method raises NotReady when GitHub cannot be asked now or the token may not, with what to do about it, and
    Refused when GitHub says no to the request itself.
    """

    def __init__(
        self,
        place: Place,
        credential: Credential,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        import httpx

        from terrace.adapters.http import API_BYTES, API_SECONDS, LimitedTransport

        self.place = place
        self._credential = credential
        self._sleep = sleep
        self._clock = clock
        transport = transport or LimitedTransport(API_SECONDS, API_BYTES)
        self._http = httpx.Client(base_url=place.api, transport=transport, timeout=API_SECONDS, follow_redirects=False)

    @property
    def credential(self) -> Credential:
        """Who asks: for those who reach the same repository by another way."""
        return self._credential

    def close(self) -> None:
        """Let its connections go; nothing may be asked after."""
        self._http.close()

    def read(self, path: str, **query: str | int) -> Any:
        """What is there. Raises Refused with status 404 when there is nothing, or nothing that the token may see."""
        return _json(self._asked("GET", path, query=query))

    def find(self, path: str, **query: str | int) -> Any | None:
        """What is there, or None."""
        try:
            return self.read(path, **query)
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def each(self, path: str, key: str | None = None, **query: str | int) -> Iterator[Any]:
        """Every member of a list, page after page. `key` is where the list stands, where the answer is an object."""
        answer = self._asked("GET", path, query={"per_page": 100, **query})
        for _ in range(PAGES):
            told = _json(answer)
            yield from told[key] if key is not None else told
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            answer = self._asked("GET", following)
        raise NotReady(f"GitHub's list {path} has more than {PAGES} pages")

    def put(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Set what may be set again with the same effect. `verb` is PATCH, PUT or DELETE."""
        return _json(self._asked(verb, path, body=body))

    def once(self, verb: str, path: str, body: Mapping[str, Any], seen: Callable[[], Any | None]) -> Any:
        """Do what may not be done twice: make something, or add to it.

        After an answer that leaves it open, `seen` looks whether it was done, and gives what is there; only where it
        gives None, it is done again.
        """
        return once(lambda: _json(self._asked(verb, path, body=body, tries=1)), seen, self._sleep, TRIES)

    def _asked(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        tries: int = TRIES,
    ) -> httpx.Response:
        url, waited, moves, attempt = self._url(path), 0.0, 0, 0
        while True:
            answer = self._once(verb, url, query, body)
            if isinstance(answer, str):
                why = answer
            elif answer.is_success:
                return answer
            elif answer.is_redirect and moves < MOVES:
                url, query, moves = self._moved(answer), None, moves + 1
                continue
            elif (pause := _limited(answer, self._clock())) is not None:
                if waited + pause > PATIENCE_SECONDS:
                    raise _too_long(pause, self._clock())
                waited += pause
                self._sleep(pause)
                continue
            elif answer.status_code in _AGAIN:
                why = f"HTTP {answer.status_code}"
            else:
                raise refusal(answer.status_code, answer.headers, answer.content, f"{verb} {path}")
            attempt += 1
            if attempt >= tries:
                raise Unclear(f"GitHub did not say how {verb} {path} ended: {why}", hint="githubstatus.com; then again")
            self._sleep(2.0**attempt)

    def _once(
        self, verb: str, url: str, query: Mapping[str, str | int] | None, body: Mapping[str, Any] | None
    ) -> httpx.Response | str:
        """The answer to one request, or why there is none."""
        import httpx

        try:
            return self._http.request(verb, url, params=query or None, json=body, headers=self._headers())
        except httpx.HTTPError as error:
            return f"no answer ({type(error).__name__})"

    def _url(self, path: str) -> str:
        if path.startswith(("https://", "http://")):
            if not path.startswith(f"{self.place.api}/"):
                raise NotReady(f"GitHub leads to another host: {path.split('?')[0]}")
            return path
        return path if path.startswith("/") else f"{self.place.path}/{path}".rstrip("/")

    def _moved(self, answer: httpx.Response) -> str:
        """Where a renamed repository is now. Never another host: the token goes along."""
        return self._url(answer.headers.get("location", "http:///"))

    def _headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self._credential.token()}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": API_VERSION,
            "user-agent": "terrace-gitops",
        }


def _json(answer: httpx.Response) -> Any:
    """What an answer holds. A page of whatever stands between us and GitHub is no answer of GitHub."""
    try:
        return answer.json() if answer.content else None
    except (ValueError, RecursionError) as error:
        raise Unclear("GitHub's answer is no JSON", hint="a proxy in between may have answered instead") from error


def _limited(answer: httpx.Response, now: float) -> float | None:
    """How many seconds GitHub asks to wait; None when that is not why it said no.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    if answer.status_code not in (403, 429):
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdecimal():
        # Some proxies ask for none at all: each wait counts, or there would be no end of them.
        return max(1.0, float(after))
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(1.0, float(reset) - now + 1)
    if answer.status_code == 429 or b"secondary rate limit" in answer.content.lower():
        return 60.0
    return None


def _too_long(pause: float, now: float) -> NotReady:
    until = time.strftime("%H:%M:%S UTC", time.gmtime(now + pause))
    return NotReady(
        f"GitHub takes no more requests until {until}: the rate limit is used up",
        hint="wait for it, or use a GitHub App of your own: it has a limit of its own",
    )
