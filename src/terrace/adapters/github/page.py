"""The page of one pull request on GitHub."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from terrace.adapters.github.check_runs import LONGEST, CheckRuns
from terrace.adapters.github.client import GitHub
from terrace.adapters.github.comments import Comments
from terrace.forge.ports import Remark


class PullRequestPage:
    """A pull request by its number, and the commit at its head. `login` is who we write as; `run` names this run of the
    workflow: the same run writes the same verdict, another one a verdict of its own, which is the one that shows."""

    def __init__(self, github: GitHub, number: int, head: str, login: str, run: str) -> None:
        self._comments = Comments(github, login)
        self._runs = CheckRuns(github)
        self._number = number
        self._head = head
        self._run = run

    def comment(self, marker: str, body: str) -> str:
        return self._comments.keep(self._number, marker, body)

    def conclude(self, name: str, *, passed: bool, title: str, summary: str, remarks: Sequence[Remark]) -> str:
        key = hashlib.sha256(f"{name} {self._head} {self._run}".encode()).hexdigest()[:20]
        run = self._runs.begin(name, self._head, key)
        shown = summary if len(summary) <= LONGEST else "The comment of the pull request says what was found."
        return self._runs.end(run, "success" if passed else "failure", title[:255], shown, remarks)
