"""A ledger in memory that is told what happened to releases, one event a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.payloads import origin_payload
from terrace.ledger import folds, kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import seal
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.model import Draft, History
from terrace.stacks.model import Manual, Origin

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

PLANNED: Mapping[str, Any] = {"digest": "d", "empty": False, "lineage": "l", "serial": 1}
"""What every plan that was made says of itself."""


@dataclass
class Story:
    """The story so far. `clock` is minutes after noon, and may be set to anything."""

    history: History = field(default_factory=lambda: History(key=NO_KEY))
    clock: int = 0
    _first: dict[str, str] = field(default_factory=dict)

    def write(self, kind: str, subject: str, payload: Mapping[str, Any], actor: str = "ann") -> None:
        """One event."""
        at = len(self.history.events)
        event = seal(
            Draft(kind, subject, actor, payload),
            position=at,
            previous=self.history.head,
            id=f"e{at}",
            time=NOON + timedelta(minutes=self.clock),
            key=NO_KEY,
        )
        self.clock += 1
        self.history = History((*self.history.events, event), key=NO_KEY)

    def open(
        self,
        name: str,
        commit: str,
        origin: Origin,
        environment: str = "prod",
        stacks: tuple[str, ...] = (),
        **more: object,
    ) -> None:
        """A deployment is opened; its stacks go one after the other."""
        payload = {
            "environment": environment,
            "commit": commit,
            "origin": origin_payload(origin),
            "waves": [[stack] for stack in stacks or (environment,)],
            "policy": "p",
            **more,
        }
        self._first.setdefault(name, (stacks or (environment,))[0])
        self.write(kinds.DEPLOYMENT_OPENED, name, payload)

    def step(
        self,
        name: str,
        step: Step,
        result: str = "succeeded",
        stack: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """A step begins and ends; a stack's is of the first where none is named."""
        attempt = f"a{len(self.history.events)}"
        stack = (stack or self._first[name]) if step in (Step.PLAN, Step.APPLY, Step.SNAPSHOT, Step.BACKUP) else ""
        if step is Step.PLAN and result == "succeeded":
            detail = {**PLANNED, **(detail or {})}
        self.write(kinds.STEP_BEGUN, name, {"step": step.value, "stack": stack, "attempt": attempt})
        ended = {"attempt": attempt, "result": result, "message": f"{step.value} {result}", "detail": detail or {}}
        self.write(kinds.STEP_ENDED, name, ended)

    def end(self, name: str, result: str, *reasons: str) -> None:
        """A deployment ends."""
        self.write(kinds.DEPLOYMENT_ENDED, name, {"result": result, "reasons": list(reasons)})

    def release(self, name: str, commit: str, result: str = "succeeded", environment: str = "prod") -> None:
        """A whole release that changed something."""
        self.open(name, commit, Manual("ann"), environment)
        self.step(name, Step.APPLY)
        self.end(name, result)

    def deployment(self, name: str) -> Deployment:
        """A deployment as it stands."""
        return next(d for d in folds.deployments(self.history) if d.id == name)
