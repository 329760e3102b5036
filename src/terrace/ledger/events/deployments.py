"""Records of a deployment: its start, its waits, its end, and its lease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, ClassVar, Literal, Self, get_args

import msgspec
from msgspec import Meta

from terrace.ledger import kinds
from terrace.ledger.deployment import Holder
from terrace.ledger.events.grammar import (
    AnyAddress,
    Commit,
    CommitOrNone,
    Count,
    EnvironmentName,
    Folder,
    Id,
    IdOrNone,
    Line,
    RefOrNone,
    ResourceAddress,
    StackKey,
    Text,
    Word,
)
from terrace.ledger.events.proof import DeclarationRecord
from terrace.ledger.events.record import About, Part, Record
from terrace.stacks.additions import Additions, Import, Move

MOST_STACKS = 10_000
"""Stacks of one deployment, in all of its waves; additions of one kind as well."""


class ManualOrigin(msgspec.Struct, frozen=True, tag_field="kind", tag="manual"):
    """A person ran the command."""

    by: Line = ""


class AutomaticOrigin(msgspec.Struct, frozen=True, tag_field="kind", tag="automatic"):
    """`terrace tick` found it due."""


class PromotionOrigin(msgspec.Struct, frozen=True, tag_field="kind", tag="promotion"):
    """The commit that succeeded in `source` is promoted to the next environment."""

    source: EnvironmentName
    by: Line


class RollbackOrigin(msgspec.Struct, frozen=True, tag_field="kind", tag="rollback"):
    """A person rolls back, because of the effects of the deployment `of`."""

    of: IdOrNone
    by: Line
    reason: Text


class AutomaticRollbackOrigin(msgspec.Struct, frozen=True, tag_field="kind", tag="automatic-rollback"):
    """The deployment `of` failed, and terrace.yaml sets `on_failure: rollback`."""

    of: IdOrNone
    reason: Text


class RemediationOrigin(msgspec.Struct, frozen=True, tag_field="kind", tag="remediation"):
    """Drift that a check detected is reverted; `of` is the id of the event of that check."""

    of: Id
    by: Line


class RecoveryOrigin(msgspec.Struct, frozen=True, tag_field="kind", tag="recovery"):
    """The leftovers of the deployment `of` are recovered."""

    of: Id
    by: Line


class DestructionOrigin(msgspec.Struct, frozen=True, tag_field="kind", tag="destruction"):
    """Destroys everything in the stacks."""

    by: Line
    reason: Text


OriginRecord = (
    ManualOrigin
    | AutomaticOrigin
    | PromotionOrigin
    | RollbackOrigin
    | AutomaticRollbackOrigin
    | RemediationOrigin
    | RecoveryOrigin
    | DestructionOrigin
)
"""The origin of a deployment. A value that was ever written stays readable."""

ORIGINS: Mapping[str, type[OriginRecord]] = {
    str(record.__struct_config__.tag): record for record in get_args(OriginRecord)
}
"""The record of each origin, by its word."""


class AdditionsRecord(Part, frozen=True):
    """Additions to the configuration: (folder, from, to) of each move, (stack, address, id) of each import."""

    moves: Annotated[tuple[tuple[Folder, AnyAddress, AnyAddress], ...], Meta(max_length=MOST_STACKS)] = ()
    imports: Annotated[tuple[tuple[StackKey, ResourceAddress, Text], ...], Meta(max_length=MOST_STACKS)] = ()

    @classmethod
    def of(cls, additions: Additions) -> Self:
        """Returns the record of additions."""
        return cls(
            moves=tuple((move.folder, move.source, move.target) for move in additions.moves),
            imports=tuple((addition.stack, addition.address, addition.id) for addition in additions.imports),
        )

    def additions(self) -> Additions:
        """Returns the additions of this record."""
        return Additions(
            moves=tuple(Move(*move) for move in self.moves),
            imports=tuple(Import(*fields) for fields in self.imports),
        )


class DeploymentOpened(Record, frozen=True):
    """A deployment to an environment is opened. `waves` are its stacks, in the order of their deployment.

    `live` is the previously deployed commit, `agreed` are the losses that a person accepted, `settles` is the
    deployment with an unknown outcome that this one recovers. `run` is the CI run that opened it, "" outside of CI;
    `declaration` proves the requester.
    """

    KIND: ClassVar[str] = kinds.DEPLOYMENT_OPENED
    ABOUT: ClassVar[About] = "deployment"
    OMITTED: ClassVar[frozenset[str]] = frozenset({"run", "declaration"})

    environment: EnvironmentName
    commit: Commit
    origin: OriginRecord
    waves: Annotated[
        tuple[Annotated[tuple[StackKey, ...], Meta(max_length=MOST_STACKS)], ...], Meta(max_length=MOST_STACKS)
    ]
    policy: Word
    live: CommitOrNone = ""
    additions: AdditionsRecord = AdditionsRecord()
    agreed: tuple[Text, ...] = ()
    partial: bool = False
    settles: IdOrNone = ""
    run: Line = ""
    declaration: DeclarationRecord | None = None

    def __post_init__(self) -> None:
        keys = [key for wave in self.waves for key in wave]
        if len(set(keys)) != len(keys):
            raise ValueError("a stack is in its waves twice - at `$.waves`")
        strange = next((key for key in keys if key.partition("/")[0] != self.environment), None)
        if strange is not None:
            raise ValueError(f"{strange} is not a stack of {self.environment} - at `$.waves`")


class DeploymentWaiting(Record, frozen=True):
    """The deployment waits, and its process released the lease."""

    KIND: ClassVar[str] = kinds.DEPLOYMENT_WAITING
    ABOUT: ClassVar[About] = "deployment"

    reasons: tuple[Text, ...]


class DeploymentEnded(Record, frozen=True):
    """The deployment has ended. `tag` marks its commit in Git if it succeeded."""

    KIND: ClassVar[str] = kinds.DEPLOYMENT_ENDED
    ABOUT: ClassVar[About] = "deployment"
    OMITTED: ClassVar[frozenset[str]] = frozenset({"tag"})

    result: Literal["succeeded", "failed", "unknown", "blocked", "superseded"]
    reasons: tuple[Text, ...] = ()
    tag: RefOrNone | None = None


class HolderRecord(Part, frozen=True):
    """The process that runs a deployment, with enough data to prove later that it has terminated.

    Old events lack the last four fields.
    """

    host: Line
    boot: Line
    pid: Count
    who: Line
    machine: Line = ""
    pid_namespace: Line = ""
    started: Line = ""
    lock: Line = ""

    @classmethod
    def of(cls, holder: Holder) -> Self:
        """Returns the record of a holder."""
        return cls(**asdict(holder))

    def holder(self) -> Holder:
        """Returns the holder of this record."""
        return Holder(**msgspec.structs.asdict(self))


class LeaseTaken(Record, frozen=True):
    """A process drives from now on. `epoch` is one more than any before."""

    KIND: ClassVar[str] = kinds.LEASE_TAKEN
    ABOUT: ClassVar[About] = "deployment"

    holder: HolderRecord
    epoch: Annotated[int, Meta(ge=1, le=1 << 53)]


class LeaseReleased(Record, frozen=True):
    """The process released the lease, and no step is incomplete."""

    KIND: ClassVar[str] = kinds.LEASE_RELEASED
    ABOUT: ClassVar[About] = "deployment"


class RecoveryAttested(Record, frozen=True):
    """A person confirms that the process of a deployment, or of its apply, has terminated.

    `begun` is the id of the event with which that process started its work.
    """

    KIND: ClassVar[str] = kinds.RECOVERY_ATTESTED
    ABOUT: ClassVar[About] = "deployment"

    reason: Text
    begun: IdOrNone = ""
    declaration: DeclarationRecord | None = None


class RemainsRecord(Part, frozen=True):
    """The actions for one apply of unknown outcome."""

    stack: StackKey
    attempt: Id
    serial: Annotated[int, Meta(ge=-1, le=1 << 53)]
    unlock: Line = ""
    push: Annotated[int, Meta(ge=-1, le=1 << 53)] = -1
    imports: tuple[ResourceAddress, ...] = ()
    forgets: tuple[ResourceAddress, ...] = ()


class RecoveryBegun(Record, frozen=True):
    """The recovery of an apply of unknown outcome starts."""

    KIND: ClassVar[str] = kinds.RECOVERY_BEGUN
    ABOUT: ClassVar[About] = "deployment"

    stacks: tuple[RemainsRecord, ...]


class RecoverySettled(Record, frozen=True):
    """A person accepts the result of one stack of a deployment with an unknown outcome.

    `addresses` are all resources that it would have created.
    """

    KIND: ClassVar[str] = kinds.RECOVERY_SETTLED
    ABOUT: ClassVar[About] = "deployment"

    stack: StackKey
    attempt: Id
    reason: Text
    addresses: tuple[ResourceAddress, ...] = ()
    declaration: DeclarationRecord | None = None
