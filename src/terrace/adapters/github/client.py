"""Requests to GitHub's REST API. They wait for rate limits, and nothing is created twice.

A request that only reads, or sets what can be set again, is sent again after a server error. A request that creates
something is not: GitHub may have created it without reporting that. Its caller says how to find it (`create_once`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terrace.adapters.forge_api import MAX_PAGES, TRIES, Forge, create_once
from terrace.adapters.github.credentials import Credential
from terrace.adapters.github.refusals import Refused, refusal
from terrace.errors import NotReady, TerraceError

if TYPE_CHECKING:
    import httpx

API_VERSION = "2022-11-28"
"""API version that every request names. GitHub supports each version for at least two years."""

PATIENCE_SECONDS = 120
"""Maximum time that one request waits for rate limits."""

MAX_REDIRECTS = 3
"""Maximum number of redirects that are followed: a renamed repository answers with one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A repository on a host. `api` is the root of the API: on GitHub Enterprise Server it is not github.com's."""

    owner: str
    name: str
    api: str = "https://api.github.com"

    @property
    def page(self) -> str:
        """The address of the repository's page."""
        root = "https://github.com" if self.api == "https://api.github.com" else self.api.removesuffix("/api/v3")
        return f"{root}/{self.owner}/{self.name}"

    @property
    def path(self) -> str:
        return f"/repos/{self.owner}/{self.name}"


class GitHub:
    """The API of one repository. Paths that do not begin with a slash are relative to the repository.

    Every method raises NotReady where GitHub cannot be reached now or the token lacks a permission, with a hint, and
    Refused where GitHub rejects the request itself.
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
        self._forge = Forge(
            "GitHub",
            "see githubstatus.com, then try again",
            PATIENCE_SECONDS,
            pause=lambda response: _pause(response, self._clock()),
            limited=lambda _, pause: _limit_error(pause, self._clock()),
            refusal=_refusal,
        )
        transport = transport or LimitedTransport(API_SECONDS, API_BYTES)
        self._http = httpx.Client(base_url=place.api, transport=transport, timeout=API_SECONDS, follow_redirects=False)

    @property
    def credential(self) -> Credential:
        """The credential, for access to the same repository by Git."""
        return self._credential

    def close(self) -> None:
        """Closes the connections. No request can be sent after that."""
        self._http.close()

    def read(self, path: str, **query: str | int) -> Any:
        """Returns the decoded response. Raises Refused with status 404 where nothing exists that the token can read."""
        return self._forge.json(self._send("GET", path, query=query))

    def find(self, path: str, **query: str | int) -> Any | None:
        """Returns the decoded response, None where nothing exists that the token can read."""
        try:
            return self.read(path, **query)
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def each(self, path: str, key: str | None = None, **query: str | int) -> Iterator[Any]:
        """Yields every member of a list, page by page. `key` names the list where the response is an object."""
        response = self._send("GET", path, query={"per_page": 100, **query})
        for _ in range(MAX_PAGES):
            content = self._forge.json(response)
            yield from content[key] if key is not None else content
            following = response.links.get("next", {}).get("url")
            if following is None:
                return
            response = self._send("GET", following)
        raise NotReady(f"GitHub's list {path} has more than {MAX_PAGES} pages")

    def put(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Sets what can be set again with the same effect. `verb` is PATCH, PUT or DELETE."""
        return self._forge.json(self._send(verb, path, body=body))

    def create_once(self, verb: str, path: str, body: Mapping[str, Any], find: Callable[[], Any | None]) -> Any:
        """Sends a request that must not take effect twice: it creates something or adds to it.

        After an unknown outcome, `find` returns what exists; only if that is None, the request is sent again.
        """
        return create_once(lambda: self._forge.json(self._send(verb, path, body=body, tries=1)), find, self._sleep)

    def _send(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        tries: int = TRIES,
    ) -> httpx.Response:
        return self._forge.send(
            lambda: self._follow(verb, path, query, body), f"{verb} {path}", sleep=self._sleep, tries=tries
        )

    def _follow(
        self, verb: str, path: str, query: Mapping[str, str | int] | None, body: Mapping[str, Any] | None
    ) -> httpx.Response:
        """Returns the response to one request, after redirects within the same host."""
        url, parameters = self._url(path), query or None
        for _ in range(MAX_REDIRECTS + 1):
            response = self._http.request(verb, url, params=parameters, json=body, headers=self._headers())
            if not response.is_redirect:
                break
            # The new location of a renamed repository. Never another host: the token goes along.
            url, parameters = self._url(response.headers.get("location", "http:///")), None
        return response

    def _url(self, path: str) -> str:
        if path.startswith(("https://", "http://")):
            if not path.startswith(f"{self.place.api}/"):
                raise NotReady(f"GitHub redirects to another host: {path.split('?')[0]}. Terrace does not follow it.")
            return path
        return path if path.startswith("/") else f"{self.place.path}/{path}".rstrip("/")

    def _headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self._credential.token()}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": API_VERSION,
            "user-agent": "terrace-gitops",
        }


def _refusal(response: httpx.Response, subject: str) -> TerraceError:
    return refusal(response.status_code, response.headers, response.content, subject)


def _pause(response: httpx.Response, now: float) -> float | None:
    """Returns how many seconds GitHub asks to wait; None where the response does not report a rate limit.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    if response.status_code not in (403, 429):
        return None
    after = response.headers.get("retry-after", "")
    if after.isdecimal():
        # Some proxies send 0. At least one second each, or the requests would never stop.
        return max(1.0, float(after))
    reset = response.headers.get("x-ratelimit-reset", "")
    if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(1.0, float(reset) - now + 1)
    if response.status_code == 429 or b"secondary rate limit" in response.content.lower():
        return 60.0
    return None


def _limit_error(pause: float, now: float) -> NotReady:
    until = time.strftime("%H:%M:%S UTC", time.gmtime(now + pause))
    return NotReady(
        f"GitHub accepts no more requests until {until}: the rate limit is used up",
        hint="try again then, or connect a GitHub App: it has a rate limit of its own",
    )
