"""The results of the steps of a deployment, as they are recorded."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET

from terrace.errors import TerraceError
from terrace.ledger.deployment import StepResult
from terrace.ledger.events.steps import NO_DETAIL, Detail
from terrace.plans.ports import (
    Evidence,
)


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The result of a step, as its record will show it."""

    result: StepResult
    message: str = ""
    detail: Detail = NO_DETAIL


@dataclass(frozen=True, slots=True)
class ApplySucceeded:
    """An apply that Terraform completed. `notices` are the warnings that Terraform printed, in sentences."""

    message: str
    notices: tuple[str, ...] = ()

    def as_outcome(self) -> StepOutcome:
        """Returns the result for the record of the step."""
        return StepOutcome("succeeded", self.message, Detail(notices=self.notices or UNSET))


@dataclass(frozen=True, slots=True)
class ApplyFailed:
    """An apply for which there is evidence that it failed, or did nothing."""

    message: str
    evidence: Evidence

    def as_outcome(self) -> StepOutcome:
        """Returns the result for the record of the step."""
        return StepOutcome("failed", self.message, Detail(evidence=self.evidence.name.lower()))


@dataclass(frozen=True, slots=True)
class ApplyUnknown:
    """An apply with an unknown result. It is never run again before a person has checked it."""

    message: str

    def as_outcome(self) -> StepOutcome:
        """Returns the result for the record of the step."""
        return StepOutcome("unknown", self.message)


ApplyOutcome = ApplySucceeded | ApplyFailed | ApplyUnknown
"""The result of an apply. Only `ApplyFailed` allows another attempt, and it cannot be created without evidence."""


MOST_NOTICES = 50
"""Maximum number of notices of one plan that the ledger records; `terrace plan` shows all of them."""


def failure(error: TerraceError) -> StepOutcome:
    """Returns the result of a step that raised an error."""
    return StepOutcome("failed", f"{error}" + (f" (hint: {error.hint})" if error.hint else ""))
