"""A GitHub that remembers, judged by GitHub's own description: every request that it takes, every answer that it gives.

What the description does not hold is coded here by hand from GitHub's documentation: the limit of a comment, who may do
what, pages, rate limits, and the ways in which it stumbles. It proves that Terrace keeps to what GitHub publishes; that
GitHub does too, only the smoke test against a live repository can tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

from forge.answers import NOW, Answer, missing
from forge.contract import Contract, contract
from forge.routes_conversation import Conversations
from forge.routes_identity import Identity
from forge.routes_releases import ReleasesOf
from forge.routes_repository import Repositories
from forge.routes_reviews import Reviews
from forge.routes_scanning import Scanning
from forge.routes_settings import Settings
from forge.shapes import check_run, comment, deployment, deployment_status, issue, stamp, user

COMMENT_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    verb: str
    path: str
    operation: str
    body: Any


@dataclass
class FakeGitHub(Identity, Conversations, Repositories, Reviews, Settings, Scanning, ReleasesOf):
    """One repository. `stumbles` are taken one a request, before (`do` false) or after the thing was done."""

    owner: str = "acme"
    name: str = "infrastructure"
    number: int = 7_654_321
    api: str = "https://api.github.com"
    renamed_from: str = ""
    grants: Mapping[str, str] = field(default_factory=lambda: {"issues": "write", "checks": "write"})
    me: str = "terrace[bot]"
    permissions: dict[str, str] = field(default_factory=dict)
    page_size: int = 100
    now: datetime = NOW
    asked: list[Asked] = field(default_factory=list)
    stumbles: list[Stumble | None] = field(default_factory=list)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    deployments: dict[int, dict[str, Any]] = field(default_factory=dict)
    statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    annotations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    commits: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    workflow_runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    reactions: list[tuple[int, str]] = field(default_factory=list)
    reruns: list[int] = field(default_factory=list)
    run_approvals: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    waiting: dict[int, str] = field(default_factory=dict)
    doors: list[tuple[int, str, str]] = field(default_factory=list)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    origins: dict[str, list[int]] = field(default_factory=dict)
    events: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    environments: dict[str, list[str] | None] = field(default_factory=dict)
    rules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    self_review: bool = False
    releases: dict[str, dict[str, Any]] = field(default_factory=dict)
    scanning: str = "on"
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)
    looks: int = 0
    vanishing: bool = False
    _serial: int = 0
    _contract: Contract = field(default_factory=contract)

    def transport(self) -> httpx.MockTransport:
        """What an httpx client asks instead of the network."""
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Judge the request, do it, judge the answer."""
        path = request.url.raw_path.decode().split("?")[0]
        operation, parts, body = self._contract.request(
            request.method, path, request.url.query.decode(), request.content
        )
        self.asked.append(Asked(request.method, path, operation.id, body))
        stumble = self.stumbles.pop(0) if self.stumbles else None
        if stumble is not None and not stumble.done_first:
            return stumble.response(request)
        answer = self._answer(operation.id, parts, parse_qs(request.url.query.decode()), body, request)
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        # Any operation may answer these; the description tells them of some only.
        if answer.status not in (301, 401, 403, 404, 429):
            self._contract.answer(operation, answer.status, content)
        if stumble is not None:
            return stumble.response(request)
        return httpx.Response(answer.status, content=content, headers=dict(answer.headers), request=request)

    def count(self, operation: str) -> int:
        """How often something was asked."""
        return sum(1 for one in self.asked if one.operation == operation)

    def open_pull_request(self, number: int, title: str = "A change", author: str = "mona") -> None:
        """A pull request is an issue too."""
        self.issues[number] = issue(self._url, number, title, "", user(author), self.now, pull=True)

    def someone_comments(self, number: int, login: str, body: str) -> int:
        """A comment of somebody else; returns its id."""
        made = comment(self._url, number, self._next(), body, user(login), self.now)
        self.comments[made["id"]] = made
        return int(made["id"])

    def _next(self) -> int:
        self._serial += 1
        return 1000 + self._serial

    @property
    def _url(self) -> str:
        return f"{self.api}/repos/{self.owner}/{self.name}"

    def _answer(
        self, operation: str, parts: dict[str, str], query: dict[str, list[str]], body: Any, request: httpx.Request
    ) -> Answer:
        if parts.get("repo") == self.renamed_from and self.renamed_from:
            there = str(request.url).replace(f"/{self.renamed_from}/", f"/{self.name}/")
            return Answer(301, {"message": "Moved Permanently", "url": there}, {"location": there})
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return Answer(401, {"message": "Requires authentication"})
        needed = _NEEDS.get(operation)
        if needed is not None and self.grants.get(needed) != "write":
            told = {"message": "Resource not accessible by integration"}
            return Answer(403, told, {"x-accepted-github-permissions": f"{needed}=write"})
        act: Callable[..., Answer] | None = getattr(self, "_" + re.sub(r"[/-]", "_", operation), None)
        if act is None:
            raise AssertionError(f"the fake does not do {operation} yet")
        return act(parts, query, body)

    def _issues_get(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        found = self.issues.get(int(parts["issue_number"]))
        return Answer(200, found) if found else missing()

    def _issues_list_comments(self, parts: dict[str, str], query: dict[str, list[str]], _: Any) -> Answer:
        number = parts["issue_number"]
        mine = [c for c in self.comments.values() if c["issue_url"].endswith(f"/{number}")]
        return self._paged(mine, query, f"/repos/{self.owner}/{self.name}/issues/{number}/comments")

    def _issues_create_comment(self, parts: dict[str, str], _: Any, body: Any) -> Answer:
        number = int(parts["issue_number"])
        if number not in self.issues:
            return missing()
        if len(body["body"]) > COMMENT_LIMIT:
            return _too_long()
        made = comment(self._url, number, self._next(), body["body"], user(self.me), self.now)
        self.comments[made["id"]] = made
        return Answer(201, made)

    def _issues_update_comment(self, parts: dict[str, str], _: Any, body: Any) -> Answer:
        if self.vanishing:
            # Somebody deletes it between the list and the change.
            self.comments.pop(int(parts["comment_id"]), None)
        found = self.comments.get(int(parts["comment_id"]))
        if found is None:
            return missing()
        if len(body["body"]) > COMMENT_LIMIT:
            return _too_long()
        found.update(body=body["body"], updated_at=stamp(self.now + timedelta(seconds=1)))
        return Answer(200, found)

    def _issues_delete_comment(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        return Answer(204) if self.comments.pop(int(parts["comment_id"]), None) else missing()

    def _checks_create(self, _: Any, __: Any, body: Any) -> Answer:
        made = check_run(self.api, self._url, self._next(), body, self.now)
        self.runs[made["id"]] = made
        self._annotate(made, body)
        return Answer(201, made)

    def _checks_update(self, parts: dict[str, str], _: Any, body: Any) -> Answer:
        found = self.runs.get(int(parts["check_run_id"]))
        if found is None:
            return missing()
        self.runs[found["id"]] = check_run(self.api, self._url, found["id"], {**_asked(found), **body}, self.now)
        self.runs[found["id"]]["output"]["annotations_count"] = found["output"]["annotations_count"]
        self._annotate(self.runs[found["id"]], body)
        return Answer(200, self.runs[found["id"]])

    def _checks_get(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        found = self.runs.get(int(parts["check_run_id"]))
        return Answer(200, found) if found else missing()

    def _checks_list_for_ref(self, parts: dict[str, str], query: dict[str, list[str]], _: Any) -> Answer:
        name = query.get("check_name", [None])[0]
        mine = [r for r in self.runs.values() if r["head_sha"] == parts["ref"] and name in (None, r["name"])]
        return Answer(200, {"total_count": len(mine), "check_runs": mine})

    def _annotate(self, run: dict[str, Any], body: Any) -> None:
        added = body.get("output", {}).get("annotations", [])
        assert len(added) <= 50, "GitHub takes 50 annotations in one request"
        run["output"]["annotations_count"] += len(added)
        self.annotations.setdefault(run["id"], []).extend(added)

    def _repos_create_deployment(self, _: Any, __: Any, body: Any) -> Answer:
        made = deployment(self._url, self._next(), body, user(self.me), self.now)
        self.deployments[made["id"]] = made
        return Answer(201, made)

    def _repos_list_deployments(self, _: Any, query: dict[str, list[str]], __: Any) -> Answer:
        wanted = query.get("environment", [None])[0]
        mine = [d for d in self.deployments.values() if wanted in (None, d["environment"])]
        return self._paged(reversed(mine), query, f"/repos/{self.owner}/{self.name}/deployments")

    def _repos_create_deployment_status(self, parts: dict[str, str], _: Any, body: Any) -> Answer:
        number = int(parts["deployment_id"])
        if number not in self.deployments:
            return missing()
        made = deployment_status(self._url, number, self._next(), body, user(self.me), self.now)
        self.statuses.setdefault(number, []).append(made)
        return Answer(201, made)

    def _repos_list_deployment_statuses(self, parts: dict[str, str], query: dict[str, list[str]], _: Any) -> Answer:
        number = parts["deployment_id"]
        path = f"/repos/{self.owner}/{self.name}/deployments/{number}/statuses"
        return self._paged(reversed(self.statuses.get(int(number), [])), query, path)

    def _issues_list_for_repo(self, _: Any, query: dict[str, list[str]], __: Any) -> Answer:
        state, labels = query.get("state", ["open"])[0], query.get("labels", [""])[0]
        creator = query.get("creator", [None])[0]
        mine = [
            i
            for i in self.issues.values()
            if state in ("all", i["state"])
            and creator in (None, i["user"]["login"])
            and set(filter(None, labels.split(","))) <= {x["name"] for x in i["labels"]}
        ]
        return self._paged(reversed(mine), query, f"/repos/{self.owner}/{self.name}/issues")

    def _issues_create(self, _: Any, __: Any, body: Any) -> Answer:
        number = max(self.issues, default=0) + 1
        labels = tuple(body.get("labels", ()))
        made = issue(self._url, number, body["title"], body.get("body", ""), user(self.me), self.now, labels=labels)
        self.issues[number] = made
        return Answer(201, made)

    def _issues_update(self, parts: dict[str, str], _: Any, body: Any) -> Answer:
        found = self.issues.get(int(parts["issue_number"]))
        if found is None:
            return missing()
        found.update(
            {name: value for name, value in body.items() if name in ("title", "body", "state", "state_reason")}
        )
        return Answer(200, found)


_NEEDS = {
    "issues/create-comment": "issues",
    "issues/update-comment": "issues",
    "issues/create": "issues",
    "issues/update": "issues",
    "actions/re-run-workflow": "actions",
    "repos/create-release": "contents",
    "checks/create": "checks",
    "code-scanning/upload-sarif": "security_events",
    "checks/update": "checks",
    "repos/create-deployment": "deployments",
    "repos/create-deployment-status": "deployments",
}


@dataclass
class Stumble:
    """One bad moment. `done_first`: GitHub does the thing, and fails to say so."""

    status: int = 502
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    done_first: bool = False

    def response(self, request: httpx.Request) -> httpx.Response:
        if self.status == 0:
            raise httpx.ReadError("the connection was reset", request=request)
        content = json.dumps(self.body).encode() if self.body is not None else b"<html>Bad gateway</html>"
        return httpx.Response(self.status, content=content, headers=dict(self.headers), request=request)


def _too_long() -> Answer:
    told = {
        "message": "Validation Failed",
        "documentation_url": "https://docs.github.com/rest",
        "errors": [
            {
                "resource": "IssueComment",
                "code": "unprocessable",
                "field": "data",
                "message": "Body is too long (maximum is 65536 characters)",
            }
        ],
    }
    return Answer(422, told)


def _asked(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run as it was asked for."""
    names = ("name", "head_sha", "status", "conclusion", "external_id", "details_url", "completed_at", "started_at")
    kept = {name: run[name] for name in names if run.get(name) is not None}
    return {**kept, "output": {"title": run["output"]["title"], "summary": run["output"]["summary"]}}
