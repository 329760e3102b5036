"""What a look at a state and a drill say: is it what it should be, and can it be brought back?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from terrace.states.backup_status import BackupStatus, Finding, backup_statuses, no_state, stacks_of, went_back
from terrace.states.state_file import holds_nothing
from terrace.words import duration

if TYPE_CHECKING:
    from terrace.config.model import Config
    from terrace.ledger.model import History
    from terrace.plans.ports import StateSnapshot
    from terrace.states.restore_rules import Difference

UNWRITTEN = (
    "the state was not updated by the last apply: the resources that it created are not in the state, and the next "
    "plan would create them again"
)
"""The problem of a state that a successful apply did not change."""


@dataclass(frozen=True, slots=True)
class Look:
    """The result of one check of a state. `backup` is the backup of this state, "" without one; `busy` an operation in
    progress.
    """

    stack: str
    environment: str
    finding: Finding
    reason: str = ""
    backup: str = ""
    lineage: str = ""
    serial: int = -1
    sha256: str = ""
    commit: str = ""
    busy: str = ""

    @property
    def good(self) -> bool:
        return self.finding in ("saved", "same", "none")


DrillResult = Literal["passed", "missed", "failed", "skipped"]
"""The result of a drill: restored in time; restored, but an objective was missed; not restored; or not possible now."""


@dataclass(frozen=True, slots=True)
class Drill:
    """The result of one drill. `rto` is the time until an empty plan, `rpo` the time span of lost changes; None: not
    measured. `targets` are the environment's, RPO first.
    """

    stack: str
    environment: str
    result: DrillResult
    reasons: tuple[str, ...] = ()
    backup: str = ""
    commit: str = ""
    objects: int = 0
    differences: tuple[Difference, ...] = ()
    rto: timedelta | None = None
    rpo: timedelta | None = None
    targets: tuple[timedelta | None, timedelta | None] = (None, None)


def judge(status: BackupStatus, state: StateSnapshot) -> tuple[Finding, str]:
    """Returns the finding, and the reason if it is an alarm. `saved` means that the state changed and needs a backup.

    A state that is missing, has a lower serial or was created again is an alarm. So is one that did not change in an
    apply that created or deleted resources.
    """
    before = status.planned_on
    if before is not None and not before.is_before(state.lineage, state.serial):
        return "alarm", UNWRITTEN
    if not state.content:
        if status.backup:
            return "alarm", no_state(status.serial)
        return "none", ""
    back = went_back(status, state.lineage, state.serial)
    if back:
        return "alarm", back
    if status.alarm and holds_nothing(state.content):
        # A reverted restore leaves an empty state where there was none: that is not a change.
        return "alarm", status.alarm
    same = hashlib.sha256(state.content).hexdigest() == status.sha256
    return ("same" if same else "saved"), ""


def judge_drill(drill: Drill, rpo: timedelta) -> Drill:
    """A drill in which the copy came back, with the loss that it would have meant and its result."""
    drill = replace(drill, rpo=rpo)
    if drill.differences:
        shown = ", ".join(f"{difference.action} {difference.address}" for difference in drill.differences[:5])
        return replace(drill, reasons=(f"with the backup, a plan of the deployed configuration would {shown}",))
    assert drill.rto is not None, "it came back, and that was timed"
    missed = []
    if drill.targets[0] is not None and rpo > drill.targets[0]:
        missed.append(
            f"RPO: the changes of the last {duration(rpo, units=2)} are not in a backup; "
            f"the objective is {duration(drill.targets[0])}"
        )
    if drill.targets[1] is not None and drill.rto > drill.targets[1]:
        took = duration(drill.rto, units=2)
        missed.append(f"RTO: the restore took {took}; the objective is {duration(drill.targets[1])}")
    return replace(drill, result="missed" if missed else "passed", reasons=tuple(missed))


def problems(history: History, config: Config, now: datetime) -> Mapping[str, tuple[str, ...]]:
    """Returns sentences about the state problems of each environment; an environment without problems is absent."""
    statuses = backup_statuses(history)
    problems_of: dict[str, tuple[str, ...]] = {}
    for environment in config.environments:
        sentences = []
        for key in stacks_of(history, environment.name):
            backup_status = statuses.get(key)
            problem = backup_status.problem(environment.rpo, now) if backup_status is not None else "never checked"
            if problem:
                sentences.append(f"state of {key}: {problem}")
        if sentences:
            problems_of[environment.name] = tuple(sentences)
    return problems_of


def milliseconds(span: timedelta | None) -> int | None:
    """Returns a time span as a whole number of milliseconds, for the ledger and JSON."""
    return None if span is None else round(span / timedelta(milliseconds=1))
