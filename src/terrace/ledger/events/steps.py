"""Records of the steps of a deployment."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import UNSET, UnsetType, ValidationError, convert, field, structs

from terrace.errors import Diagnostic, Place, Snippet
from terrace.ledger import kinds
from terrace.ledger.events.drift import ResourceDriftRecord
from terrace.ledger.events.grammar import (
    BackupName,
    CommitOrNone,
    Count,
    Id,
    Line,
    Lineage,
    RefOrNone,
    ResourceAddress,
    Serial,
    StackOrNone,
    Text,
    Word,
)
from terrace.ledger.events.record import About, Part, Record
from terrace.plans.apply_progress import ChangeState

StepName = Literal["baseline", "plan", "backup", "apply", "snapshot", "smoke", "health", "tag", "revert"]
"""The steps, as events name them."""

ActionName = Literal["no-op", "read", "create", "update", "replace", "delete", "forget", "unknown"]
"""The action of a plan on one resource."""


class ObjectionRecord(Part, frozen=True):
    """An objection to a plan at one address."""

    rule: Line
    address: Text
    why: Text
    weight: Literal["say", "name", "hold"]


class PreparedRecord(Part, frozen=True):
    """The outputs of a command before the plan: a digest of its inputs, and one of its files."""

    command: Line
    source: Word
    files: Word


class DiagnosticRecord(Part, frozen=True):
    """A message of Terraform about a step that failed: its title, its explanation, its place and the source lines."""

    OMITTED: ClassVar[frozenset[str]] = frozenset(
        {"detail", "path", "line", "column", "address", "code", "code_line", "context", "values"}
    )

    severity: Literal["error", "warning"]
    summary: Text
    detail: Text = ""
    path: Text = ""
    line: Count = 0
    column: Count = 0
    address: Text = ""
    code: Text = ""
    code_line: Count = 0
    context: Text = ""
    values: tuple[Text, ...] = ()

    def diagnostic(self) -> Diagnostic:
        """Returns the message."""
        return Diagnostic(
            severity=self.severity,
            summary=self.summary,
            detail=self.detail,
            place=Place(self.path, self.line, self.column) if self.path else None,
            address=self.address or None,
            snippet=Snippet(self.code, self.code_line, self.context, self.values) if self.code else None,
        )


RecordedChange = tuple[ActionName, ResourceAddress]
"""A change of one resource."""


class ApplyProgressRecord(Part, frozen=True):
    """The changes of an apply that did not succeed, by their state. `more` counts those that are left out."""

    OMITTED: ClassVar[frozenset[str]] = frozenset({"completed", "failed", "in_flight", "not_started"})

    completed: tuple[RecordedChange, ...] = ()
    failed: tuple[RecordedChange, ...] = ()
    in_flight: tuple[RecordedChange, ...] = ()
    not_started: tuple[RecordedChange, ...] = ()
    more: dict[ChangeState, Count] = field(default_factory=dict)


class ProbeRecord(Part, frozen=True):
    """The result of one probe."""

    name: Line
    reading: Literal["passed", "failed", "unclear"]
    message: Text


ListName = Literal["changes", "sightings", "echoes", "objections"]
"""The lists of a step that may be written in parts."""


class Detail(Part, frozen=True):
    """The details of a step beyond its result. Each step has its own of these; what it does not say is left out."""

    # A plan: its changes, and the state that it was made on.
    digest: Word | UnsetType = UNSET
    digest_key: Word | UnsetType = UNSET
    empty: bool | UnsetType = UNSET
    later: bool | UnsetType = UNSET
    create: Count | UnsetType = UNSET
    update: Count | UnsetType = UNSET
    replace: Count | UnsetType = UNSET
    delete: Count | UnsetType = UNSET
    changes: tuple[tuple[ActionName, ResourceAddress], ...] | UnsetType = UNSET
    sightings: tuple[ResourceDriftRecord, ...] | UnsetType = UNSET
    notices: tuple[Text, ...] | UnsetType = UNSET
    objections: tuple[ObjectionRecord, ...] | UnsetType = UNSET
    findings: dict[str, Count] | UnsetType = UNSET
    risk: dict[str, tuple[Count, tuple[Text, ...]]] | UnsetType = UNSET
    parts: dict[ListName, Count] | UnsetType = UNSET
    prepared: tuple[PreparedRecord, ...] | UnsetType = UNSET
    lineage: Lineage | UnsetType = UNSET
    serial: Serial | UnsetType = UNSET
    # The state is empty and new: the workspace was created for this plan.
    new_state: bool | UnsetType = UNSET
    sha256: Word | UnsetType = UNSET
    # A failure: the messages of Terraform, the number of those that are left out, and how to fix it.
    diagnostics: tuple[DiagnosticRecord, ...] | UnsetType = UNSET
    more_diagnostics: Count | UnsetType = UNSET
    hint: Text | UnsetType = UNSET
    # An apply that did not succeed: its changes by their state.
    progress: ApplyProgressRecord | UnsetType = UNSET
    # An apply: its place and process, and the evidence that it did nothing.
    place: Line | UnsetType = UNSET
    host: Line | UnsetType = UNSET
    terraform: Line | UnsetType = UNSET
    runner: dict[str, Line] | UnsetType = UNSET
    evidence: Line | UnsetType = UNSET
    # A copy of the state.
    backup: BackupName | UnsetType = UNSET
    state_sha256: Word | UnsetType = UNSET
    key_id: Word | UnsetType = UNSET
    outputs: dict[str, Any] | UnsetType = UNSET
    echoes: tuple[ResourceDriftRecord, ...] | UnsetType = UNSET
    # The results of probes.
    healthy: bool | UnsetType = UNSET
    probes: tuple[ProbeRecord, ...] | UnsetType = UNSET
    reading: Literal["passed", "failed", "unclear"] | UnsetType = UNSET
    # The written Git objects.
    tag: RefOrNone | UnsetType = UNSET
    branch: RefOrNone | UnsetType = UNSET
    commit: CommitOrNone | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.backup is not UNSET and UNSET in (self.state_sha256, self.lineage, self.serial):
            raise ValueError("a copy without the lineage, the serial or the hash of its state - at `$.backup`")

    @property
    def total(self) -> int:
        """Returns the number of objects that a plan would change."""
        return sum(number or 0 for number in (self.create, self.update, self.replace, self.delete))

    def merge(self, later: Detail) -> Detail:
        """Returns this detail with what `later` adds to it or says differently."""
        if self == NO_DETAIL:
            return later
        return structs.replace(self, **_set_fields(later)) if later != NO_DETAIL else self


NO_DETAIL = Detail()
"""The detail of a step about which nothing more is known."""


def _set_fields(detail: Detail) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(detail).items() if value is not UNSET}


def lacks(step: StepName, detail: Detail) -> str:
    """Returns the missing field of a successful step; "" if it is complete."""
    needed: tuple[str, ...] = ()
    if step == "plan" and detail.later is not True:
        needed = ("digest", "empty", "lineage", "serial")
    elif step == "tag":
        needed = ("tag",)
    return next((name for name in needed if getattr(detail, name) is UNSET), "")


class StepBegun(Record, frozen=True):
    """A step is about to be taken. `attempt` is an id that no other has."""

    KIND: ClassVar[str] = kinds.STEP_BEGUN
    ABOUT: ClassVar[About] = "deployment"

    step: StepName
    attempt: Id
    stack: StackOrNone = ""
    detail: Detail = Detail()


class StepListed(Record, frozen=True):
    """One part of a long list of a step, written before its end. The end says how many parts each list has."""

    KIND: ClassVar[str] = kinds.STEP_LISTED
    ABOUT: ClassVar[About] = "deployment"

    attempt: Id
    list: ListName
    part: Count
    entries: tuple[Any, ...]

    def __post_init__(self) -> None:
        try:
            self.typed_entries()
        except ValidationError as error:
            raise ValueError(str(error)) from error

    def typed_entries(self) -> tuple[Any, ...]:
        """Returns the entries as records. Raises ValidationError where an entry does not belong into that list."""
        entries: tuple[Any, ...] = getattr(convert({self.list: self.entries}, Detail), self.list)
        return entries


class StepEnded(Record, frozen=True):
    """How a step ended. Values of its start are not repeated."""

    KIND: ClassVar[str] = kinds.STEP_ENDED
    ABOUT: ClassVar[About] = "deployment"

    attempt: Id
    result: Literal["succeeded", "failed", "unknown"]
    step: StepName | Literal[""] = ""
    stack: StackOrNone = ""
    message: Text = ""
    detail: Detail = Detail()
