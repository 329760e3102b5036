"""How a commit came into the protected branch: through which pull request, and who approved what was merged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused
from terrace.adapters.github.writers import writers
from terrace.errors import BadInput

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_DECISIVE = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
_MAY = ("write", "admin")


class GitHubMerges:
    """Pull requests that were merged into `branch`."""

    def __init__(self, github: GitHub, branch: str) -> None:
        self._github = github
        self._branch = branch

    def unreviewed(self, commit: str) -> str | None:
        """Why a commit did not come through a reviewed pull request; None where it did.

        Reviewed: the newest commit of it was approved by somebody who may write here, did not open it and wrote none
        of it, and nobody such asks for changes. What was pushed by hand, and no pull request knows, is not.
        """
        merged = self._merging(commit)
        if not merged:
            return f"came into {self._branch} by no merged pull request"
        made = _made_by(merged, commit)
        told = [self._lacks(one) for one in made or merged]
        if made:
            return None if None in told else told[0]
        return next((why for why in told if why is not None), None)

    def origin(self, commit: str) -> int | None:
        """The number of the pull request that a commit was merged by; the newest of several, None without any."""
        merged = self._merging(commit)
        return max((int(one["number"]) for one in _made_by(merged, commit) or merged), default=None)

    def _merging(self, commit: str) -> list[Mapping[str, Any]]:
        """The merged pull requests that have a commit; none where GitHub does not know the commit.

        A later one may have it among its own commits although it was on the branch before.
        """
        if not _COMMIT.fullmatch(commit):
            raise BadInput(f"{commit[:60]!r} is no commit")
        try:
            return [one for one in self._github.each(f"commits/{commit}/pulls") if self._merged(one)]
        except Refused as error:
            if error.status in (404, 422):
                return []
            raise

    def _merged(self, pull: Mapping[str, Any]) -> bool:
        return bool(pull.get("merged_at")) and pull["base"]["ref"] == self._branch

    def _lacks(self, pull: Mapping[str, Any]) -> str | None:
        number, head = int(pull["number"]), str(pull["head"]["sha"])
        author = str((pull.get("user") or {}).get("login", ""))
        newest: dict[str, Mapping[str, Any]] = {}
        for review in self._github.each(f"pulls/{number}/reviews"):
            login = (review.get("user") or {}).get("login")
            if login is not None and login != author and review["state"] in _DECISIVE:
                newest[login] = review
        asks = sorted(login for login, review in newest.items() if review["state"] == "CHANGES_REQUESTED")
        if any(self._may(login) for login in asks):
            return f"came by pull request {number}, of which somebody asks for changes"
        approved = sorted(
            login
            for login, review in newest.items()
            if review["state"] == "APPROVED" and review.get("commit_id") == head
        )
        approvers = [login for login in approved if self._may(login)]
        if not approvers:
            return f"came by pull request {number}, whose newest commit nobody else approved"
        return self._self_made(number, approvers)

    def _self_made(self, number: int, approvers: Sequence[str]) -> str | None:
        """Why none of those who approved looked at the work of others; None where one did.

        Whoever opened it need not have written it: people push into a pull request that a program opened.
        """
        wrote = writers(self._github, number)
        if wrote is None:
            return f"came by pull request {number}, of which GitHub does not know who wrote it"
        if wrote.issuperset(approvers):
            return f"came by pull request {number}, which only those approved who wrote it"
        return None

    def _may(self, login: str) -> bool:
        """Whether somebody may write here; a program's review is nobody's."""
        if login.endswith("[bot]"):
            return False
        told = self._github.find(f"collaborators/{login}/permission")
        return told is not None and told["permission"] in _MAY


def _made_by(merged: Sequence[Mapping[str, Any]], commit: str) -> list[Mapping[str, Any]]:
    """Those whose merge made this very commit; none for a commit inside of a rebase, of which GitHub tells the last."""
    return [one for one in merged if one.get("merge_commit_sha") == commit]
