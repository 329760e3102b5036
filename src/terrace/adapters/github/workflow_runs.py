"""Runs of workflows: who started one, and the runs that wait for a custom protection rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.refusals import Refused
from terrace.forge.model import PendingRun
from terrace.gates.approvals.ci_runs import CiRun
from terrace.report.markdown.escape import plain_within

TRUSTED_EVENTS = frozenset(
    {"push", "workflow_dispatch", "schedule", "issue_comment", "issues", "repository_dispatch", "workflow_run"}
)
"""The events for which GitHub runs the workflow of the branch that the run names. For a pull request it runs the
workflow that the change brings."""

AUTOMATIC_EVENTS = frozenset({"schedule", "workflow_run"})
"""The events of runs that a schedule or another run starts."""


def workflow_run(github: GitHub, place: Place, id_: str) -> CiRun | None:
    """Returns the run of this repository with that id; None where there is none that the token can read.

    https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run
    """
    if not id_.isascii() or not id_.isdigit() or len(id_) > 20:
        return None
    run = github.find(f"actions/runs/{int(id_)}")
    if run is None:
        return None
    users = (run.get("actor") or {}, run.get("triggering_actor") or {})
    ended = run.get("status") == "completed"
    return CiRun(
        id=str(run["id"]),
        branch=str(run.get("head_branch") or ""),
        event=str(run["event"]),
        of_branch=is_of_branch(run, place),
        automatic=run["event"] in AUTOMATIC_EVENTS,
        logins=frozenset(str(user["login"]) for user in users if user.get("login")),
        began_at=datetime.fromisoformat(run["created_at"]),
        ended_at=datetime.fromisoformat(run["updated_at"]) if ended else None,
    )


def is_of_branch(run: Mapping[str, Any], place: Place) -> bool:
    """Returns whether the workflow of a run is the one of its branch, not one that a change or a fork brings."""
    repository = f"{place.owner}/{place.name}".casefold()
    names = [str((run.get(of) or {}).get("full_name", "")).casefold() for of in ("repository", "head_repository")]
    return names == [repository, repository] and run.get("event") in TRUSTED_EVENTS


MAX_REASON = 1000
"""Maximum length of a reason on the run's page, in characters."""


class GitHubProtectionRules:
    """The environments of one repository that use Terrace's App as a protection rule. GitHub rejects decisions about
    others."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def pending_runs(self) -> tuple[PendingRun, ...]:
        pending_runs = []
        for run in self._github.each("actions/runs", "workflow_runs", status="waiting"):
            for pending in self._github.read(f"actions/runs/{int(run['id'])}/pending_deployments"):
                name = str((pending.get("environment") or {}).get("name", ""))
                pending_runs.append(
                    PendingRun(
                        run=str(int(run["id"])),
                        environment=name,
                        commit=str(run["head_sha"]),
                        event=str(run["event"]),
                        branch=str(run.get("head_branch") or ""),
                        of_branch=is_of_branch(run, self._github.place),
                    )
                )
        return tuple(pending_runs)

    def answer(self, pending: PendingRun, answer: Literal["approved", "rejected"], why: str) -> None:
        """https://docs.github.com/en/rest/actions/workflow-runs#review-custom-deployment-protection-rules"""
        request = {"environment_name": pending.environment, "state": answer, "comment": plain_within(why, MAX_REASON)}
        path = f"actions/runs/{int(pending.run)}/deployment_protection_rule"
        try:
            # A second request with the same decision has no effect: the run is no longer pending.
            self._github.create_once("POST", path, request, lambda: None)
        except Refused as error:
            if error.status not in (404, 422):
                raise
