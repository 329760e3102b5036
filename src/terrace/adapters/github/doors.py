"""Custom protection rules of GitHub's environments: runs that wait for the word of our App."""

from __future__ import annotations

from typing import Literal

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused
from terrace.adapters.github.workflow_runs import is_own
from terrace.forge.model import Knock
from terrace.report.markdown.escape import plain_within

LONGEST = 1000
"""Characters of a reason that people see on the run's page."""


class GitHubDoors:
    """The environments of one repository that have our App as a rule. Where it is none, GitHub takes no answer."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def knocks(self) -> tuple[Knock, ...]:
        found = []
        for run in self._github.each("actions/runs", "workflow_runs", status="waiting"):
            for pending in self._github.read(f"actions/runs/{int(run['id'])}/pending_deployments"):
                name = str((pending.get("environment") or {}).get("name", ""))
                found.append(
                    Knock(
                        run=str(int(run["id"])),
                        environment=name,
                        commit=str(run["head_sha"]),
                        event=str(run["event"]),
                        branch=str(run.get("head_branch") or ""),
                        own=is_own(run, self._github.place),
                    )
                )
        return tuple(found)

    def answer(self, knock: Knock, answer: Literal["approved", "rejected"], why: str) -> None:
        """https://docs.github.com/en/rest/actions/workflow-runs#review-custom-deployment-protection-rules"""
        asked = {"environment_name": knock.environment, "state": answer, "comment": plain_within(why, LONGEST)}
        path = f"actions/runs/{int(knock.run)}/deployment_protection_rule"
        try:
            # The same answer twice is one answer: the second finds nobody waiting.
            self._github.once("POST", path, asked, lambda: None)
        except Refused as error:
            if error.status not in (404, 422):
                raise
