"""What a look at the cloud found: for every stack whether it is what was deployed, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal

from terrace.assess.model import Severity
from terrace.plans.model import Action, Value


class Quadrant(Enum):
    """How a difference stands between what Terraform found changed outside and what it would do about it.

    Each attribute has its own: of one object a tag may be changed back, and a policy that was added by hand not.

    `actionable`: changed outside, and deploying changes it back. `unmanaged`: changed outside, and nothing would
    be done about it. `input`: nothing changed outside, and still something would be done: what it is made from
    changed. `deleted`: gone.
    """

    ACTIONABLE = "actionable"
    UNMANAGED = "unmanaged"
    INPUT = "input"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Cause:
    """A change that a log of the cloud tells of an object that differs: a hint about the cause, never proof.

    `source` is the kind of the log, `who` made the change, `what` is the operation, `origin` the address that the
    request came from, `client` the program that sent it, `event` the id in the log. All of it is text of others.
    """

    source: str
    at: datetime
    who: str
    what: str
    origin: str = ""
    client: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One address that is not what was deployed: `paths` name what differs, `quadrant` is that of the whole.

    `undo` is what deploying the same commit again would do. `kept` are the paths that an apply would take over into
    the state as they are, so that nobody sees them again; `grave` says that one of them is about security. `inputs` are
    the paths that nobody changed outside and that a deployment would change all the same.
    `fingerprint` is equal as long as the same differs; `observed` has a keyed mark of the value of each attribute.
    `values` are the value that was deployed and the one that is there, by path; secrets are masked. Only the process
    that looked has them: the ledger keeps none. `identity` are the attributes by which a log may name the object; the
    ledger keeps none of them either. `causes` are what logs tell, the newest first, `more_causes` how many more there
    are, `cause_unknown` why a log that was read tells nothing; "" where none is configured.
    """

    stack: str
    address: str
    type: str
    quadrant: Quadrant
    severity: Severity
    paths: tuple[str, ...]
    undo: Action
    fingerprint: str
    kept: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    grave: bool = False
    observed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[Value, Value]] = field(default_factory=dict, compare=False, repr=False)
    identity: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    causes: tuple[Cause, ...] = ()
    more_causes: int = 0
    cause_unknown: str = ""

    def quadrant_of(self, path: str) -> Quadrant:
        """The quadrant of one of the paths."""
        if path in self.inputs:
            return Quadrant.INPUT
        return Quadrant.UNMANAGED if self.quadrant is Quadrant.ACTIONABLE and path in self.kept else self.quadrant

    @property
    def quadrants(self) -> tuple[Quadrant, ...]:
        """The quadrants of its paths, that of the whole first."""
        return tuple(dict.fromkeys((self.quadrant, *(self.quadrant_of(path) for path in self.paths))))


@dataclass(frozen=True, slots=True)
class Ignored:
    """What a rule of terrace.yaml looks away from, and who answers for it."""

    address: str
    paths: tuple[str, ...]
    owner: str
    reason: str
    until: str


Status = Literal["clean", "drifted", "unknown"]


@dataclass(frozen=True, slots=True)
class Observation:
    """What one look at one stack found. `commit` is the one it was compared with; unknown says `why`.

    `undeployed` are newer commits of the protected branch that touch the stack: not drift, and told apart from it.
    `notices` are sentences about the look itself, such as an ignore rule that has run out. `objects` is how many
    objects the stack manages.
    """

    stack: str
    path: str
    status: Status
    commit: str = ""
    why: str = ""
    undeployed: tuple[str, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    notices: tuple[str, ...] = ()
    objects: int = 0

    @property
    def severity(self) -> Severity | None:
        """The worst of what was seen; None when nothing was."""
        return max((s.severity for s in self.sightings), default=None)


def worst(statuses: tuple[Status, ...]) -> Status:
    """One word for several stacks: drift first, for somebody must act; then what is not known."""
    for word in ("drifted", "unknown"):
        if word in statuses:
            return "drifted" if word == "drifted" else "unknown"
    return "clean"
