"""The result of one step of a deployment, as its record in the ledger will show it."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET

from terrace.errors import TerraceError
from terrace.ledger.deployment import StepResult
from terrace.ledger.events.steps import NO_DETAIL, Detail
from terrace.plans.terraform import (
    Evidence,
)


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How a step ended: what its record will say."""

    result: StepResult
    message: str = ""
    detail: Detail = NO_DETAIL


@dataclass(frozen=True, slots=True)
class ApplySucceeded:
    """An apply that Terraform ended well. `notices` are the warnings of Terraform, in sentences."""

    message: str
    notices: tuple[str, ...] = ()

    def as_outcome(self) -> StepOutcome:
        """Returns it as the record of its step."""
        return StepOutcome("succeeded", self.message, Detail(notices=self.notices or UNSET))


@dataclass(frozen=True, slots=True)
class ApplyFailed:
    """An apply that is proven to have failed, or to have done nothing."""

    message: str
    evidence: Evidence

    def as_outcome(self) -> StepOutcome:
        """Returns it as the record of its step."""
        return StepOutcome("failed", self.message, Detail(evidence=self.evidence.name.lower()))


@dataclass(frozen=True, slots=True)
class ApplyUnknown:
    """An apply that may have done anything. It is never run again before a person has looked."""

    message: str

    def as_outcome(self) -> StepOutcome:
        """Returns it as the record of its step."""
        return StepOutcome("unknown", self.message)


ApplyOutcome = ApplySucceeded | ApplyFailed | ApplyUnknown
"""How an apply ended. Only `ApplyFailed` says that it may be tried again, and it cannot be made without evidence."""


MOST_NOTICES = 50
"""How many notices of one plan the ledger keeps; `terrace plan` shows all of them."""


def failure(error: TerraceError) -> StepOutcome:
    """A step that broke, as its record will say it."""
    return StepOutcome("failed", f"{error}" + (f" (hint: {error.hint})" if error.hint else ""))
