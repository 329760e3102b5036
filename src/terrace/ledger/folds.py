"""Views of the ledger. Each is a fold over its events; none keeps anything of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from terrace.gates.model import Subject
from terrace.ledger import kinds
from terrace.ledger.model import Event, History
from terrace.rollout.model import Deployment, Holder, Lease, Step, StepRecord
from terrace.stacks.model import Automatic, Manual, Origin, Promotion


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """An approval as it was written down. Whether its signature holds is for a verifier to say, each time."""

    deployment: str
    actor: str
    role: str
    answer: str
    subjects: tuple[Subject, ...]
    at: datetime
    comment: str
    statement: str
    signature: str | None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an environment takes nothing new, who said so and since when."""

    reason: str
    by: str
    since: datetime


def deployments(history: History) -> tuple[Deployment, ...]:
    """Every deployment, oldest first, as it stands now."""
    found: dict[str, Deployment] = {}
    for event in history.events:
        if event.kind == kinds.DEPLOYMENT_OPENED:
            found[event.subject] = _opened(event)
        elif event.subject in found:
            found[event.subject] = _next(found[event.subject], event)
    return tuple(found.values())


def latest(history: History, environment: str) -> Deployment | None:
    """The newest deployment of an environment, whatever became of it."""
    mine = [d for d in deployments(history) if d.environment == environment]
    return mine[-1] if mine else None


def last_good(history: History, environment: str) -> Deployment | None:
    """The newest deployment of an environment that succeeded: what should be live there."""
    good = [d for d in deployments(history) if d.environment == environment and d.result == "succeeded"]
    return good[-1] if good else None


def approvals(history: History, deployment: str) -> tuple[SignedApproval, ...]:
    """Every answer that was given to a deployment, oldest first."""
    return tuple(
        SignedApproval(
            deployment=event.subject,
            actor=event.payload["actor"],
            role=event.payload["role"],
            answer=event.payload["answer"],
            subjects=tuple(Subject(**s) for s in event.payload["subjects"]),
            at=datetime.fromisoformat(event.payload["at"]),
            comment=event.payload.get("comment", ""),
            statement=event.payload["statement"],
            signature=event.payload.get("signature"),
        )
        for event in history.events
        if event.kind == kinds.APPROVAL_GIVEN and event.subject == deployment
    )


def hold(history: History, environment: str) -> Hold | None:
    """The hold on an environment, or None when it takes deployments."""
    held: Hold | None = None
    for event in history.events:
        if event.subject != environment:
            continue
        if event.kind == kinds.ENVIRONMENT_HELD:
            held = Hold(event.payload.get("reason", ""), event.actor, event.time)
        elif event.kind == kinds.ENVIRONMENT_UNHELD:
            held = None
    return held


def origin_to_payload(origin: Origin) -> dict[str, str]:
    """An origin as JSON data; `origin_from_payload` reads it back."""
    match origin:
        case Manual(by):
            return {"kind": "manual", "by": by}
        case Automatic():
            return {"kind": "automatic"}
        case Promotion(source, by):
            return {"kind": "promotion", "source": source, "by": by}


def origin_from_payload(payload: Mapping[str, Any]) -> Origin:
    """The origin that `origin_to_payload` wrote."""
    match payload["kind"]:
        case "automatic":
            return Automatic()
        case "promotion":
            return Promotion(payload["source"], payload["by"])
        case _:
            return Manual(payload.get("by", ""))


def _opened(event: Event) -> Deployment:
    payload = event.payload
    return Deployment(
        id=event.subject,
        environment=payload["environment"],
        commit=payload["commit"],
        origin=origin_from_payload(payload["origin"]),
        requester=event.actor,
        opened_at=event.time,
        waves=tuple(tuple(wave) for wave in payload["waves"]),
        policy=payload["policy"],
    )


def _next(deployment: Deployment, event: Event) -> Deployment:
    payload = event.payload
    match event.kind:
        case kinds.LEASE_TAKEN:
            lease = Lease(Holder(**payload["holder"]), payload["epoch"], event.time)
            return replace(deployment, lease=lease, epoch=lease.epoch, waiting=())
        case kinds.LEASE_RELEASED:
            return replace(deployment, lease=None)
        case kinds.STEP_BEGUN:
            return replace(deployment, steps=(*deployment.steps, _begun(event)))
        case kinds.STEP_ENDED:
            return replace(deployment, steps=tuple(_ended(record, event) for record in deployment.steps))
        case kinds.DEPLOYMENT_WAITING:
            return replace(deployment, waiting=tuple(payload["reasons"]), lease=None)
        case kinds.DEPLOYMENT_ENDED:
            return replace(
                deployment,
                result=payload["result"],
                reasons=tuple(payload.get("reasons", ())),
                tag=payload.get("tag"),
                ended_at=event.time,
                lease=None,
                waiting=(),
            )
    return deployment


def _begun(event: Event) -> StepRecord:
    payload = event.payload
    return StepRecord(
        step=Step(payload["step"]),
        stack=payload.get("stack", ""),
        attempt=payload["attempt"],
        began_at=event.time,
        detail=payload.get("detail", {}),
    )


def _ended(record: StepRecord, event: Event) -> StepRecord:
    if record.attempt != event.payload["attempt"]:
        return record
    return replace(
        record,
        ended_at=event.time,
        result=event.payload["result"],
        message=event.payload.get("message", ""),
        detail={**record.detail, **event.payload.get("detail", {})},
    )
