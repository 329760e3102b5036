"""One rolling issue for each thing that is looked after: opened, rewritten, closed, and opened again."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from terrace.adapters.github.client import GitHub
from terrace.forge.matters import Matter

LABEL = "terrace:{kind}"

DEEP = 500
"""Issues among which ours are looked for, the newest first."""

LONGEST = 60_000
"""Bytes of a body: GitHub takes 65,536 characters."""


class GitHubTracker:
    """The issues of one repository that `login` keeps. An issue of somebody else with our marker is somebody else's."""

    def __init__(self, github: GitHub, login: str) -> None:
        self._github = github
        self._login = login

    def keep(self, matter: Matter) -> str | None:
        found, *others = self._mine(matter) or [None]
        for extra in others:
            # Two runs that raced opened one each.
            if extra["state"] == "open":
                self._set(extra, {"state": "closed", "state_reason": "not_planned"})
        if found is None:
            return self._opened(matter) if matter.open else None
        state = "open" if matter.open else "closed"
        asked: dict[str, Any] = {}
        if found["state"] != state:
            asked |= {"state": state, "state_reason": "reopened" if matter.open else "completed"}
        # What is closed stays as it was last told.
        if matter.open and found["body"] != (body := _body(matter)):
            asked["body"] = body
        if asked:
            found = self._set(found, asked)
        return str(found["html_url"])

    def _opened(self, matter: Matter) -> str:
        label = LABEL.format(kind=matter.kind)
        asked = {"title": matter.title[:250], "body": _body(matter), "labels": [label]}
        made = self._github.once("POST", "issues", asked, lambda: next(iter(self._mine(matter)), None))
        return str(made["html_url"])

    def _set(self, issue: Mapping[str, Any], asked: Mapping[str, Any]) -> Any:
        return self._github.put("PATCH", f"issues/{int(issue['number'])}", asked)

    def _mine(self, matter: Matter) -> list[Any]:
        """Our issues of that matter, an open one first: by their label, else whatever labels they have by now."""
        return self._told(matter, labels=LABEL.format(kind=matter.kind)) or self._told(matter)

    def _told(self, matter: Matter, **those: str) -> list[Any]:
        # Not by who opened it: how GitHub takes the login of a program there is not described.
        everything = self._github.each("issues", state="all", sort="updated", **those)
        mine = [
            issue
            for issue in islice(everything, DEEP)
            if "pull_request" not in issue
            and (issue.get("user") or {}).get("login") == self._login
            and (issue.get("body") or "").startswith(matter.marker)
        ]
        mine.sort(key=lambda issue: (issue["state"] != "open", -int(issue["number"])))
        return mine


def _body(matter: Matter) -> str:
    whole = f"{matter.marker}\n\n{matter.body}\n"
    if len(whole.encode()) <= LONGEST:
        return whole
    kept: list[str] = []
    room = LONGEST - 200
    for line in whole.split("\n"):
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, "", "There is more, which does not fit here: `terrace drift` tells all of it."]) + "\n"
