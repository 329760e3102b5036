"""One living comment: found by its marker and by who wrote it, changed in place, never there twice."""

from __future__ import annotations

from typing import Any

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused

LONGEST = 65_536
"""Characters that GitHub takes in one comment."""


class Comments:
    """The comments of Terrace on issues and pull requests. `author` is the login that it writes as: a comment of
    somebody else with our marker in it is somebody else's, whatever it says."""

    def __init__(self, github: GitHub, author: str) -> None:
        self._github = github
        self._author = author

    def keep(self, number: int, marker: str, body: str) -> str:
        """Have exactly this one comment with that marker on an issue or pull request; returns its address.

        `body` begins with the marker: what a change shows in code may hold any. The same body again changes nothing.
        More than one (two runs that raced) become the oldest; one that was deleted meanwhile is written anew.
        """
        return str(self.kept(number, marker, body)["html_url"])

    def kept(self, number: int, marker: str, body: str) -> dict[str, Any]:
        """The same; returns the comment as GitHub has it."""
        mine = self._mine(number, marker)
        for extra in mine[1:]:
            self._forget(extra)
        if mine:
            if mine[0]["body"] == body:
                return mine[0]
            try:
                return dict(self._github.put("PATCH", f"issues/comments/{mine[0]['id']}", {"body": body}))
            except Refused as error:
                if error.status != 404:
                    raise
        made = self._github.once(
            "POST", f"issues/{number}/comments", {"body": body}, lambda: next(iter(self._mine(number, marker)), None)
        )
        return dict(made)

    def _mine(self, number: int, marker: str) -> list[dict[str, Any]]:
        """Oldest first, as GitHub lists them."""
        return [
            comment
            for comment in self._github.each(f"issues/{number}/comments")
            if (comment.get("user") or {}).get("login") == self._author
            and (comment.get("body") or "").startswith(marker)
        ]

    def _forget(self, comment: dict[str, Any]) -> None:
        try:
            self._github.put("DELETE", f"issues/comments/{comment['id']}")
        except Refused as error:
            if error.status != 404:
                raise
