"""The results of drift checks: for every stack whether it matches the deployed configuration, and the differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal

from terrace.assess.model import Severity
from terrace.clouds.exposure import Exposure
from terrace.plans.model import Action, Path, Value


class DriftKind(Enum):
    """The relation of a difference to what Terraform found changed outside and what it would do about it.

    Each attribute has its own: in one resource a tag may be reverted, and a policy that was added manually not.

    `actionable`: changed outside, and a deployment reverts it. `unmanaged`: changed outside, and a deployment does
    nothing about it. `input`: not changed outside, but a deployment changes it, because its inputs changed. `deleted`:
    it no longer exists.
    """

    ACTIONABLE = "actionable"
    UNMANAGED = "unmanaged"
    INPUT = "input"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Cause:
    """A change in a cloud log that concerns a resource with drift: a hint about the cause, never proof.

    `source` is the kind of the log, `who` made the change, `what` is the operation, `origin` the address that the
    request came from, `client` the program that sent it, `event` the id in the log. All of it is untrusted text.
    """

    source: str
    at: datetime
    who: str
    what: str
    origin: str = ""
    client: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class DriftDetails:
    """Facts about the values of a drifted resource that only the process that ran the check has.

    `opened` is what the difference exposes that was not exposed before. `forcing` are the attributes that force a
    replacement where a deployment undoes the difference. `secret` are the paths with a masked part that differs beside
    visible ones.
    """

    opened: tuple[Exposure, ...] = ()
    forcing: tuple[Path, ...] = ()
    secret: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """One address with drift: `paths` are the differences, `kind` is that of the whole.

    `undo` is what deploying the same commit again would do. `kept` are the paths that an apply would adopt into the
    state as they are, so that they are never shown again; `grave` is whether one of them is security-related. `inputs`
    are the paths that were not changed outside and that a deployment would change anyway. `fingerprint` is equal as
    long as the same differs; `observed` has a keyed mark of the value of each attribute. `values` are the deployed and
    the current value, by path; secrets are masked. Only the process that ran the check has them, and the `details` of
    them: the ledger keeps none.
    `identity` are the attributes by which a log may name the resource; the ledger does not keep them either. `causes`
    are from the logs, the newest first, `more_causes` is the number of further ones, `cause_unknown` why a log that was
    read shows no cause; "" where no log is configured.
    """

    stack: str
    address: str
    type: str
    kind: DriftKind
    severity: Severity
    paths: tuple[str, ...]
    undo: Action
    fingerprint: str
    kept: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    grave: bool = False
    observed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[Value, Value]] = field(default_factory=dict, compare=False, repr=False)
    details: DriftDetails = field(default=DriftDetails(), compare=False, repr=False)
    identity: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    causes: tuple[Cause, ...] = ()
    more_causes: int = 0
    cause_unknown: str = ""

    def kind_of(self, path: str) -> DriftKind:
        """Returns the kind of one of the paths."""
        if path in self.inputs:
            return DriftKind.INPUT
        return DriftKind.UNMANAGED if self.kind is DriftKind.ACTIONABLE and path in self.kept else self.kind

    @property
    def kinds(self) -> tuple[DriftKind, ...]:
        """The kinds of its paths, that of the whole first."""
        return tuple(dict.fromkeys((self.kind, *(self.kind_of(path) for path in self.paths))))


@dataclass(frozen=True, slots=True)
class Ignored:
    """Drift that a rule of terrace.yaml ignores, with the owner of the rule."""

    address: str
    paths: tuple[str, ...]
    owner: str
    reason: str
    until: str


Status = Literal["clean", "drifted", "unknown"]


@dataclass(frozen=True, slots=True)
class Observation:
    """The result of checking one stack. `commit` is the one that it was compared with; an unknown result has a `why`.

    `undeployed` are newer commits of the protected branch that impact the stack: not drift, and shown separately.
    `notices` are sentences about the check itself, such as an expired ignore rule. `objects` is the number of resources
    that the stack manages.
    """

    stack: str
    path: str
    status: Status
    commit: str = ""
    why: str = ""
    undeployed: tuple[str, ...] = ()
    resources: tuple[ResourceDrift, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    notices: tuple[str, ...] = ()
    objects: int = 0

    @property
    def severity(self) -> Severity | None:
        """The worst severity; None without drift."""
        return max((s.severity for s in self.resources), default=None)


def worst(statuses: tuple[Status, ...]) -> Status:
    """Returns one status for several stacks: drift first, since a person must act; then unknown."""
    for word in ("drifted", "unknown"):
        if word in statuses:
            return "drifted" if word == "drifted" else "unknown"
    return "clean"
