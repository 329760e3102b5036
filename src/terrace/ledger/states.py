"""What the ledger knows of states: how well each is backed up, and what drills proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from terrace.ledger import folds, kinds
from terrace.ledger.model import Event, History
from terrace.rollout.model import Deployment, Step

Finding = Literal["saved", "same", "none", "unsaved", "alarm", "unknown"]
"""What a look at a state found: a copy was made, the newest copy still is it, there is none yet, it moved and could
not be saved, it is not what it should be, or it could not be read. The first three are good."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How well the state of one stack is backed up, as far as the ledger knows.

    `backup` is the newest copy of a state that was as it should be, `checked_at` when it was last proven to be the
    state. `unbacked_since` is when the first serial without a copy was seen, or an apply began. `alarm` is what is
    wrong with the state.
    """

    stack: str
    environment: str
    backup: str = ""
    lineage: str = ""
    serial: int = -1
    sha256: str = ""
    checked_at: datetime | None = None
    unbacked_since: datetime | None = None
    alarm: str = ""
    drilled: Drilled | None = None

    def exposure(self, now: datetime) -> timedelta:
        """How much would be lost now: nothing while the newest copy is the state."""
        return now - self.unbacked_since if self.unbacked_since is not None else timedelta(0)

    def problem(self, rpo: timedelta | None, now: datetime) -> str:
        """What an operator has to know, in a sentence; "" when all is well."""
        if self.alarm:
            return self.alarm
        if rpo is not None and self.exposure(now) > rpo:
            return f"no copy of the state of the last {words(self.exposure(now))}, and the RPO is {words(rpo)}"
        if rpo is not None and self.checked_at is not None and now - self.checked_at > rpo:
            return f"last checked {words(now - self.checked_at)} ago, and the RPO is {words(rpo)}"
        return ""


@dataclass(frozen=True, slots=True)
class Drilled:
    """What the newest drill of a stack said of a copy. `result` is passed, missed or failed."""

    backup: str
    result: str
    at: datetime


def standings(history: History) -> dict[str, Standing]:
    """How every state that was ever applied to or looked at is backed up, by stack."""
    found: dict[str, Standing] = {}
    environments: dict[str, str] = {}
    for event in history.events:
        payload = event.payload
        if event.kind == kinds.DEPLOYMENT_OPENED:
            environments[event.subject] = payload["environment"]
        elif event.kind in (kinds.STEP_BEGUN, kinds.STEP_ENDED) and payload.get("stack"):
            key = payload["stack"]
            known = found.get(key) or Standing(key, environments.get(event.subject, ""))
            seen = _after_step(known, event)
            if seen is not known:
                found[key] = seen
        elif event.kind in (kinds.STATE_BACKED_UP, kinds.STATE_RESTORE_ENDED, kinds.STATE_DRILLED):
            known = found.get(event.subject) or Standing(event.subject, payload["environment"])
            found[event.subject] = _after(known, event)
    return found


def good_backups(history: History) -> frozenset[str]:
    """The names of the copies that good releases left: each is of a state after which everything was right."""
    return frozenset(
        record.detail["backup"]
        for deployment in folds.deployments(history)
        if deployment.result == "succeeded" and not deployment.undone_by
        for record in deployment.steps
        if record.step is Step.SNAPSHOT and record.result == "succeeded" and "backup" in record.detail
    )


def recorded(history: History) -> dict[str, str]:
    """The hash of the plain state of every copy that the ledger knows, by the copy's first name."""
    found: dict[str, str] = {}
    for event in history.events:
        payload = event.payload
        detail = payload.get("detail", {}) if event.kind == kinds.STEP_ENDED else {}
        if "state_sha256" in detail:
            found[detail["backup"]] = detail["state_sha256"]
        elif event.kind in (kinds.STATE_BACKED_UP, kinds.STATE_RESTORE_ENDED) and payload.get("backup"):
            found[payload["backup"]] = payload["sha256"]
    return found


def applied_since(history: History, stack: str, moment: datetime) -> tuple[str, ...]:
    """The deployments that began to apply something to a stack after that moment."""
    return tuple(
        deployment.id
        for deployment in folds.deployments(history)
        if any(r.step is Step.APPLY and r.stack == stack and r.began_at > moment for r in deployment.steps)
    )


def release_of(history: History, environment: str, stack: str) -> Deployment | None:
    """The deployment whose release a stack has; where its newest apply did not succeed, the one that tried."""
    done = folds.live(history, environment).get(stack)
    if done is not None:
        return done
    mine = [d for d in folds.deployments(history) if d.environment == environment]
    return next((d for d in reversed(mine) if d.last(Step.APPLY, stack) is not None), None)


def stacks_of(history: History, environment: str) -> tuple[str, ...]:
    """The stacks of an environment that were ever applied to, in the order in which they are deployed."""
    found: dict[str, None] = {}
    for deployment in folds.deployments(history):
        if deployment.environment == environment:
            found |= {key: None for key in deployment.stacks if deployment.last(Step.APPLY, key) is not None}
    return tuple(found)


def words(span: timedelta) -> str:
    """A span of time in its largest unit: `3 h`, `20 min`, `4 s`."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _after_step(known: Standing, event: Event) -> Standing:
    payload = event.payload
    step, detail = Step(payload["step"]), payload.get("detail", {})
    if event.kind == kinds.STEP_BEGUN:
        if step is Step.APPLY and known.unbacked_since is None:
            return replace(known, unbacked_since=event.time)
        return known
    if step in (Step.BACKUP, Step.SNAPSHOT) and "backup" in detail:
        return _proven(known, event.time, {**detail, "sha256": detail["state_sha256"]})
    return known


def _after(known: Standing, event: Event) -> Standing:
    payload = event.payload
    if event.kind == kinds.STATE_DRILLED:
        return replace(known, drilled=Drilled(payload["backup"], payload["result"], event.time))
    if event.kind == kinds.STATE_RESTORE_ENDED:
        # What was put back may be what was wrong before, and stays so.
        right = payload["result"] == "restored" or (payload["result"] != "unknown" and not known.alarm)
        return _proven(known, event.time, payload) if right and payload.get("backup") else known
    if payload.get("restore"):
        # The copy of what a restore found: it may well be what is wrong.
        return known
    match payload["finding"]:
        case "saved" | "same":
            return _proven(known, event.time, payload)
        case "none":
            # Also where there was a state once, and somebody said that it is rightly gone.
            return Standing(known.stack, known.environment, checked_at=event.time, drilled=known.drilled)
        case "alarm":
            return replace(known, alarm=payload["reason"], unbacked_since=known.unbacked_since or event.time)
        case "unsaved":
            return replace(known, unbacked_since=known.unbacked_since or event.time)
        case _:
            return known


def _proven(known: Standing, at: datetime, seen: Mapping[str, Any]) -> Standing:
    """A copy is the state."""
    return replace(
        known,
        backup=seen["backup"],
        lineage=seen["lineage"],
        serial=seen["serial"],
        sha256=seen["sha256"],
        checked_at=at,
        unbacked_since=None,
        alarm="",
    )
