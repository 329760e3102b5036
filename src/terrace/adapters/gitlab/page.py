"""The page of one merge request on GitLab: a note that lives, and the status of its newest commit."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from terrace.adapters.gitlab.client import GitLab, Refused
from terrace.adapters.gitlab.jobs import Occasion

LONGEST_TITLE = 255
"""Characters of a status's description."""

_COMMAND = re.compile(r"(?m)^([ \t]*)/")


class MergeRequestPage:
    """A merge request, and the commit and pipeline that its verdict belongs to.

    A note of somebody else with our marker in it is somebody else's, whatever it says.
    """

    def __init__(self, gitlab: GitLab, at: Occasion) -> None:
        self._gitlab = gitlab
        self._at = at
        self._notes = f"merge_requests/{at.number}/notes"

    def comment(self, marker: str, body: str) -> str:
        text = quiet(body)
        mine = self._mine(marker)
        for extra in mine[1:]:
            self._forget(extra)
        if mine and mine[0]["body"] == text:
            return self._address(mine[0])
        if mine:
            try:
                return self._address(self._gitlab.put("PUT", f"{self._notes}/{mine[0]['id']}", {"body": text}))
            except Refused as error:
                if error.status != 404:
                    raise
        made = self._gitlab.once(self._notes, {"body": text}, lambda: next(iter(self._mine(marker)), None))
        return self._address(made)

    def conclude(self, name: str, *, passed: bool, title: str, summary: str, remarks: object) -> str:
        """GitLab's statuses have a line of text and no remarks: the note has the summary, and a report of JUnit's form
        shows what is to be seen at a line."""
        state, told = "success" if passed else "failed", title[:LONGEST_TITLE]

        def stands() -> Any | None:
            where = f"repository/commits/{self._at.commit}/statuses"
            found = [one for one in self._gitlab.each(where, name=name) if one["pipeline_id"] == self._at.pipeline]
            same = found and (found[-1]["status"], found[-1]["description"]) == (state, told)
            return found[-1] if same else None

        asked = {"state": state, "name": name, "description": told, "pipeline_id": self._at.pipeline}
        if stands() is None:
            self._gitlab.once(f"statuses/{self._at.commit}", asked, stands)
        return f"{self._at.url}/-/pipelines/{self._at.pipeline}"

    @cached_property
    def _me(self) -> int:
        return self._gitlab.me()

    def _mine(self, marker: str) -> list[dict[str, Any]]:
        """Oldest first."""
        notes = self._gitlab.each(self._notes, sort="asc", order_by="created_at", activity_filter="only_comments")
        return [note for note in notes if note["author"]["id"] == self._me and note["body"].startswith(marker)]

    def _forget(self, note: dict[str, Any]) -> None:
        try:
            self._gitlab.put("DELETE", f"{self._notes}/{note['id']}")
        except Refused as error:
            if error.status != 404:
                raise

    def _address(self, note: dict[str, Any]) -> str:
        return f"{self._at.url}/-/merge_requests/{self._at.number}#note_{note['id']}"


def quiet(body: str) -> str:
    """A text as GitLab keeps it, with no line that it takes for a quick action: those it would do, in our name."""
    return _COMMAND.sub(r"\1\\/", body).strip()
