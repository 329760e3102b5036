"""One comment per marker and author, which is updated in place and never duplicated."""

from __future__ import annotations

from typing import Any

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused

MAX_LENGTH = 65_536
"""Maximum length of a comment, in characters."""


class Comments:
    """Terrace's comments on issues and pull requests. `author` is the login that it writes as: comments by others are
    never changed, whatever marker they contain."""

    def __init__(self, github: GitHub, author: str) -> None:
        self._github = github
        self._author = author

    def keep(self, number: int, marker: str, body: str) -> str:
        """Keeps exactly this one comment with the marker on an issue or pull request; returns its address.

        `body` starts with the marker; a marker elsewhere in a comment is ignored. The same body again changes nothing.
        Of several (two concurrent runs) only the oldest remains. A comment that was deleted is created again.
        """
        return str(self.put(number, marker, body)["html_url"])

    def put(self, number: int, marker: str, body: str) -> dict[str, Any]:
        """Does the same; returns the comment as GitHub has it."""
        own_comments = self._own_comments(number, marker)
        for extra in own_comments[1:]:
            self._delete(extra)
        if own_comments:
            if own_comments[0]["body"] == body:
                return own_comments[0]
            try:
                return dict(self._github.put("PATCH", f"issues/comments/{own_comments[0]['id']}", {"body": body}))
            except Refused as error:
                if error.status != 404:
                    raise
        created = self._github.create_once(
            "POST",
            f"issues/{number}/comments",
            {"body": body},
            lambda: next(iter(self._own_comments(number, marker)), None),
        )
        return dict(created)

    def _own_comments(self, number: int, marker: str) -> list[dict[str, Any]]:
        """Returns Terrace's comments with the marker, oldest first."""
        return [
            comment
            for comment in self._github.each(f"issues/{number}/comments")
            if (comment.get("user") or {}).get("login") == self._author
            and (comment.get("body") or "").startswith(marker)
        ]

    def _delete(self, comment: dict[str, Any]) -> None:
        try:
            self._github.put("DELETE", f"issues/comments/{comment['id']}")
        except Refused as error:
            if error.status != 404:
                raise
