"""The results of the steps of a deployment, as they are recorded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from msgspec import UNSET, UnsetType

from terrace import typed_json
from terrace.checks.secrets.masking import SecretMask, without_secrets
from terrace.errors import Diagnostic, Place, Snippet, TerraceError, TerraformFailed
from terrace.ledger.deployment import StepResult
from terrace.ledger.events.codec import fits
from terrace.ledger.events.steps import NO_DETAIL, ApplyProgressRecord, Detail, DiagnosticRecord, RecordedChange
from terrace.plans.apply_progress import NO_PROGRESS, ApplyProgress, ChangeState
from terrace.plans.ports import (
    Evidence,
)
from terrace.report.diagnostics import errors_first


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The result of a step, as its record will show it once it is masked. `diagnostics` are Terraform's messages about
    a failure, `progress` are the changes of an apply that did not succeed."""

    result: StepResult
    message: str = ""
    detail: Detail = NO_DETAIL
    diagnostics: tuple[Diagnostic, ...] = ()
    progress: ApplyProgress = NO_PROGRESS

    def mask(self, mask: SecretMask) -> StepOutcome:
        """Returns the result for the ledger, without secrets in any text of Terraform. More people can read the ledger
        than the state, and nothing is ever removed from it.
        """
        if self.result == "succeeded" and not self.detail.later:
            return self

        def hide(text: str) -> str:
            return mask.hide(without_secrets(text, bare=True))

        records = [_record(diagnostic, hide) for diagnostic in errors_first(self.diagnostics)[:MOST_DIAGNOSTICS]]
        records = [record for record in records if fits(msgspec.to_builtins(record))]
        left_out = len(self.diagnostics) - len(records)
        failure = Detail(
            diagnostics=tuple(records) or UNSET,
            more_diagnostics=left_out or UNSET,
            progress=_progress_record(self.progress, hide),
        )
        if self.detail.hint:
            failure = failure.merge(Detail(hint=hide(self.detail.hint)))
        return StepOutcome(self.result, hide(self.message), self.detail.merge(failure))


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
    diagnostics: tuple[Diagnostic, ...] = ()
    progress: ApplyProgress = NO_PROGRESS

    def as_outcome(self) -> StepOutcome:
        """Returns the result for the record of the step."""
        detail = Detail(evidence=self.evidence.name.lower())
        return StepOutcome("failed", self.message, detail, diagnostics=self.diagnostics, progress=self.progress)


@dataclass(frozen=True, slots=True)
class ApplyUnknown:
    """An apply with an unknown result. It is never run again before a person has checked it."""

    message: str
    diagnostics: tuple[Diagnostic, ...] = ()
    progress: ApplyProgress = NO_PROGRESS

    def as_outcome(self) -> StepOutcome:
        """Returns the result for the record of the step."""
        return StepOutcome("unknown", self.message, diagnostics=self.diagnostics, progress=self.progress)


ApplyOutcome = ApplySucceeded | ApplyFailed | ApplyUnknown
"""The result of an apply. Only `ApplyFailed` allows another attempt, and it cannot be created without evidence."""


MOST_NOTICES = 50
"""Maximum number of notices of one plan that the ledger records; `terrace plan` shows all of them."""


MOST_DIAGNOSTICS = 20
"""Maximum number of messages about one failure that the ledger records; the log of the step has all."""

MOST_CHANGES = 20
"""Maximum number of changes of each state that the ledger records of an apply that did not succeed."""

LONGEST_TEXT = 8192
"""Length at which a text of a recorded message is cut, in characters."""


def failure(error: TerraceError) -> StepOutcome:
    """Returns the result of a step that raised an error."""
    diagnostics = error.diagnostics if isinstance(error, TerraformFailed) else ()
    return StepOutcome("failed", f"{error}", Detail(hint=error.hint or UNSET), diagnostics=diagnostics)


def _progress_record(progress: ApplyProgress, hide: Callable[[str], str]) -> ApplyProgressRecord | UnsetType:
    if not progress.changes:
        return UNSET
    listed: dict[ChangeState, tuple[RecordedChange, ...]] = {}
    for state, changes in progress.changes.items():
        entries: list[RecordedChange] = []
        for action, address in changes[:MOST_CHANGES]:
            # A change whose masked address is not an address is only counted.
            with suppress(msgspec.ValidationError):
                entries.append(typed_json.convert((action, hide(address)), cast("Any", RecordedChange)))
        listed[state] = tuple(entries)
    left_out = {state: len(changes) - len(listed[state]) for state, changes in progress.changes.items()}
    return ApplyProgressRecord(**listed, more={state: number for state, number in left_out.items() if number})


def _record(diagnostic: Diagnostic, hide: Callable[[str], str]) -> DiagnosticRecord:
    def text(value: str) -> str:
        hidden = hide(value)
        return hidden if len(hidden) <= LONGEST_TEXT else f"{hidden[:LONGEST_TEXT]}..."

    place, snippet = diagnostic.place or Place(""), diagnostic.snippet or Snippet("", 0)
    return DiagnosticRecord(
        severity="warning" if diagnostic.severity == "warning" else "error",
        summary=text(diagnostic.summary),
        detail=text(diagnostic.detail),
        path=place.path,
        line=place.line,
        column=place.column,
        address=diagnostic.address or "",
        code=text(snippet.code),
        code_line=snippet.line,
        context=text(snippet.context),
        values=tuple(text(value) for value in snippet.values),
    )
