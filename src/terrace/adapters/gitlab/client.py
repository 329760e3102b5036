"""Requests to GitLab's REST API. They wait for rate limits, and nothing is created twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from terrace.adapters.forge_api import MAX_PAGES, TRIES, Forge, create_once
from terrace.errors import BadInput, NotReady

if TYPE_CHECKING:
    import httpx

MAX_PAUSE = 60.0
"""Maximum wait for a rate limit, in seconds, before a request is sent again."""

PATIENCE_SECONDS = 4 * MAX_PAUSE
"""Maximum time that one request waits for rate limits."""


class Refused(BadInput):
    """GitLab rejects the request itself. `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class GitLab:
    """The API of one project; paths are relative to the project. `api` is the root of the API (CI_API_V4_URL).

    Every method raises NotReady where GitLab cannot be reached now or the token lacks a permission, and Refused where
    GitLab rejects the request itself.
    """

    def __init__(
        self,
        api: str,
        project: int,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        from terrace.adapters.http import API_BYTES, API_SECONDS, LimitedTransport

        headers = {"private-token": token, "user-agent": "terrace-gitops"}
        self._api = api
        self._project = f"{api}/projects/{project}"
        self._sleep = sleep
        self._forge = Forge(
            "GitLab", "see its status page, then try again", PATIENCE_SECONDS, _pause, _limit_error, _refusal
        )
        # No redirect is followed: the token would go along.
        transport = transport or LimitedTransport(API_SECONDS, API_BYTES)
        self._http = httpx.Client(headers=headers, transport=transport, timeout=API_SECONDS, follow_redirects=False)

    def me(self) -> int:
        """Returns the id of the account that the token belongs to."""
        return int(self._forge.json(self._send("GET", f"{self._api}/user"))["id"])

    def each(self, path: str, **query: str | int) -> Iterator[Any]:
        """Yields every member of a list, page by page."""
        page = "1"
        for _ in range(MAX_PAGES):
            response = self._send("GET", f"{self._project}/{path}", query={**query, "per_page": 100, "page": page})
            yield from self._forge.json(response)
            page = response.headers.get("x-next-page", "")
            if not page:
                return
        raise NotReady(f"GitLab's list {path} has more than {MAX_PAGES} pages")

    def put(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Sets what can be set again with the same effect. `verb` is PUT or DELETE."""
        return self._forge.json(self._send(verb, f"{self._project}/{path}", body=body))

    def create_once(self, path: str, body: Mapping[str, Any], find: Callable[[], Any | None]) -> Any:
        """Creates something. After an unknown outcome, `find` returns what exists, so that nothing is created twice."""
        url = f"{self._project}/{path}"
        return create_once(lambda: self._forge.json(self._send("POST", url, body=body, tries=1)), find, self._sleep)

    def _send(
        self,
        verb: str,
        url: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        tries: int = TRIES,
    ) -> httpx.Response:
        subject = f"{verb} {url.removeprefix(self._project).removeprefix(self._api)}"
        return self._forge.send(
            lambda: self._http.request(verb, url, params=query, json=body), subject, sleep=self._sleep, tries=tries
        )


def _pause(response: httpx.Response) -> float | None:
    if response.status_code != 429:
        return None
    after = response.headers.get("retry-after", "")
    # At least one second each: a server that sends 0 would be asked without end.
    return max(1.0, min(float(after), MAX_PAUSE)) if after.isdigit() else MAX_PAUSE


def _limit_error(response: httpx.Response, pause: float) -> NotReady:
    return NotReady("GitLab accepts no more requests for now: the rate limit is used up", hint="wait, then try again")


def _refusal(response: httpx.Response, subject: str) -> BadInput:
    reason = _reason(response)
    if response.status_code == 401:
        return NotReady(
            f"GitLab does not accept the token ({reason})",
            hint="set GITLAB_TOKEN to a project access token that has not expired; CI_JOB_TOKEN cannot write comments",
        )
    if response.status_code == 403:
        return NotReady(
            f"the token has no permission for {subject}: {reason}",
            hint="use a project access token with the scope `api` and the role Developer",
        )
    return Refused(f"GitLab rejects {subject}: {reason} (HTTP {response.status_code})", response.status_code)


def _reason(response: httpx.Response) -> str:
    """Returns the reason that a response gives."""
    try:
        content = response.json()
    except (ValueError, RecursionError):
        return "no reason given"
    if not isinstance(content, dict):
        return "no reason given"
    return str(content.get("message") or content.get("error_description") or content.get("error") or "no reason given")[
        :500
    ]
