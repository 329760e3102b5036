"""Findings, objections, and the assessment of a change set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import get_args

from terrace.assess.waiver import Waiver
from terrace.config.model import Grade
from terrace.plans.model import Plan
from terrace.stacks.model import ChangeSet

_GRADES: tuple[Grade, ...] = get_args(Grade)


class Severity(IntEnum):
    """The severity of a finding; ordered."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> Grade:
        """Returns the name in reports and events."""
        return _GRADES[self]


class Status(Enum):
    """`fail`: the rule is broken. `unknown`: whether it is broken is unknown. `waived`: an owner accepts that it is."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one place breaks, or may break. `advisory` findings are reported and do not block.

    `address` is a resource, `path` and `line` (from 1, 0 unknown) a place in the repository; `detail` can be long (a
    diff); `fix` is how to fix it. Findings of one `family` (a word like `public-storage`) at one place mean the same,
    whichever tools report them: one of them is shown, and names the rules of the others in `also`. `waiver` is the
    record that waives it, where there is one; `note` describes the records for it, and is not part of its identity.
    """

    rule: str
    severity: Severity
    status: Status
    tool: str
    message: str
    stack: str | None = None
    address: str | None = None
    path: str | None = None
    line: int = 0
    detail: str = ""
    fix: str | None = None
    advisory: bool = False
    family: str = ""
    waiver: Waiver | None = None
    note: str = ""
    also: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        return not self.advisory and self.status is not Status.WAIVED


class Weight(Enum):
    """The requirement of an objection. `say`: that a person decides. `name`: that a person allows the address by name.
    `hold`: that it is fixed or waived before a release is deployed; it does not block a rollback."""

    SAY = "say"
    NAME = "name"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason against applying one plan as it is. `rule` is a word like `stateful`; `address` can be an output's.

    Where `weight` is NAME, the plan is applied only after a person has allowed exactly that `name`.
    """

    rule: str
    stack: str
    address: str
    why: str
    weight: Weight

    @property
    def name(self) -> str:
        """The name that a person allows: the address, with its stack where several stacks can have it."""
        return f"{self.stack}:{self.address}" if "/" in self.stack else self.address


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that is known about one change set. `plans` are by stack key; a stack that could not be planned is in
    `unplanned` with the reason, and has a finding of status unknown."""

    change_set: ChangeSet
    plans: Mapping[str, Plan] = field(default_factory=dict)
    unplanned: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.blocks)

    @property
    def unknown(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.status is Status.UNKNOWN)
