"""How a commit reached the protected branch: by which pull request, and who wrote and approved what was merged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused
from terrace.errors import BadInput

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_DECISIVE = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
_MAY = ("write", "admin")
_BASE_CHANGES = ("base_ref_changed", "base_ref_force_pushed", "automatic_base_change_succeeded")
"""Events after which a pull request shows a different diff."""

_MOST_COMMITS = 250
"""Maximum number of commits of a rebase merge that are read. GitHub rebases at most 100."""


class MergedContent(Protocol):
    """Answers questions about commits from Git. Raises NotReady where Git cannot determine the answer."""

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Returns whether one commit is in the history of another."""
        ...

    def parents(self, commit: str) -> tuple[str, ...]:
        """Returns the parents of a commit."""
        ...

    def is_merge(self, commit: str, base: str, head: str, ref: str) -> bool:
        """Returns whether the content of a commit is exactly the merge of `base` and `head`. `ref` is the ref of `head`
        at the remote."""
        ...


class GitHubMerges:
    """Pull requests that were merged into `branch`."""

    def __init__(self, github: GitHub, branch: str) -> None:
        self._github = github
        self._branch = branch
        self._known: dict[str, list[Mapping[str, Any]]] = {}

    def why_unreviewed(self, commit: str, tip: str, content: MergedContent) -> str | None:
        """Returns why a commit did not come through a reviewed pull request; None where it did.

        Reviewed means: a person with write access who neither opened the pull request nor wrote any of its commits
        approved its newest commit, for the branch that it was merged into; no such person requests changes; and the
        merged content is that commit and nothing else. A commit that was pushed directly is not reviewed. `tip` is the
        commit to be deployed: for a commit within a rebase merge, it must contain the last commit of that merge.
        """
        merged = self._merged_pulls_of(commit)
        if not merged:
            return f"reached {self._branch} without a merged pull request"
        creators = _pulls_creating(merged, commit)
        problems = [
            self._missing_reviewer(pull) or self._unreviewed_content(pull, commit, tip, content)
            for pull in creators or merged
        ]
        if creators:
            return None if None in problems else problems[0]
        return next((why for why in problems if why is not None), None)

    def origin(self, commit: str) -> int | None:
        """Returns the number of the pull request that a commit was merged by: the newest of several, or None."""
        merged = self._merged_pulls_of(commit)
        return max((int(pull["number"]) for pull in _pulls_creating(merged, commit) or merged), default=None)

    def origins(self, commit: str) -> tuple[int, ...]:
        """Returns the numbers of all pull requests that a commit may have been merged by, newest first."""
        return tuple(sorted({int(pull["number"]) for pull in self._pulls_merged_with(commit)}, reverse=True))

    def openers(self, commit: str) -> tuple[str, ...]:
        """Returns the accounts that opened the pull requests that a commit was merged by; none where it was pushed
        directly."""
        logins = {str((pull.get("user") or {}).get("login") or "") for pull in self._pulls_merged_with(commit)}
        return tuple(sorted(logins - {""}))

    def _pulls_merged_with(self, commit: str) -> list[Mapping[str, Any]]:
        merged = self._merged_pulls_of(commit)
        return _pulls_creating(merged, commit) or merged

    def _merged_pulls_of(self, commit: str) -> list[Mapping[str, Any]]:
        """Returns the merged pull requests with a commit; none where GitHub does not know the commit. A later pull
        request can contain a commit that was already on the branch.
        """
        if not _COMMIT.fullmatch(commit):
            raise BadInput(f"{commit[:60]!r} is not a valid commit id")
        if commit not in self._known:
            try:
                pulls = [pull for pull in self._github.each(f"commits/{commit}/pulls") if self._is_merged(pull)]
            except Refused as error:
                if error.status not in (404, 422):
                    raise
                pulls = []
            self._known[commit] = pulls
        return self._known[commit]

    def _is_merged(self, pull: Mapping[str, Any]) -> bool:
        return bool(pull.get("merged_at")) and pull["base"]["ref"] == self._branch

    def _missing_reviewer(self, pull: Mapping[str, Any]) -> str | None:
        number, head = int(pull["number"]), str(pull["head"]["sha"])
        author = str((pull.get("user") or {}).get("login", ""))
        newest: dict[str, Mapping[str, Any]] = {}
        for review in self._github.each(f"pulls/{number}/reviews"):
            login = (review.get("user") or {}).get("login")
            if login is not None and login != author and review["state"] in _DECISIVE:
                newest[login] = review
        asks = sorted(login for login, review in newest.items() if review["state"] == "CHANGES_REQUESTED")
        if any(self._can_review(login) for login in asks):
            return f"was merged by pull request {number}, in which a reviewer requests changes"
        approved = {
            login: review
            for login, review in sorted(newest.items())
            if review["state"] == "APPROVED" and review.get("commit_id") == head
        }
        may = [login for login in approved if self._can_review(login)]
        if not may:
            return f"was merged by pull request {number}, whose newest commit was not approved by another person"
        moved = self._base_moved(number)
        approvers = [login for login in may if moved is None or _at(approved[login].get("submitted_at")) > moved]
        if not approvers:
            return f"was merged by pull request {number}, whose base branch was changed after the approval"
        return self._only_own_reviews(number, approvers)

    def _base_moved(self, number: int) -> datetime | None:
        """Returns when the base of a pull request last changed or was force-pushed: earlier reviews saw a different
        diff."""
        events = self._github.each(f"issues/{number}/events")
        return max(
            (_at(event.get("created_at")) for event in events if event.get("event") in _BASE_CHANGES), default=None
        )

    def _unreviewed_content(self, pull: Mapping[str, Any], commit: str, tip: str, content: MergedContent) -> str | None:
        """Returns why the merged content is not the reviewed content; None where it is."""
        number, head, end = int(pull["number"]), str(pull["head"]["sha"]), str(pull.get("merge_commit_sha"))
        came = f"was merged by pull request {number}"
        if not _COMMIT.fullmatch(end) or not _COMMIT.fullmatch(head):
            return f"{came}, for which GitHub reports no merge commit"
        if commit != end and not content.contains(tip, end):
            return f"is in the middle of pull request {number}, which was reviewed as a whole: deploy {end[:12]}"
        if end == head:
            return None
        parents, ref = content.parents(end), f"refs/pull/{number}/head"
        if len(parents) > 1 and parents[1:] != (head,):
            others = ", ".join(parent[:12] for parent in parents[1:])
            return f"{came}, but {end[:12]} merges {others} instead of the reviewed {head[:12]}"
        if parents and content.is_merge(end, parents[0], head, ref):
            return None
        if len(parents) == 1:
            before = self._before(number, end, content)
            if before != parents[0] and content.is_merge(end, before, head, ref):
                return None
        return f"{came}, but the content of {end[:12]} is not the merge of the reviewed {head[:12]}"

    def _before(self, number: int, end: str, content: MergedContent) -> str:
        """Returns the commit that a pull request was rebased onto: the newest one that is not part of it."""
        at = end
        for _ in range(_MOST_COMMITS):
            parents = content.parents(at)
            if len(parents) != 1:
                break
            at = parents[0]
            merged = self._merged_pulls_of(at)
            if _pulls_creating(merged, at) or number not in {int(pull["number"]) for pull in merged}:
                break
        return at

    def _only_own_reviews(self, number: int, approvers: Sequence[str]) -> str | None:
        """Returns why every approver reviewed their own work; None where one did not. The opener need not be the
        author: people push to pull requests that a bot opened.
        """
        wrote = writers(self._github, number)
        if wrote is None:
            return f"was merged by pull request {number}, some of whose authors GitHub does not know"
        if wrote.issuperset(approvers):
            return f"was merged by pull request {number}, which was approved only by its own authors"
        return None

    def _can_review(self, login: str) -> bool:
        """Returns whether the reviewer has write access. Reviews by bots are ignored."""
        if login.endswith("[bot]"):
            return False
        response = self._github.find(f"collaborators/{login}/permission")
        return response is not None and response["permission"] in _MAY


def _at(time: object) -> datetime:
    """Returns a time in GitHub's format. A missing one is treated as the earliest possible time of an approval."""
    return datetime.fromisoformat(str(time)) if time else datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _pulls_creating(merged: Sequence[Mapping[str, Any]], commit: str) -> list[Mapping[str, Any]]:
    """Returns the pull requests whose merge created this commit; none for an intermediate commit of a rebase merge,
    because GitHub reports the last one only.
    """
    return [pull for pull in merged if pull.get("merge_commit_sha") == commit]


MAX_LISTED_COMMITS = 250
"""Maximum number of commits of a pull request that GitHub lists. With that many, some authors may be missing."""


def writers(github: GitHub, number: int) -> frozenset[str] | None:
    """Returns the logins of all authors and committers; None where GitHub does not know one of them, or does not list
    all commits."""
    logins: set[str] = set()
    for place, commit in enumerate(github.each(f"pulls/{number}/commits"), 1):
        if place == MAX_LISTED_COMMITS:
            return None
        author = (commit.get("author") or {}).get("login")
        if author is None:
            return None
        logins |= {author, (commit.get("committer") or {}).get("login") or author}
    return frozenset(logins)
