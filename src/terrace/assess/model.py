"""Findings and the assessment that holds them."""

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
    """How bad it is; ordered."""

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
    """`fail`: the rule is broken. `unknown`: it could not be told. `waived`: broken, and somebody answers for it."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one place. `advisory` findings are told and do not block.

    `address` is a resource, `path` and `line` (from 1, 0 unknown) a spot in the repository; `detail` may be long
    (a diff); `fix` is what to do. Findings of one `family` (a word like `public-storage`) at one place say the same,
    whichever tools they are of: one of them is told, and names the rules of the others in `also`. `waiver` is who
    answers for it, where that is what status WAIVED rests on; `note` says what records about it change, or would, and
    is no part of what it is.
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
    """What an objection asks for. `say`: that a person decides. `name`: that somebody agrees to the address by name.
    `hold`: that what it says is mended or waived before a release goes in; a way back is not held by it."""

    SAY = "say"
    NAME = "name"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against applying one plan as it is. `rule` is a word like `stateful`; `address` may be an output's.

    Where `weight` is NAME, the plan is applied only after somebody has agreed to exactly that `name`.
    """

    rule: str
    stack: str
    address: str
    why: str
    weight: Weight

    @property
    def name(self) -> str:
        """What somebody agrees to: the address, with its stack where there are several, which may all have it."""
        return f"{self.stack}:{self.address}" if "/" in self.stack else self.address


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that is known about one change set. `plans` are by stack key; a stack that could not be planned is in
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
