"""What a look at a state and a drill say: is it what it should be, and can it be brought back?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from terrace.config.model import Config
from terrace.ledger.model import History
from terrace.plans.terraform import StateSnapshot
from terrace.states.restore_rules import Difference
from terrace.states.state_file import holds_nothing
from terrace.states.status import Finding, Standing, no_state, stacks_of, standings, went_back
from terrace.words import duration

UNWRITTEN = (
    "the state is still what it was before the last apply: the objects which that created are in no state, and a plan "
    "would create them again"
)

"""Why a state cannot be right which an apply that succeeded did not change."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a state found. `backup` is the copy that is it, "" when there is none; `busy` what went on."""

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
"""A drill: everything came back in time; it came back, but a target was missed; it did not come back; or it could not
be held now."""


@dataclass(frozen=True, slots=True)
class Drill:
    """What one drill found. `rto` is how long it took until a plan said that nothing is amiss, `rpo` how much would
    have been lost; None: not measured. `targets` are the environment's, RPO first.
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


def judge(known: Standing, state: StateSnapshot) -> tuple[Finding, str]:
    """What was found, and why where it is an alarm. `saved` stands for: it moved, and wants to be saved.

    A state that is gone, that went back, or that was started anew is never taken for progress. Neither is one that is
    still what it was before an apply that created or deleted objects.
    """
    before = known.planned_on
    if before is not None and not before.is_before(state.lineage, state.serial):
        return "alarm", UNWRITTEN
    if not state.content:
        if known.backup:
            return "alarm", no_state(known.serial)
        return "none", ""
    back = went_back(known, state.lineage, state.serial)
    if back:
        return "alarm", back
    if known.alarm and holds_nothing(state.content):
        # A restore that was put back leaves an empty state where there was none, and that is no progress.
        return "alarm", known.alarm
    same = hashlib.sha256(state.content).hexdigest() == known.sha256
    return ("same" if same else "saved"), ""


def judge_drill(found: Drill, rpo: timedelta) -> Drill:
    """A drill in which the copy came back, with the loss that it would have meant and its result."""
    found = replace(found, rpo=rpo)
    if found.differences:
        told = ", ".join(f"{one.action} {one.address}" for one in found.differences[:5])
        return replace(found, reasons=(f"with the copy, a plan of what is deployed would {told}",))
    assert found.rto is not None, "it came back, and that was timed"
    missed = []
    if found.targets[0] is not None and rpo > found.targets[0]:
        missed.append(
            f"RPO: the last {duration(rpo, units=2)} are in no backup, and {duration(found.targets[0])} are allowed"
        )
    if found.targets[1] is not None and found.rto > found.targets[1]:
        missed.append(f"RTO: it took {duration(found.rto, units=2)}, and {duration(found.targets[1])} are allowed")
    return replace(found, result="missed" if missed else "passed", reasons=tuple(missed))


def problems(history: History, config: Config, now: datetime) -> Mapping[str, tuple[str, ...]]:
    """What is wrong with the states of each environment, in sentences; an environment without problems is absent."""
    known = standings(history)
    found: dict[str, tuple[str, ...]] = {}
    for environment in config.environments:
        told = []
        for key in stacks_of(history, environment.name):
            standing = known.get(key)
            problem = standing.problem(environment.rpo, now) if standing is not None else "never looked at"
            if problem:
                told.append(f"state of {key}: {problem}")
        if told:
            found[environment.name] = tuple(told)
    return found


def milliseconds(span: timedelta | None) -> int | None:
    """A span as a whole number, as ledgers and JSON have it."""
    return None if span is None else round(span / timedelta(milliseconds=1))
