"""The page of a pull request: one comment, and check runs with annotations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.comments import Comments
from terrace.forge.ports import Annotation

ANNOTATIONS_PER_REQUEST = 50
"""Maximum number of annotations in one request."""

MAX_TEXT = 65_535
"""Maximum length of a summary, in characters."""

Level = Literal["notice", "warning", "failure"]
Conclusion = Literal["success", "failure", "neutral", "action_required", "cancelled"]


class CheckRuns:
    """The check runs of one repository. Only an App, or the token of a workflow, can create them."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def begin(self, name: str, commit: str, key: str) -> int:
        """Starts a check run; returns its id. `key` identifies it: a second call finds the same run."""
        request = {"name": name, "head_sha": commit, "external_id": key, "status": "in_progress"}

        def find() -> Any | None:
            return self._find(name, commit, key)

        return int((find() or self._github.create_once("POST", "check-runs", request, find))["id"])

    def end(self, run: int, conclusion: Conclusion, title: str, summary: str, annotations: Sequence[Annotation]) -> str:
        """Completes a check run; returns the address of its page. The conclusion is sent with the last annotations, so
        that a verdict is never shown without its reasons. `summary` has at most MAX_TEXT characters. A run that is
        already completed like this is not changed."""
        output: dict[str, Any] = {"title": title, "summary": summary}
        size = ANNOTATIONS_PER_REQUEST
        portions = [annotations[at : at + size] for at in range(0, len(annotations), size)] or [annotations]
        current = self._github.read(f"check-runs/{run}")
        count = int(current["output"]["annotations_count"])
        if current["conclusion"] == conclusion and count == len(annotations):
            return str(current["html_url"])
        for number, portion in enumerate(portions, 1):
            count += len(portion)
            request: dict[str, Any] = {"output": {**output, "annotations": _annotations(portion)}}
            if number == len(portions):
                request |= {"status": "completed", "conclusion": conclusion}
            page = self._github.create_once(
                "PATCH", f"check-runs/{run}", request, partial(self._find_completed, run, count, request)
            )
        return str(page["html_url"])

    def _find_completed(self, run: int, annotations: int, request: Mapping[str, Any]) -> Any | None:
        """Returns the run if it has that many annotations and the requested conclusion."""
        current = self._github.read(f"check-runs/{run}")
        done = current["output"]["annotations_count"] >= annotations and current["conclusion"] == request.get(
            "conclusion"
        )
        return current if done else None

    def _find(self, name: str, commit: str, key: str) -> Any | None:
        runs = self._github.each(f"commits/{commit}/check-runs", "check_runs", check_name=name, filter="all")
        return next((run for run in runs if run.get("external_id") == key), None)


def _annotations(annotations: Sequence[Annotation]) -> list[dict[str, Any]]:
    return [
        {
            "path": annotation.path,
            "start_line": annotation.line,
            "end_line": annotation.line,
            "annotation_level": annotation.level,
            "title": annotation.title[:255],
            "message": annotation.message[:64_000],
        }
        for annotation in annotations
    ]


class PullRequestPage:
    """One pull request and its head commit. `login` is the account that Terrace writes as. `run` identifies the run of
    the workflow: the same run writes the same verdict; another run writes its own verdict, which is then the one shown.
    """

    def __init__(self, github: GitHub, number: int, head: str, login: str, run: str) -> None:
        self._comments = Comments(github, login)
        self._runs = CheckRuns(github)
        self._number = number
        self._head = head
        self._run = run

    def comment(self, marker: str, body: str) -> str:
        return self._comments.keep(self._number, marker, body)

    def conclude(self, name: str, *, passed: bool, title: str, summary: str, remarks: Sequence[Annotation]) -> str:
        key = hashlib.sha256(f"{name} {self._head} {self._run}".encode()).hexdigest()[:20]
        run = self._runs.begin(name, self._head, key)
        shown = summary if len(summary) <= MAX_TEXT else "The findings are in the comment on the pull request."
        return self._runs.end(run, "success" if passed else "failure", title[:255], shown, remarks)
