"""Check runs: one name on one commit, its annotations in portions, made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from terrace.adapters.github.client import GitHub
from terrace.forge.ports import Remark

PORTION = 50
"""Annotations that GitHub takes in one request."""

LONGEST = 65_535
"""Characters of a summary, and of a text."""

Level = Literal["notice", "warning", "failure"]
Conclusion = Literal["success", "failure", "neutral", "action_required", "cancelled"]


class CheckRuns:
    """The check runs of one repository. Only an App, or the token of a workflow, may make them."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def begin(self, name: str, commit: str, key: str) -> int:
        """Say that a check is under way; returns its id. `key` names this run of ours: the same key is the same run."""
        asked = {"name": name, "head_sha": commit, "external_id": key, "status": "in_progress"}

        def seen() -> Any | None:
            return self._seen(name, commit, key)

        return int((seen() or self._github.once("POST", "check-runs", asked, seen))["id"])

    def end(self, run: int, conclusion: Conclusion, title: str, summary: str, annotations: Sequence[Remark]) -> str:
        """Say how it ended; returns the address of its page. The conclusion comes with the last portion, so that nobody
        sees a verdict without its reasons. `summary` is at most LONGEST. A run that has ended so already is left."""
        output: dict[str, Any] = {"title": title, "summary": summary}
        portions = [annotations[at : at + PORTION] for at in range(0, len(annotations), PORTION)] or [annotations]
        now = self._github.read(f"check-runs/{run}")
        told = int(now["output"]["annotations_count"])
        if now["conclusion"] == conclusion and told == len(annotations):
            return str(now["html_url"])
        for number, portion in enumerate(portions, 1):
            told += len(portion)
            asked: dict[str, Any] = {"output": {**output, "annotations": _told(portion)}}
            if number == len(portions):
                asked |= {"status": "completed", "conclusion": conclusion}
            page = self._github.once("PATCH", f"check-runs/{run}", asked, partial(self._holds, run, told, asked))
        return str(page["html_url"])

    def _holds(self, run: int, annotations: int, asked: Mapping[str, Any]) -> Any | None:
        """The run, if it has that many annotations by now and the conclusion that was asked for: each request adds."""
        now = self._github.read(f"check-runs/{run}")
        done = now["output"]["annotations_count"] >= annotations and now["conclusion"] == asked.get("conclusion")
        return now if done else None

    def _seen(self, name: str, commit: str, key: str) -> Any | None:
        runs = self._github.each(f"commits/{commit}/check-runs", "check_runs", check_name=name, filter="all")
        return next((run for run in runs if run.get("external_id") == key), None)


def _told(annotations: Sequence[Remark]) -> list[dict[str, Any]]:
    return [
        {
            "path": one.path,
            "start_line": one.line,
            "end_line": one.line,
            "annotation_level": one.level,
            "title": one.title[:255],
            "message": one.message[:64_000],
        }
        for one in annotations
    ]
