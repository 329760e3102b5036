"""Deployments with their statuses, and releases, on GitHub. Each is found by what Terrace wrote into it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused
from terrace.errors import BadInput
from terrace.forge.announcements import Announcement, State
from terrace.text import clip

MAX_DESCRIPTION = 140
"""Maximum length of a description, in characters."""

MAX_DEPLOYMENTS = 300
"""Maximum number of deployments, newest first, that are searched for Terrace's: other workflows create deployments too.
"""

_STATES: Mapping[State, str] = {
    "waiting": "queued",
    "working": "in_progress",
    "succeeded": "success",
    "failed": "failure",
    "unknown": "error",
    "gone": "inactive",
}


class GitHubBoard:
    """The deployments of one repository that `login` created. Those of other accounts are ignored, whatever key they
    contain.

    `production` returns whether an environment is a production environment; `log` is the address of the log.
    """

    def __init__(self, github: GitHub, login: str, production: Callable[[str], bool], log: str = "") -> None:
        self._github = github
        self._login = login
        self._production = production
        self._log = log

    def show(self, environment: str, newest: Sequence[Announcement]) -> None:
        if not newest:
            return
        existing, refused = self._ours(environment, len(newest)), None
        for announcement in newest:
            deployment = existing.get(announcement.key)
            # A deployment that ended before it was ever shown is history: the ledger has it.
            if deployment is None and announcement.state == "gone":
                continue
            try:
                self._set_status(deployment if deployment is not None else self._create(announcement), announcement)
            except Refused as error:
                # For example, its commit no longer exists. The others are shown nevertheless.
                refused = error
        if refused is not None:
            raise refused

    def _ours(self, environment: str, number: int) -> dict[str, int]:
        """Returns Terrace's newest deployments of an environment: key -> GitHub's id."""
        by_key: dict[str, int] = {}
        for record in islice(self._github.each("deployments", environment=environment), MAX_DEPLOYMENTS):
            key = _key(record) if (record.get("creator") or {}).get("login") == self._login else None
            if key is not None:
                by_key.setdefault(key, int(record["id"]))
            if len(by_key) > number:
                break
        return by_key

    def _create(self, announcement: Announcement) -> int:
        body = {
            "ref": announcement.commit,
            "environment": announcement.environment,
            "description": "Terrace " + announcement.key,
            "payload": {"terrace": announcement.key},
            "auto_merge": False,
            # Terrace's gates have already passed. Without this, GitHub would require checks of a merged commit.
            "required_contexts": [],
            "production_environment": self._production(announcement.environment),
            "transient_environment": False,
        }
        created = self._github.create_once("POST", "deployments", body, partial(self._find, announcement))
        return int(created["id"])

    def _find(self, announcement: Announcement) -> Mapping[str, Any] | None:
        deployment = self._ours(announcement.environment, 10).get(announcement.key)
        return None if deployment is None else {"id": deployment}

    def _set_status(self, deployment: int, announcement: Announcement) -> None:
        status = (_STATES[announcement.state], clip(announcement.description, MAX_DESCRIPTION))
        if self._newest_status(deployment) == status:
            return
        body: dict[str, Any] = {"state": status[0], "description": status[1], "auto_inactive": False}
        if self._log:
            body["log_url"] = self._log
        if announcement.url:
            body["environment_url"] = announcement.url

        def find_status() -> Any | None:
            return {} if self._newest_status(deployment) == status else None

        self._github.create_once("POST", f"deployments/{deployment}/statuses", body, find_status)

    def _newest_status(self, deployment: int) -> tuple[str, str] | None:
        """Returns the newest status, None without one."""
        newest = next(iter(self._github.each(f"deployments/{deployment}/statuses")), None)
        return None if newest is None else (str(newest["state"]), str(newest.get("description") or ""))


def _key(record: Mapping[str, Any]) -> str | None:
    """Returns the key that Terrace wrote into a deployment; None where another tool created it."""
    payload = record.get("payload")
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            return None
    key = payload.get("terrace") if isinstance(payload, dict) else None
    return key if isinstance(key, str) else None


_TAG = re.compile(r"(?!-)[A-Za-z0-9._/-]{1,200}")


class GitHubReleases:
    """The releases of one repository."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def keep(self, tag: str, commit: str, name: str, notes: str) -> str:
        """Creates the release of a tag at that commit if there is none; returns its address. An existing release is not
        changed."""
        if not _TAG.fullmatch(tag):
            raise BadInput(f"{tag[:60]!r} is not a valid tag name")

        def find_release() -> dict[str, str] | None:
            return self._github.find(f"releases/tags/{quote(tag, safe='')}")

        body = {"tag_name": tag, "name": name[:250], "body": notes, "generate_release_notes": False}
        # Where the tag does not exist (yet), GitHub creates it: without this, at the newest commit.
        body["target_commitish"] = commit
        return str((find_release() or self._github.create_once("POST", "releases", body, find_release))["html_url"])
