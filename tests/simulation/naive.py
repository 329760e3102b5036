"""What the ledger says, worked out the plainest way: by walking over it again for every question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from terrace.ledger import kinds
from terrace.ledger.event import Event

Events = Sequence[Event]


def opened(events: Events, environment: str = "") -> list[Event]:
    """The events that opened deployments, of one environment or of all."""
    every = [e for e in events if e.kind == kinds.DEPLOYMENT_OPENED]
    return [e for e in every if environment in ("", e.payload["environment"])]


def result(events: Events, deployment: str) -> str | None:
    """How a deployment ended; None while it is open."""
    ends = [e for e in events if e.kind == kinds.DEPLOYMENT_ENDED and e.subject == deployment]
    return ends[-1].payload["result"] if ends else None


def held(events: Events, environment: str) -> bool:
    """Whether an environment is held: people's hold ends by people's word, any other by the deployment it came with."""
    by: str | None = None
    for event in (e for e in events if e.subject == environment):
        deployment = str(event.payload.get("deployment", ""))
        if event.kind == kinds.ENVIRONMENT_HELD and by != "":
            by = deployment
        elif event.kind == kinds.ENVIRONMENT_UNHELD and deployment in ("", by):
            by = None
    return by is not None


def good(events: Events, environment: str) -> list[Event]:
    """The openings of the good releases of an environment, oldest first."""
    found: list[Event] = []
    for event in opened(events, environment):
        if result(events, event.subject) != "succeeded" or _kind(event) == "remediation":
            continue
        if _kind(event) == "destruction":
            found = found if event.payload["partial"] else []
            continue
        if _kind(event) in ("rollback", "automatic-rollback"):
            # Whatever came after the release that it went back to is undone.
            names = [e.payload["commit"] for e in found]
            back = len(names) - 1 - names[::-1].index(event.payload["commit"])
            found = found[: back + 1]
        found.append(event)
    return found


def begun(events: Events, deployment: str, step: str, stack: str = "") -> list[Event]:
    """The beginnings of one step of a deployment, of one stack or of all."""
    mine = [e for e in events if e.kind == kinds.STEP_BEGUN and e.subject == deployment and e.payload["step"] == step]
    return [e for e in mine if stack in ("", e.payload["stack"])]


def end(events: Events, attempt: str) -> dict[str, Any] | None:
    """How an attempt ended; None when the ledger does not say."""
    ends = [e for e in events if e.kind == kinds.STEP_ENDED and e.payload["attempt"] == attempt]
    return dict(ends[-1].payload) if ends else None


def waiting(events: Events, deployment: str) -> bool:
    """Whether the last that was said of a deployment is that it waits."""
    said = (kinds.APPROVAL_GIVEN, kinds.RECOVERY_ATTESTED)
    about = [e.kind for e in events if e.subject == deployment and e.kind not in said]
    return about[-1:] == [kinds.DEPLOYMENT_WAITING]


def origin(events: Events, deployment: str) -> dict[str, str]:
    """What set a deployment going."""
    return next(dict(e.payload["origin"]) for e in opened(events) if e.subject == deployment)


def _kind(event: Event) -> str:
    return str(event.payload["origin"]["kind"])
