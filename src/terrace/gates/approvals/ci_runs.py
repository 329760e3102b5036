"""CI runs as proof of who requested a deployment. The ledger only names the run; the forge confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from terrace.gates.approvals.people import People

SKEW = timedelta(minutes=5)
"""Maximum difference between the clocks of the forge and of this machine."""


@dataclass(frozen=True, slots=True)
class CiRun:
    """A CI run, as the forge reports it.

    `branch` and `event` are the branch and the event that it ran for. `of_branch` is whether its workflow is the one of
    that branch; a run for a pull request or for a fork uses a workflow that the change brings. `automatic` is whether a
    schedule or another run started it: then the requester is Terrace. `logins` are the accounts that started or
    restarted it. `ended_at` is None while it is in progress.
    """

    id: str
    branch: str
    event: str
    of_branch: bool
    automatic: bool
    logins: frozenset[str]
    began_at: datetime
    ended_at: datetime | None


def why_unproven(run: CiRun | None, branch: str, people: People, requester: str, opened_at: datetime) -> str:
    """Returns why a run does not prove that `requester` opened a deployment at that time, "" when it does.

    `branch` is the protected branch.
    """
    if run is None:
        return "the forge has no such run in this repository"
    if why := why_untrusted(branch, of_branch=run.of_branch, event=run.event, ran_on=run.branch):
        return why
    started = {"@terrace"} if run.automatic else {people.of_login(login) or f"@{login}" for login in run.logins}
    if people.person(requester) not in {people.person(account) for account in started}:
        return f"it was started by {', '.join(sorted(started)) or 'no account'}, and not by {requester}"
    if opened_at < run.began_at - SKEW or (run.ended_at is not None and opened_at > run.ended_at + SKEW):
        return "the deployment was not opened while it ran"
    return ""


def why_untrusted(branch: str, *, of_branch: bool, event: str, ran_on: str) -> str:
    """Returns why the workflow of a run is not the one of the protected branch, "" when it is.

    Only people who can merge there decide what that workflow does. The commit of a run proves nothing, because a pull
    request can have any commit.
    """
    if not of_branch:
        return f"its workflow is not that of {branch}: it ran for the event {event}"
    if ran_on != branch:
        return f"its workflow is not that of {branch}: it ran on {ran_on or 'no branch'}"
    return ""
