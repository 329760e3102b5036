"""The page of a merge request: one note that is updated, and the status of its newest commit."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from terrace.adapters.gitlab.client import GitLab, Refused
from terrace.adapters.gitlab.jobs import MergeRequestJob

LONGEST_TITLE = 255
"""Maximum length of a status description, in characters."""

_COMMAND = re.compile(r"(?m)^([ \t]*)/")


class MergeRequestPage:
    """One merge request, with the commit and the pipeline of its verdict. Notes by other accounts are never changed,
    whatever marker they contain.
    """

    def __init__(self, gitlab: GitLab, at: MergeRequestJob) -> None:
        self._gitlab = gitlab
        self._at = at
        self._notes = f"merge_requests/{at.number}/notes"

    def comment(self, marker: str, body: str) -> str:
        text = escape_quick_actions(body)
        own_notes = self._own_notes(marker)
        for extra in own_notes[1:]:
            self._delete(extra)
        if own_notes and own_notes[0]["body"] == text:
            return self._address(own_notes[0])
        if own_notes:
            try:
                return self._address(self._gitlab.put("PUT", f"{self._notes}/{own_notes[0]['id']}", {"body": text}))
            except Refused as error:
                if error.status != 404:
                    raise
        created = self._gitlab.create_once(
            self._notes, {"body": text}, lambda: next(iter(self._own_notes(marker)), None)
        )
        return self._address(created)

    def conclude(self, name: str, *, passed: bool, title: str, summary: str, remarks: object) -> str:
        """Sets the status of the commit. A status has one line of text and no annotations: the note has the summary,
        and a JUnit report shows the findings at their lines."""
        state, description = "success" if passed else "failed", title[:LONGEST_TITLE]

        def find_status() -> Any | None:
            where = f"repository/commits/{self._at.commit}/statuses"
            statuses = [
                status for status in self._gitlab.each(where, name=name) if status["pipeline_id"] == self._at.pipeline
            ]
            same = statuses and (statuses[-1]["status"], statuses[-1]["description"]) == (state, description)
            return statuses[-1] if same else None

        status = {"state": state, "name": name, "description": description, "pipeline_id": self._at.pipeline}
        if find_status() is None:
            self._gitlab.create_once(f"statuses/{self._at.commit}", status, find_status)
        return f"{self._at.url}/-/pipelines/{self._at.pipeline}"

    @cached_property
    def _me(self) -> int:
        return self._gitlab.me()

    def _own_notes(self, marker: str) -> list[dict[str, Any]]:
        """Returns Terrace's notes with the marker, oldest first."""
        notes = self._gitlab.each(self._notes, sort="asc", order_by="created_at", activity_filter="only_comments")
        return [note for note in notes if note["author"]["id"] == self._me and note["body"].startswith(marker)]

    def _delete(self, note: dict[str, Any]) -> None:
        try:
            self._gitlab.put("DELETE", f"{self._notes}/{note['id']}")
        except Refused as error:
            if error.status != 404:
                raise

    def _address(self, note: dict[str, Any]) -> str:
        return f"{self._at.url}/-/merge_requests/{self._at.number}#note_{note['id']}"


def escape_quick_actions(body: str) -> str:
    """Returns a text without lines that GitLab would run as quick actions in Terrace's name."""
    return _COMMAND.sub(r"\1\\/", body).strip()
