"""Whether a run of CI proves who requested a deployment: the forge tells of the run, the ledger only names it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from terrace.gates.approvals.people import People

SKEW = timedelta(minutes=5)
"""How far the clock of the forge and that of the machine may differ."""

TRUSTED_EVENTS = frozenset(
    {"push", "workflow_dispatch", "schedule", "issue_comment", "issues", "repository_dispatch", "workflow_run"}
)
"""The events for which a forge runs the workflow of the branch that the run names. For a pull request it runs the
workflow that the change brings."""

BY_ITSELF = frozenset({"schedule", "workflow_run"})
"""The events of runs that a clock or another run starts: the requester is Terrace, for any account that is named."""


@dataclass(frozen=True, slots=True)
class CiRun:
    """A run of CI as the forge tells of it. `logins` are the accounts that started it or started it again; `ended_at`
    is None while it goes on. `own` is whether the commit that it ran is of the repository itself and not of a fork."""

    id: str
    branch: str
    event: str
    logins: frozenset[str]
    began_at: datetime
    ended_at: datetime | None
    own: bool


def why_nobody_is_asked(run: str) -> str:
    """Returns why no forge is asked about the run that an opening event names; "" where GitHub is. `run` is the name of
    the forge and the id of the run there."""
    forge, _, id_ = run.partition(" ")
    if forge == "gitlab":
        return "Terrace asks GitLab about no run, so that a run of GitLab proves nothing"
    if forge != "github" or not id_:
        return f"Terrace knows no forge that tells of {run[:60]!r}"
    return ""


def why_unproven(run: CiRun | None, branch: str, people: People, requester: str, opened_at: datetime) -> str:
    """Returns why a run does not prove that `requester` opened a deployment at that time; "" where it does. `branch` is
    the protected branch."""
    if run is None:
        return "the forge knows no such run of this repository"
    if why := why_untrusted(branch, own=run.own, event=run.event, ran_on=run.branch):
        return why
    if run.event in BY_ITSELF:
        started = {"@terrace"}
    else:
        started = {people.of_login(login) or f"@{login}" for login in run.logins}
    if people.person(requester) not in {people.person(one) for one in started}:
        return f"it was started by {', '.join(sorted(started)) or 'no account'}, and not by {requester}"
    if opened_at < run.began_at - SKEW or (run.ended_at is not None and opened_at > run.ended_at + SKEW):
        return "the deployment was not opened while it ran"
    return ""


def why_untrusted(branch: str, *, own: bool, event: str, ran_on: str) -> str:
    """Returns why the workflow of a run is not that of the protected branch, so that others than those who may merge
    there decide what it does; "" where it is. The commit of a run does not tell: a pull request can have any."""
    if not own or event not in TRUSTED_EVENTS:
        return f"its workflow is not that of {branch}: it ran for the event {event}"
    if ran_on != branch:
        return f"its workflow is not that of {branch}: it ran on {ran_on or 'no branch'}"
    return ""
