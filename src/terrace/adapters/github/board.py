"""Deployments and their statuses on GitHub: found by what was put into them, made once, told anew when they change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused
from terrace.forge.announcements import Announcement, State
from terrace.text import clipped

LONGEST = 140
"""Characters of a description that GitHub takes."""

DEEP = 300
"""Deployments among which ours are looked for, the newest first: workflows of others make some too."""

_STATES: Mapping[State, str] = {
    "waiting": "queued",
    "working": "in_progress",
    "succeeded": "success",
    "failed": "failure",
    "unknown": "error",
    "gone": "inactive",
}


class GitHubBoard:
    """The deployments of one repository that `login` keeps. What somebody else made is theirs, whatever key is in it.

    `production` tells whether an environment is; `log` is where more is told.
    """

    def __init__(self, github: GitHub, login: str, production: Callable[[str], bool], log: str = "") -> None:
        self._github = github
        self._login = login
        self._production = production
        self._log = log

    def show(self, environment: str, newest: Sequence[Announcement]) -> None:
        if not newest:
            return
        there, refused = self._ours(environment, len(newest)), None
        for one in newest:
            found = there.get(one.key)
            # What is over before anybody showed it is history, and the ledger has it.
            if found is None and one.state == "gone":
                continue
            try:
                self._tell(found if found is not None else self._made(one), one)
            except Refused as error:
                # One whose commit was pushed away, say: the others are shown all the same.
                refused = error
        if refused is not None:
            raise refused

    def _ours(self, environment: str, number: int) -> dict[str, int]:
        """Our newest deployments of an environment: key -> GitHub's id."""
        found: dict[str, int] = {}
        for told in islice(self._github.each("deployments", environment=environment), DEEP):
            key = _key(told) if (told.get("creator") or {}).get("login") == self._login else None
            if key is not None:
                found.setdefault(key, int(told["id"]))
            if len(found) > number:
                break
        return found

    def _made(self, one: Announcement) -> int:
        asked = {
            "ref": one.commit,
            "environment": one.environment,
            "description": "Terrace " + one.key,
            "payload": {"terrace": one.key},
            "auto_merge": False,
            # The gates of Terrace were asked already; GitHub would ask for checks of a commit that is merged.
            "required_contexts": [],
            "production_environment": self._production(one.environment),
            "transient_environment": False,
        }
        made = self._github.once("POST", "deployments", asked, partial(self._seen, one))
        return int(made["id"])

    def _seen(self, one: Announcement) -> Mapping[str, Any] | None:
        found = self._ours(one.environment, 10).get(one.key)
        return None if found is None else {"id": found}

    def _tell(self, deployment: int, one: Announcement) -> None:
        wanted = (_STATES[one.state], clipped(one.description, LONGEST))
        if self._stands(deployment) == wanted:
            return
        asked = {"state": wanted[0], "description": wanted[1], "auto_inactive": False}
        if self._log:
            asked["log_url"] = self._log

        def seen() -> Any | None:
            return {} if self._stands(deployment) == wanted else None

        self._github.once("POST", f"deployments/{deployment}/statuses", asked, seen)

    def _stands(self, deployment: int) -> tuple[str, str] | None:
        """The newest status; None where there is none."""
        newest = next(iter(self._github.each(f"deployments/{deployment}/statuses")), None)
        return None if newest is None else (str(newest["state"]), str(newest.get("description") or ""))


def _key(told: Mapping[str, Any]) -> str | None:
    """What we put into a deployment; None where it is somebody else's."""
    payload = told.get("payload")
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            return None
    key = payload.get("terrace") if isinstance(payload, dict) else None
    return key if isinstance(key, str) else None
