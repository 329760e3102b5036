"""Requests to GitLab's REST API that wait when they must, and never make a thing twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from terrace.adapters.making import Unclear, once
from terrace.errors import BadInput, NotReady

if TYPE_CHECKING:
    import httpx

TRIES = 4
"""How often a request is made that may be made again."""

PAGES = 1000
"""How many pages of a list are read: a list that always names a next page would have no end."""

LONGEST_PAUSE = 60.0
"""Seconds that are waited for a limit to end."""


class Refused(BadInput):
    """GitLab understood the request, and says no. `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class GitLab:
    """One project's API; paths are below the project. `api` is the root that GitLab tells its jobs.

    Every method raises NotReady when GitLab cannot be asked now or the token may not, and Refused when it says no.
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
        # No redirect is followed: the token would go along.
        transport = transport or LimitedTransport(API_SECONDS, API_BYTES)
        self._http = httpx.Client(headers=headers, transport=transport, timeout=API_SECONDS, follow_redirects=False)

    def me(self) -> int:
        """Who the token belongs to."""
        return int(_json(self._asked("GET", f"{self._api}/user"))["id"])

    def each(self, path: str, **query: str | int) -> Iterator[Any]:
        """Every member of a list, page after page."""
        page = "1"
        for _ in range(PAGES):
            answer = self._asked("GET", f"{self._project}/{path}", query={**query, "per_page": 100, "page": page})
            yield from _json(answer)
            page = answer.headers.get("x-next-page", "")
            if not page:
                return
        raise NotReady(f"GitLab's list {path} has more than {PAGES} pages")

    def put(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Set what may be set again with the same effect. `verb` is PUT or DELETE."""
        answer = self._asked(verb, f"{self._project}/{path}", body=body)
        return _json(answer) if answer.content else None

    def once(self, path: str, body: Mapping[str, Any], seen: Callable[[], Any | None]) -> Any:
        """Make something. After an answer that leaves it open, `seen` looks whether it was made, and gives it."""
        url = f"{self._project}/{path}"
        return once(lambda: _json(self._asked("POST", url, body=body, tries=1)), seen, self._sleep, TRIES)

    def _asked(
        self,
        verb: str,
        url: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        tries: int = TRIES,
    ) -> httpx.Response:
        import httpx

        what = f"{verb} {url.removeprefix(self._project).removeprefix(self._api)}"
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._http.request(verb, url, params=query, json=body)
            except httpx.HTTPError as error:
                why = f"no answer ({type(error).__name__})"
            else:
                if answer.is_success:
                    return answer
                if answer.status_code == 429 and attempt <= TRIES:
                    self._sleep(_pause(answer.headers))
                    continue
                if answer.status_code < 500:
                    raise _refusal(answer, what)
                why = f"HTTP {answer.status_code}"
            if attempt >= tries:
                raise Unclear(f"GitLab did not say how {what} ended: {why}", hint="look at its status page; then again")
            self._sleep(2.0**attempt)


def _json(answer: httpx.Response) -> Any:
    """What an answer holds. A page of a proxy is no answer of GitLab."""
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        raise Unclear("GitLab's answer is no JSON", hint="a proxy in between may have answered instead") from error


def _pause(headers: Mapping[str, str]) -> float:
    after = headers.get("retry-after", "")
    return min(float(after), LONGEST_PAUSE) if after.isdigit() else LONGEST_PAUSE


def _refusal(answer: httpx.Response, what: str) -> BadInput:
    said = _said(answer)
    if answer.status_code == 401:
        return NotReady(
            f"GitLab does not know the token ({said})",
            hint="GITLAB_TOKEN: an access token of the project that has not ended; CI_JOB_TOKEN may not write comments",
        )
    if answer.status_code == 403:
        return NotReady(
            f"the token may not {what}: {said}",
            hint="an access token of the project with the scope `api` and the role Developer",
        )
    if answer.status_code == 429:
        return NotReady("GitLab takes no more requests for now", hint="its rate limit is used up; wait, then again")
    return Refused(f"GitLab refuses {what}: {said} (HTTP {answer.status_code})", answer.status_code)


def _said(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        return "no reason"
    if not isinstance(told, dict):
        return "no reason"
    return str(told.get("message") or told.get("error_description") or told.get("error") or "no reason")[:500]
