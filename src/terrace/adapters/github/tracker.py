"""One issue per tracked subject: opened, updated, closed, and reopened."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from terrace.adapters.github.client import GitHub
from terrace.forge.tracked_problems import TrackedProblem

LABEL = "terrace:{kind}"

MAX_ISSUES = 500
"""Maximum number of issues, newest first, that are searched for Terrace's."""

MAX_BODY_BYTES = 60_000
"""Maximum size of a body in bytes. GitHub accepts 65,536 characters."""


class GitHubTracker:
    """The issues of one repository that `login` opened. Issues by other accounts are never changed, whatever marker
    they contain."""

    def __init__(self, github: GitHub, login: str) -> None:
        self._github = github
        self._login = login

    def keep(self, matter: TrackedProblem) -> str | None:
        issue, *others = self._own_issues(matter) or [None]
        for extra in others:
            # Two concurrent runs opened one each.
            if extra["state"] == "open":
                self._set(extra, {"state": "closed", "state_reason": "not_planned"})
        if issue is None:
            return self._open(matter) if matter.open else None
        state = "open" if matter.open else "closed"
        changes: dict[str, Any] = {}
        if issue["state"] != state:
            changes |= {"state": state, "state_reason": "reopened" if matter.open else "completed"}
        # A closed issue keeps its last text.
        if matter.open and issue["body"] != (body := _body(matter)):
            changes["body"] = body
        if changes:
            issue = self._set(issue, changes)
        return str(issue["html_url"])

    def _open(self, matter: TrackedProblem) -> str:
        label = LABEL.format(kind=matter.kind)
        changes = {"title": matter.title[:250], "body": _body(matter), "labels": [label]}
        created = self._github.create_once(
            "POST", "issues", changes, lambda: next(iter(self._own_issues(matter)), None)
        )
        return str(created["html_url"])

    def _set(self, issue: Mapping[str, Any], changes: Mapping[str, Any]) -> Any:
        return self._github.put("PATCH", f"issues/{int(issue['number'])}", changes)

    def _own_issues(self, matter: TrackedProblem) -> list[Any]:
        """Returns Terrace's issues about that subject, open ones first: those with the label, else those with any
        labels."""
        return self._list(matter, labels=LABEL.format(kind=matter.kind)) or self._list(matter)

    def _list(self, matter: TrackedProblem, **filters: str) -> list[Any]:
        # The list is not filtered by creator: GitHub does not document how it matches the login of an App.
        everything = self._github.each("issues", state="all", sort="updated", **filters)
        own_issues = [
            issue
            for issue in islice(everything, MAX_ISSUES)
            if "pull_request" not in issue
            and (issue.get("user") or {}).get("login") == self._login
            and (issue.get("body") or "").startswith(matter.marker)
        ]
        own_issues.sort(key=lambda issue: (issue["state"] != "open", -int(issue["number"])))
        return own_issues


def _body(matter: TrackedProblem) -> str:
    whole = f"{matter.marker}\n\n{matter.body}\n"
    if len(whole.encode()) <= MAX_BODY_BYTES:
        return whole
    fitting: list[str] = []
    room = MAX_BODY_BYTES - 200
    for line in whole.split("\n"):
        room -= len(line.encode()) + 1
        if room < 0:
            break
        fitting.append(line)
    return "\n".join([*fitting, "", "The rest does not fit here: run `terrace drift` for the complete report."]) + "\n"
