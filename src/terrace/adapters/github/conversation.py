"""Comments, people and pull requests. They are read from GitHub each time: a notification may be old or forged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from terrace.adapters.github.actions import LOGIN
from terrace.adapters.github.client import GitHub
from terrace.adapters.github.comments import Comments
from terrace.adapters.github.merges import GitHubMerges, writers
from terrace.adapters.github.refusals import Refused
from terrace.errors import BadInput
from terrace.forge.model import Change, Comment, Permission, Review, RunReview

CHECK = ".github/workflows/00-pr-validation.yml"
"""The workflow that checks pull requests, as `terrace init github` writes it."""

# The logins of Enterprise Managed Users end with _ and the short name of the enterprise.
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}(\[bot\])?")
_PERMISSIONS: Mapping[str, Permission] = {level: level for level in get_args(Permission)}
Sign = Literal["seen", "done", "refused"]
"""Reactions that a comment gets immediately, before the reply."""

_REACTIONS: Mapping[Sign, str] = {"seen": "eyes", "done": "+1", "refused": "confused"}


class GitHubConversation:
    """The conversations of one repository with the protected branch `branch`. `login` is the account that Terrace
    writes as; `marker` returns the first line of the reply to a comment, by the comment's id.
    """

    def __init__(self, github: GitHub, login: str, branch: str, marker: Callable[[str], str]) -> None:
        self._github = github
        self._login = login
        self._comments = Comments(github, login)
        self._merges = GitHubMerges(github, branch)
        self._marker = marker

    def read_comment(self, id_: str) -> Comment | None:
        response = self._github.find(f"issues/comments/{_number(id_)}")
        return None if response is None else _comment_of(response)

    def permission(self, login: str) -> Permission:
        """Returns the permission that GitHub computes from teams, organization and repository. A custom role counts as
        the role that it is based on."""
        response = self._github.find(f"collaborators/{_login(login)}/permission")
        return "none" if response is None else _PERMISSIONS.get(_level(response), "none")

    def change(self, number: int) -> Change | None:
        pull = self._github.find(f"pulls/{int(number)}")
        if pull is None:
            return None
        head, base = pull["head"], pull["base"]
        return Change(
            number=int(pull["number"]),
            author=str((pull.get("user") or {}).get("login", "")),
            head=str(head["sha"]),
            base=str(base["ref"]),
            open=pull["state"] == "open",
            merged=str(pull.get("merge_commit_sha") or "") if pull.get("merged") else "",
            # A head whose repository no longer exists came from a fork.
            foreign=(head.get("repo") or {}).get("id") != base["repo"]["id"],
            pushers=writers(self._github, int(number)),
        )

    def acknowledge(self, comment: Comment, sign: Sign) -> None:
        path = f"issues/comments/{_number(comment.id)}/reactions"
        try:
            # GitHub keeps one reaction of a kind per account, so that a second request changes nothing.
            self._github.create_once("POST", path, {"content": _REACTIONS[sign]}, lambda: None)
        except Refused as error:
            if error.status != 404:
                raise

    def reply(self, number: int, to: str, body: str) -> str:
        return self._comments.keep(number, self._marker(to), body)

    @property
    def me(self) -> str:
        return self._login

    @property
    def mine_alone(self) -> bool:
        """The tokens of all workflows write as `github-actions[bot]`."""
        return self._login != LOGIN

    def origins(self, commit: str) -> tuple[int, ...]:
        return self._merges.origins(commit)

    def review(self, number: int, id_: str) -> Review | None:
        response = self._github.find(f"pulls/{int(number)}/reviews/{_number(id_)}")
        if response is None or not response.get("submitted_at"):
            return None
        user = response.get("user") or {}
        return Review(
            id=str(int(response["id"])),
            number=int(number),
            login=str(user.get("login", "")),
            machine=user.get("type") != "User",
            approves=response["state"] == "APPROVED",
            head=str(response.get("commit_id") or ""),
            text=str(response.get("body") or ""),
            at=datetime.fromisoformat(response["submitted_at"]),
        )

    def testify(self, number: int, marker: str, body: str) -> str:
        return str(int(self._comments.put(number, marker, body)["id"]))

    def rewrite(self, number: int, body: str) -> None:
        self._github.put("PATCH", f"issues/{int(number)}", {"body": body})

    def run_reviews(self, run: str) -> tuple[RunReview, ...]:
        """https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run"""
        reviews = []
        # GitHub deletes runs after a while, and their reviews with them.
        for review in self._github.find(f"actions/runs/{_number(run)}/approvals") or ():
            user = review.get("user") or {}
            if review["state"] not in ("approved", "rejected"):
                continue
            for environment in review["environments"]:
                reviews.append(
                    RunReview(
                        run,
                        str(environment.get("name", "")),
                        str(user.get("login", "")),
                        user.get("type") != "User",
                        review["state"] == "approved",
                        str(review.get("comment") or ""),
                    )
                )
        return tuple(reviews)

    def again(self, change: Change) -> str | None:
        runs = list(self._github.each("actions/runs", "workflow_runs", head_sha=change.head, event="pull_request"))
        ours = (run for run in runs if run["path"].partition("@")[0] == CHECK)
        # Where another workflow runs `terrace check`, its newest run is used.
        run = next(ours, next(iter(runs), None))
        if run is None:
            return None
        if run["status"] == "completed":
            # A second request runs it twice or is rejected: both are harmless.
            self._github.create_once("POST", f"actions/runs/{int(run['id'])}/rerun", {}, lambda: {})
        return str(run["html_url"])


def _comment_of(response: Mapping[str, Any]) -> Comment:
    user = response.get("user") or {}
    return Comment(
        id=str(int(response["id"])),
        number=int(str(response["issue_url"]).rsplit("/", 1)[1]),
        login=str(user.get("login", "")),
        machine=user.get("type") != "User" or response.get("performed_via_github_app") is not None,
        text=str(response.get("body") or ""),
        at=datetime.fromisoformat(response["created_at"]),
        edited=_second(response["updated_at"]) != _second(response["created_at"]),
        url=str(response["html_url"]),
    )


def _second(time: str) -> datetime:
    """Returns a time in whole seconds, as GitHub reports it, so that a finer one is not mistaken for an edit."""
    return datetime.fromisoformat(time).replace(microsecond=0)


def _level(response: Mapping[str, Any]) -> str:
    """Returns the level of a permission. `permission` has four values: it is read for triage and write for maintain.
    `role_name` has more, among them custom roles."""
    role = str(response.get("role_name") or "")
    return role if role in ("triage", "maintain") else str(response["permission"])


def _number(id_: str) -> int:
    if not re.fullmatch(r"[0-9]{1,20}", id_):
        raise BadInput(f"{id_[:40]!r} is not a valid id")
    return int(id_)


def _login(login: str) -> str:
    if not _LOGIN.fullmatch(login):
        raise BadInput(f"{login[:60]!r} is not a valid GitHub login")
    return login
