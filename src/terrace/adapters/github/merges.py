"""How a commit came into the protected branch: through which pull request, and who approved what was merged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused
from terrace.adapters.github.writers import writers
from terrace.errors import BadInput

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_DECISIVE = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
_MAY = ("write", "admin")
_BASE_CHANGES = ("base_ref_changed", "base_ref_force_pushed", "automatic_base_change_succeeded")
"""Events of a pull request after which it shows another difference than before."""

_MOST_COMMITS = 250
"""Commits of a merge by rebase that are looked at: GitHub rebases no more than 100."""


class MergedContent(Protocol):
    """What Git says about commits. Raises NotReady where it cannot be told."""

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Whether one commit is in the history of another."""
        ...

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit."""
        ...

    def is_merge(self, commit: str, base: str, head: str, ref: str) -> bool:
        """Whether a commit holds exactly the merge of `base` and `head`. `ref` leads to `head` at the remote."""
        ...


class GitHubMerges:
    """Pull requests that were merged into `branch`."""

    def __init__(self, github: GitHub, branch: str) -> None:
        self._github = github
        self._branch = branch
        self._known: dict[str, list[Mapping[str, Any]]] = {}

    def unreviewed(self, commit: str, tip: str, content: MergedContent) -> str | None:
        """Why a commit did not come through a reviewed pull request; None where it did.

        Reviewed: the newest commit of it was approved by somebody who may write here, did not open it and wrote none
        of it, for the branch that it was merged into, and nobody such asks for changes; and what was merged is that
        commit and nothing else. What was pushed by hand, and no pull request knows, is not. `tip` is what is to be
        deployed: of what lies inside of a merge by rebase the last commit has to be among it.
        """
        merged = self._merging(commit)
        if not merged:
            return f"came into {self._branch} by no merged pull request"
        made = _made_by(merged, commit)
        told = [self._lacks(one) or self._holds_more(one, commit, tip, content) for one in made or merged]
        if made:
            return None if None in told else told[0]
        return next((why for why in told if why is not None), None)

    def origin(self, commit: str) -> int | None:
        """The number of the pull request that a commit was merged by; the newest of several, None without any."""
        merged = self._merging(commit)
        return max((int(one["number"]) for one in _made_by(merged, commit) or merged), default=None)

    def origins(self, commit: str) -> tuple[int, ...]:
        """The numbers of all pull requests that a commit may have been merged by, the newest first."""
        return tuple(sorted({int(one["number"]) for one in self._came_by(commit)}, reverse=True))

    def openers(self, commit: str) -> tuple[str, ...]:
        """The accounts that opened the pull requests that a commit was merged by; none where it was pushed."""
        logins = {str((one.get("user") or {}).get("login") or "") for one in self._came_by(commit)}
        return tuple(sorted(logins - {""}))

    def _came_by(self, commit: str) -> list[Mapping[str, Any]]:
        merged = self._merging(commit)
        return _made_by(merged, commit) or merged

    def _merging(self, commit: str) -> list[Mapping[str, Any]]:
        """The merged pull requests that have a commit; none where GitHub does not know the commit.

        A later one may have it among its own commits although it was on the branch before.
        """
        if not _COMMIT.fullmatch(commit):
            raise BadInput(f"{commit[:60]!r} is no commit")
        if commit not in self._known:
            try:
                found = [one for one in self._github.each(f"commits/{commit}/pulls") if self._merged(one)]
            except Refused as error:
                if error.status not in (404, 422):
                    raise
                found = []
            self._known[commit] = found
        return self._known[commit]

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
        approved = {
            login: review
            for login, review in sorted(newest.items())
            if review["state"] == "APPROVED" and review.get("commit_id") == head
        }
        may = [login for login in approved if self._may(login)]
        if not may:
            return f"came by pull request {number}, whose newest commit nobody else approved"
        moved = self._base_moved(number)
        approvers = [login for login in may if moved is None or _at(approved[login].get("submitted_at")) > moved]
        if not approvers:
            return f"came by pull request {number}, whose base was changed after it was approved"
        return self._self_made(number, approvers)

    def _base_moved(self, number: int) -> datetime | None:
        """When a pull request was last aimed at another branch, or that branch written anew: reviews of before saw
        another difference."""
        events = self._github.each(f"issues/{number}/events")
        return max((_at(one.get("created_at")) for one in events if one.get("event") in _BASE_CHANGES), default=None)

    def _holds_more(self, pull: Mapping[str, Any], commit: str, tip: str, content: MergedContent) -> str | None:
        """Why what was merged is not what was reviewed; None where it is."""
        number, head, end = int(pull["number"]), str(pull["head"]["sha"]), str(pull.get("merge_commit_sha"))
        came = f"came by pull request {number}"
        if not _COMMIT.fullmatch(end) or not _COMMIT.fullmatch(head):
            return f"{came}, of which GitHub does not say what it became"
        if commit != end and not content.contains(tip, end):
            return f"lies inside of pull request {number}, and what was reviewed is the whole: deploy {end[:12]}"
        if end == head:
            return None
        parents, ref = content.parents(end), f"refs/pull/{number}/head"
        if len(parents) > 1 and parents[1:] != (head,):
            others = ", ".join(one[:12] for one in parents[1:])
            return f"{came}, but {end[:12]} merges {others} instead of {head[:12]}, which was reviewed"
        if parents and content.is_merge(end, parents[0], head, ref):
            return None
        if len(parents) == 1:
            before = self._before(number, end, content)
            if before != parents[0] and content.is_merge(end, before, head, ref):
                return None
        return f"{came}, but {end[:12]} holds something else than the merge of {head[:12]}, which was reviewed"

    def _before(self, number: int, end: str, content: MergedContent) -> str:
        """The commit that a pull request was rebased onto: the newest one that did not come by it."""
        at = end
        for _ in range(_MOST_COMMITS):
            parents = content.parents(at)
            if len(parents) != 1:
                break
            at = parents[0]
            merged = self._merging(at)
            if _made_by(merged, at) or number not in {int(one["number"]) for one in merged}:
                break
        return at

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


def _at(told: object) -> datetime:
    """A time as GitHub writes it. One that it does not tell is taken for the earliest of an approval."""
    return datetime.fromisoformat(str(told)) if told else datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _made_by(merged: Sequence[Mapping[str, Any]], commit: str) -> list[Mapping[str, Any]]:
    """Those whose merge made this very commit; none for a commit inside of a rebase, of which GitHub tells the last."""
    return [one for one in merged if one.get("merge_commit_sha") == commit]
