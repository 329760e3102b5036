"""What GitHub tells of a run of a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from terrace.adapters.github.client import GitHub, Place
from terrace.gates.approvals.ci_runs import CiRun


def workflow_run(github: GitHub, place: Place, id_: str) -> CiRun | None:
    """Returns the run of this repository with that id; None where there is none, or where the token may not see it.

    https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run
    """
    if not id_.isascii() or not id_.isdigit() or len(id_) > 20:
        return None
    told = github.find(f"actions/runs/{int(id_)}")
    if told is None:
        return None
    users = (told.get("actor") or {}, told.get("triggering_actor") or {})
    ended = told.get("status") == "completed"
    return CiRun(
        id=str(told["id"]),
        branch=str(told.get("head_branch") or ""),
        event=str(told["event"]),
        logins=frozenset(str(user["login"]) for user in users if user.get("login")),
        began_at=datetime.fromisoformat(told["created_at"]),
        ended_at=datetime.fromisoformat(told["updated_at"]) if ended else None,
        own=is_own(told, place),
    )


def is_own(told: Mapping[str, Any], place: Place) -> bool:
    """Returns whether a run is of a commit of this repository itself, and not of a fork."""
    here = f"{place.owner}/{place.name}".casefold()
    names = [str((told.get(of) or {}).get("full_name", "")).casefold() for of in ("repository", "head_repository")]
    return names == [here, here]
