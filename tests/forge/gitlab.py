"""A GitLab that remembers one merge request, written by hand after GitLab's documentation of its API.

Each operation takes what its documentation names and nothing else. What it does not describe is as its source has it:
a line that begins with `/` and a known word is a quick action, done and taken out of the note; a note is kept without
space at its end; of statuses of one name and pipeline the last one shows; a job's own token only reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

from forge.fake import Stumble

_NOTES = r"/projects/(?P<project>\d+)/merge_requests/(?P<number>\d+)/notes"
_STATES = {"pending", "running", "success", "failed", "canceled", "skipped"}
_TAKES = {
    "list": {"sort", "order_by", "activity_filter", "page", "per_page"},
    "statuses": {"ref", "stage", "name", "pipeline_id", "all", "order_by", "sort", "page", "per_page"},
    "create": {"body", "created_at", "internal", "merge_request_diff_head_sha"},
    "update": {"body"},
    "conclude": {"state", "ref", "name", "context", "target_url", "description", "coverage", "pipeline_id"},
}

Parts = Mapping[str, str]


@dataclass
class FakeGitLab:
    """`stumbles` are taken one a request, before or after the thing was done. `users` are tokens and whose they are."""

    api: str = "https://gitlab.example.com/api/v4"
    project: int = 5
    users: dict[str, int] = field(default_factory=lambda: {"glpat-ours": 1, "glpat-other": 2, "job": 1})
    scopes: dict[str, str] = field(default_factory=dict)
    notes: dict[int, dict[str, Any]] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    stumbles: list[Stumble | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    page_size: int = 100
    _serial: int = 300

    def transport(self) -> httpx.MockTransport:
        """What an httpx client asks instead of the network."""
        return httpx.MockTransport(self.handle)

    def someone_notes(self, user: int, body: str) -> int:
        """A note of somebody; returns its id."""
        self._serial += 1
        self.notes[self._serial] = {
            "id": self._serial,
            "body": body,
            "author": {"id": user, "username": f"user{user}", "name": f"User {user}", "state": "active"},
            "system": False,
            "noteable_iid": 12,
            "noteable_type": "MergeRequest",
            "internal": False,
        }
        return self._serial

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v4")
        found = [
            (act, matched.groupdict())
            for verb, pattern, act in self._routes()
            if verb == request.method and (matched := re.fullmatch(pattern, path))
        ]
        assert found, f"GitLab documents no {request.method} {path}"
        ((act, parts),) = found
        self.asked.append(f"{request.method} {path}")
        stumble = self.stumbles.pop(0) if self.stumbles else None
        if stumble is not None and not stumble.done_first:
            return stumble.response(request)
        answer = self._checked(request, parts, act)
        return answer if stumble is None else stumble.response(request)

    def _routes(self) -> tuple[tuple[str, str, Callable[[httpx.Request, Parts], httpx.Response]], ...]:
        commits = r"/projects/(?P<project>\d+)/repository/commits/(?P<sha>[0-9a-f]{40})/statuses"
        return (
            ("GET", "/user", self._user),
            ("GET", _NOTES, self._list),
            ("POST", _NOTES, self._create),
            ("PUT", _NOTES + r"/(?P<note>\d+)", self._update),
            ("DELETE", _NOTES + r"/(?P<note>\d+)", self._delete),
            ("GET", commits, self._statuses),
            ("POST", r"/projects/(?P<project>\d+)/statuses/(?P<sha>[0-9a-f]{40})", self._conclude),
        )

    def _checked(
        self, request: httpx.Request, parts: Parts, act: Callable[[httpx.Request, Parts], httpx.Response]
    ) -> httpx.Response:
        token = request.headers.get("private-token", "")
        if token not in self.users:
            return _answer(401, {"message": "401 Unauthorized"})
        if request.method != "GET" and self.scopes.get(token) == "read_api":
            return _answer(403, {"error": "insufficient_scope", "error_description": "The request requires api."})
        if parts.get("project", str(self.project)) != str(self.project) or parts.get("number", "12") != "12":
            return _answer(404, {"message": "404 Not found"})
        return act(request, parts)

    def _user(self, request: httpx.Request, _: Parts) -> httpx.Response:
        return _answer(200, {"id": self.users[request.headers["private-token"]], "username": "project_5_bot"})

    def _list(self, request: httpx.Request, _: Parts) -> httpx.Response:
        query = _query(request, "list")
        assert query.get("activity_filter", "only_comments") in ("all_notes", "only_comments", "only_activity")
        found = sorted(self.notes.values(), key=lambda note: int(note["id"]), reverse=query.get("sort") != "asc")
        return self._paged(found, query)

    def _create(self, request: httpx.Request, _: Parts) -> httpx.Response:
        text = self._heard(_body(request, "create")["body"])
        made = self.someone_notes(self.users[request.headers["private-token"]], text)
        return _answer(201, self.notes[made])

    def _update(self, request: httpx.Request, parts: Parts) -> httpx.Response:
        note = self.notes.get(int(parts["note"]))
        if note is None:
            return _answer(404, {"message": "404 Not found"})
        note["body"] = self._heard(_body(request, "update")["body"])
        return _answer(200, note)

    def _delete(self, _: httpx.Request, parts: Parts) -> httpx.Response:
        gone = self.notes.pop(int(parts["note"]), None)
        return httpx.Response(204) if gone else _answer(404, {"message": "404 Not found"})

    def _statuses(self, request: httpx.Request, parts: Parts) -> httpx.Response:
        query = _query(request, "statuses")
        last: dict[tuple[str, int], dict[str, Any]] = {}
        for one in self.statuses:
            if one["sha"] == parts["sha"] and query.get("name") in (None, one["name"]):
                last[one["name"], one["pipeline_id"]] = one
        return self._paged(list(last.values()), query)

    def _conclude(self, request: httpx.Request, parts: Parts) -> httpx.Response:
        asked = _body(request, "conclude")
        assert asked["state"] in _STATES
        if len(asked.get("description", "")) > 255:
            return _answer(400, {"message": {"description": ["is too long (maximum is 255 characters)"]}})
        made = {
            "id": len(self.statuses) + 1,
            "sha": parts["sha"],
            "status": asked["state"],
            "name": asked.get("name", "default"),
            "description": asked.get("description"),
            "pipeline_id": asked.get("pipeline_id", 1),
        }
        self.statuses.append(made)
        return _answer(201, made)

    def _heard(self, text: str) -> str:
        """What is kept of a note: quick actions in it were done. In blocks of code there are none."""
        kept, code = [], False
        for line in text.split("\n"):
            code ^= line.startswith("```")
            if not code and re.match(r"\s*/(close|merge|approve|assign|label|title)\b", line):
                self.actions.append(line.strip())
            else:
                kept.append(line)
        return "\n".join(kept).strip()

    def _paged(self, found: list[dict[str, Any]], query: Mapping[str, str]) -> httpx.Response:
        size, page = min(int(query.get("per_page", "20")), self.page_size), int(query.get("page", "1"))
        more = str(page + 1) if page * size < len(found) else ""
        return _answer(200, found[(page - 1) * size : page * size], {"x-next-page": more})


def _answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(body).encode(), headers=dict(headers or {}))


def _query(request: httpx.Request, operation: str) -> dict[str, str]:
    given = {name: values[-1] for name, values in parse_qs(request.url.query.decode()).items()}
    assert set(given) <= _TAKES[operation], f"GitLab documents no {set(given) - _TAKES[operation]} there"
    return given


def _body(request: httpx.Request, operation: str) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(request.content)
    assert set(given) <= _TAKES[operation], f"GitLab documents no {set(given) - _TAKES[operation]} there"
    return given
