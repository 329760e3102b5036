"""A deployment according to the ledger: its steps and their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal

from terrace.ledger.events.steps import NO_DETAIL, Detail
from terrace.plans.addresses import type_of
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
"""The result of a deployment. `waiting` is not a result."""


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
    """The process that runs a deployment, with enough data to prove later that it has terminated.

    `pid` is an id within `pid_namespace`, and `started` distinguishes its process from a later one with that id. `lock`
    is the identity of the lock file of the holder. Old events lack the last four fields: a machine can never prove that
    such a holder has terminated.
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
class StackResults:
    """The results of the steps of a deployment: whether a stack is `done`, the stacks with a started apply, and whether
    the outcome of one is unknown. `backups` are the copies of states after successful applies; `types` are the types of
    the resources in its plans, if anything was applied."""

    done: Mapping[str, bool]
    applied: frozenset[str]
    in_doubt: bool
    backups: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Deployment:
    """One release on its way to one environment. `waves` are stack keys; a wave starts when the previous one is done.

    `policy` is the version of the trust root that accepted it. `waiting` are the reasons why it waits. `live` is the
    deployed commit when it was opened, "" for none; `additions` are additions to the configuration of its commit;
    `agreed` are the losses that a person accepted. `partial` is whether it deploys only some stacks of the environment.
    `settles` is the deployment with an unknown outcome that this one recovers. `undone_by` is the rollback that
    reverted it. `positions` are those of its events in the ledger. `results` are known without the steps if those
    have to be read from the ledger; None otherwise.
    """

    id: str
    environment: str
    commit: str
    origin: Origin
    requester: str
    opened_at: datetime
    waves: tuple[tuple[str, ...], ...]
    policy: str
    steps: Sequence[StepRecord] = ()
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
    positions: tuple[int, ...] = field(default=(), compare=False, repr=False)
    results: StackResults | None = field(default=None, compare=False, repr=False)

    @property
    def open(self) -> bool:
        return self.result is None

    @property
    def stacks(self) -> tuple[str, ...]:
        return tuple(key for wave in self.waves for key in wave)

    def last(self, step: Step, stack: str = "") -> StepRecord | None:
        """The newest record of that step, whatever its result."""
        return next((r for r in reversed(self.steps) if r.step is step and r.stack == stack), None)

    def is_done(self, stack: str) -> bool | None:
        """Whether a stack came to what was planned for it; None when nothing was begun that could change it."""
        if self.results is not None:
            return self.results.done.get(stack)
        planned = self.last(Step.PLAN, stack)
        applied = self.last(Step.APPLY, stack)
        if applied is not None:
            return applied.result == "succeeded"
        if planned is not None and planned.result == "succeeded" and planned.detail.empty:
            return True
        return None

    def is_applied(self, stack: str) -> bool:
        """Returns whether an apply of a stack was started."""
        return stack in self.results.applied if self.results is not None else self.last(Step.APPLY, stack) is not None

    @property
    def in_doubt(self) -> tuple[StepRecord, ...]:
        """Applies whose outcome the ledger does not know: begun without an end, or ended as unknown."""
        if self.results is not None and not self.results.in_doubt:
            return ()
        return tuple(r for r in self.steps if r.step is Step.APPLY and r.result in (None, "unknown"))

    @property
    def touched(self) -> bool:
        """Returns whether an apply was ever started: resources may have changed."""
        if self.results is not None:
            return bool(self.results.applied)
        return any(r.step is Step.APPLY for r in self.steps)

    @property
    def stack_results(self) -> StackResults:
        """Returns the results of its steps."""
        if self.results is not None:
            return self.results
        done = {stack: result for stack in self.stacks if (result := self.is_done(stack)) is not None}
        applied = frozenset(r.stack for r in self.steps if r.step is Step.APPLY)
        copies = (r.detail.backup for r in self.steps if r.step is Step.SNAPSHOT and r.result == "succeeded")
        addresses = (address for r in self.steps for _, address in r.detail.changes or ()) if applied else ()
        return StackResults(
            done,
            applied,
            bool(self.in_doubt),
            frozenset(name for name in copies if name),
            frozenset(map(type_of, addresses)),
        )
