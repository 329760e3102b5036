"""A deployment according to the ledger: its steps and their results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from terrace.ledger.events.steps import NO_DETAIL, Detail
from terrace.stacks.additions import NOTHING, Additions
from terrace.stacks.model import Origin


class Step(Enum):
    """The steps of a deployment, in order. From plan to snapshot they are a stack's, the others the environment's."""

    BASELINE = "baseline"
    PLAN = "plan"
    BACKUP = "backup"
    APPLY = "apply"
    SNAPSHOT = "snapshot"
    SMOKE = "smoke"
    HEALTH = "health"
    TAG = "tag"
    REVERT = "revert"


StepResult = Literal["succeeded", "failed", "unknown"]

Result = Literal["succeeded", "failed", "unknown", "blocked", "superseded"]
"""How a deployment ended. `waiting` is no end, and so not here."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step that was begun. No `result`: it has not ended, or its end was not recorded.

    `attempt` is unique in the ledger. `incomplete` are the lists of `detail` of which a part is missing in the ledger.
    """

    step: Step
    stack: str
    attempt: str
    began_at: datetime
    ended_at: datetime | None = None
    result: StepResult | None = None
    message: str = ""
    detail: Detail = NO_DETAIL
    incomplete: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return self.result is None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who drives a deployment: enough to prove later that they are dead.

    `pid` counts within `pid_namespace`, and `started` tells its process from a later one of that number. `lock` is the
    identity of the lock file that the holder has. Events of an older Terrace lack the last four: of such a holder no
    death is ever proven by a machine.
    """

    host: str
    boot: str
    pid: int
    who: str
    machine: str = ""
    pid_namespace: str = ""
    started: str = ""
    lock: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """One holder's right to act in an environment. It ends by an event, never by time; `epoch` only grows."""

    holder: Holder
    epoch: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Deployment:
    """One release going into one environment. `waves` are stack keys; a wave starts when the one before is done.

    `policy` is the version of the trust root that admitted it. `waiting` holds the reasons when it waits.
    `live` is the commit that was there when it was opened, "" when nothing was; `additions` is what is added to the
    configuration of its own commit; `agreed` names what somebody agreed to lose. `partial`: it is about some
    stacks of the environment only. `settles` is the deployment of unknown outcome that this one brings in order.
    `undone_by` is the rollback that took it back.
    """

    id: str
    environment: str
    commit: str
    origin: Origin
    requester: str
    opened_at: datetime
    waves: tuple[tuple[str, ...], ...]
    policy: str
    steps: tuple[StepRecord, ...] = ()
    lease: Lease | None = None
    epoch: int = 0
    waiting: tuple[str, ...] = ()
    result: Result | None = None
    reasons: tuple[str, ...] = ()
    ended_at: datetime | None = None
    tag: str | None = None
    live: str = ""
    additions: Additions = NOTHING
    agreed: frozenset[str] = frozenset()
    partial: bool = False
    settles: str = ""
    undone_by: str = ""

    @property
    def open(self) -> bool:
        return self.result is None

    @property
    def stacks(self) -> tuple[str, ...]:
        return tuple(key for wave in self.waves for key in wave)

    def last(self, step: Step, stack: str = "") -> StepRecord | None:
        """The newest record of that step, whatever its result."""
        return next((r for r in reversed(self.steps) if r.step is step and r.stack == stack), None)

    def done(self, stack: str) -> bool | None:
        """Whether a stack came to what was planned for it; None when nothing was begun that could change it."""
        planned = self.last(Step.PLAN, stack)
        applied = self.last(Step.APPLY, stack)
        if applied is not None:
            return applied.result == "succeeded"
        if planned is not None and planned.result == "succeeded" and planned.detail.empty:
            return True
        return None

    @property
    def in_doubt(self) -> tuple[StepRecord, ...]:
        """Applies whose outcome the ledger does not know: begun without an end, or ended as unknown."""
        return tuple(r for r in self.steps if r.step is Step.APPLY and r.result in (None, "unknown"))

    @property
    def touched(self) -> bool:
        """Returns whether an apply was ever started: resources may have changed."""
        return any(r.step is Step.APPLY for r in self.steps)
