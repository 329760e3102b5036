"""Comments, people and pull requests, asked from GitHub itself each time: a notification may be old, or forged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from terrace.adapters.github.actions import LOGIN
from terrace.adapters.github.client import GitHub
from terrace.adapters.github.comments import Comments
from terrace.adapters.github.merges import GitHubMerges
from terrace.adapters.github.refusals import Refused
from terrace.adapters.github.writers import writers
from terrace.errors import BadInput
from terrace.forge.model import Change, Permission, Review, RunReview, Said

CHECK = ".github/workflows/00-pr-validation.yml"
"""The workflow that checks changes, as `terrace init github` writes it."""

# Accounts that an enterprise manages end in _ and its short name.
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}(\[bot\])?")
_PERMISSIONS: Mapping[str, Permission] = {level: level for level in get_args(Permission)}
Sign = Literal["seen", "done", "refused"]
"""What a comment gets at once, before there are words."""

_REACTIONS: Mapping[Sign, str] = {"seen": "eyes", "done": "+1", "refused": "confused"}


class GitHubConversation:
    """The conversations of one repository, whose protected branch is `branch`.

    `login` is who we write as; `marker` is the first line of the answer to something said, by its id.
    """

    def __init__(self, github: GitHub, login: str, branch: str, marker: Callable[[str], str]) -> None:
        self._github = github
        self._login = login
        self._comments = Comments(github, login)
        self._merges = GitHubMerges(github, branch)
        self._marker = marker

    def said(self, id_: str) -> Said | None:
        told = self._github.find(f"issues/comments/{_number(id_)}")
        return None if told is None else _said(told)

    def permission(self, login: str) -> Permission:
        """The level that GitHub computes from teams, organisation and repository; a role of one's own counts as the
        level that it builds on."""
        told = self._github.find(f"collaborators/{_login(login)}/permission")
        return "none" if told is None else _PERMISSIONS.get(_level(told), "none")

    def change(self, number: int) -> Change | None:
        told = self._github.find(f"pulls/{int(number)}")
        if told is None:
            return None
        head, base = told["head"], told["base"]
        return Change(
            number=int(told["number"]),
            author=str((told.get("user") or {}).get("login", "")),
            head=str(head["sha"]),
            base=str(base["ref"]),
            open=told["state"] == "open",
            merged=str(told.get("merge_commit_sha") or "") if told.get("merged") else "",
            # A head whose repository is gone came from one that is not ours any more.
            foreign=(head.get("repo") or {}).get("id") != base["repo"]["id"],
            pushers=writers(self._github, int(number)),
        )

    def acknowledge(self, said: Said, sign: Sign) -> None:
        path = f"issues/comments/{_number(said.id)}/reactions"
        try:
            # The same reaction by the same account is there once, however often it is asked for.
            self._github.once("POST", path, {"content": _REACTIONS[sign]}, lambda: None)
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
        """The token of a workflow writes as `github-actions[bot]`, and so does that of every other workflow."""
        return self._login != LOGIN

    def origins(self, commit: str) -> tuple[int, ...]:
        return self._merges.origins(commit)

    def review(self, number: int, id_: str) -> Review | None:
        told = self._github.find(f"pulls/{int(number)}/reviews/{_number(id_)}")
        if told is None or not told.get("submitted_at"):
            return None
        user = told.get("user") or {}
        return Review(
            id=str(int(told["id"])),
            number=int(number),
            login=str(user.get("login", "")),
            machine=user.get("type") != "User",
            approves=told["state"] == "APPROVED",
            head=str(told.get("commit_id") or ""),
            text=str(told.get("body") or ""),
            at=datetime.fromisoformat(told["submitted_at"]),
        )

    def testify(self, number: int, marker: str, body: str) -> str:
        return str(int(self._comments.kept(number, marker, body)["id"]))

    def rewrite(self, number: int, body: str) -> None:
        self._github.put("PATCH", f"issues/{int(number)}", {"body": body})

    def run_reviews(self, run: str) -> tuple[RunReview, ...]:
        """https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run"""
        found = []
        # Runs are deleted after a while, and what was said to one with it.
        for told in self._github.find(f"actions/runs/{_number(run)}/approvals") or ():
            user = told.get("user") or {}
            if told["state"] not in ("approved", "rejected"):
                continue
            for environment in told["environments"]:
                found.append(
                    RunReview(
                        run,
                        str(environment.get("name", "")),
                        str(user.get("login", "")),
                        user.get("type") != "User",
                        told["state"] == "approved",
                        str(told.get("comment") or ""),
                    )
                )
        return tuple(found)

    def again(self, change: Change) -> str | None:
        found = list(self._github.each("actions/runs", "workflow_runs", head_sha=change.head, event="pull_request"))
        ours = (run for run in found if run["path"].partition("@")[0] == CHECK)
        # Who calls `terrace check` from a workflow of another name gets the newest.
        run = next(ours, next(iter(found), None))
        if run is None:
            return None
        if run["status"] == "completed":
            # Asked twice, it runs twice or is refused the second time: both are harmless.
            self._github.once("POST", f"actions/runs/{int(run['id'])}/rerun", {}, lambda: {})
        return str(run["html_url"])


def _said(told: Mapping[str, Any]) -> Said:
    user = told.get("user") or {}
    return Said(
        id=str(int(told["id"])),
        number=int(str(told["issue_url"]).rsplit("/", 1)[1]),
        login=str(user.get("login", "")),
        machine=user.get("type") != "User" or told.get("performed_via_github_app") is not None,
        text=str(told.get("body") or ""),
        at=datetime.fromisoformat(told["created_at"]),
        edited=_second(told["updated_at"]) != _second(told["created_at"]),
        url=str(told["html_url"]),
    )


def _second(time: str) -> datetime:
    """A time to the second: GitHub tells no finer one, and whoever does must not make an edit of it."""
    return datetime.fromisoformat(time).replace(microsecond=0)


def _level(told: Mapping[str, Any]) -> str:
    """`permission` knows four levels only, and says read for triage and write for maintain; `role_name` knows more, and
    names of the organisation's own."""
    role = str(told.get("role_name") or "")
    return role if role in ("triage", "maintain") else str(told["permission"])


def _number(id_: str) -> int:
    if not re.fullmatch(r"[0-9]{1,20}", id_):
        raise BadInput(f"{id_[:40]!r} is no id")
    return int(id_)


def _login(login: str) -> str:
    if not _LOGIN.fullmatch(login):
        raise BadInput(f"{login[:60]!r} is no account")
    return login
