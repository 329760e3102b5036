"""What speaks against making a copy the state again. Pure: everything known is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.errors import BadInput
from terrace.plans.model import Action, Plan
from terrace.plans.terraform import StateSnapshot
from terrace.plans.versions import parse
from terrace.states.backups import BackupRecord

LATER_APPLY = "later-apply"
UNRECORDED = "unrecorded"
OTHER_LINEAGE = "other-lineage"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a copy should not become the state. `consent` is the word that accepts it; "": nothing does."""

    why: str
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known elsewhere: our own core `version`, the deployments that `applied` something since the copy was
    taken, the hash of the copy's state and the state's lineage as the ledger has them ("": it does not). `same_state`
    are the lineages that the state had by the ledger, `holds_nothing` whether the state there has neither objects nor
    outputs."""

    version: str
    applied: tuple[str, ...]
    sha256: str
    lineage: str
    same_state: frozenset[str] = frozenset()
    holds_nothing: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """Something that a plan would do, so that state and world do not agree."""

    address: str
    action: str


def obstacles(current: StateSnapshot, record: BackupRecord, copy: StateSnapshot, known: Known) -> tuple[Obstacle, ...]:
    """Everything that speaks against it; nothing means that only the plan afterwards can."""
    return tuple(_obstacles(current, record, copy, known))


def _obstacles(current: StateSnapshot, record: BackupRecord, copy: StateSnapshot, known: Known) -> Iterator[Obstacle]:
    continued = copy.lineage in known.same_state
    if current.content and current.lineage != copy.lineage and not continued:
        why = f"it is of another state: its lineage is {copy.lineage}, and the state's is {current.lineage}"
        yield Obstacle(why, OTHER_LINEAGE if known.holds_nothing else "")
    if not current.content and known.lineage and known.lineage != copy.lineage and not continued:
        why = f"the backend is empty, and the last state that was in it had the lineage {known.lineage}"
        yield Obstacle(f"{why}, not {copy.lineage}", OTHER_LINEAGE)
    if is_newer(copy.terraform_version, known.version):
        yield Obstacle(
            f"it was written by version {copy.terraform_version or 'unknown'}, and the one in use is {known.version}"
        )
    if not known.sha256:
        why = "the ledger does not know it: it was put into the store by somebody else, or its writer was killed"
        yield Obstacle(why, UNRECORDED)
    elif known.sha256 != record.sha256:
        yield Obstacle("the ledger knows it with another content")
    if known.applied:
        yield Obstacle(
            f"applied since it was taken: {', '.join(known.applied)}; what they made would be made again", LATER_APPLY
        )


def differences(plan: Plan) -> tuple[Difference, ...]:
    """All that a plan would do, by address; outputs as `output.NAME`. Empty: state, configuration and world agree."""
    found = [Difference(change.address, change.action.value) for change in plan.effective]
    found += [Difference(f"output.{o.name}", o.action.value) for o in plan.outputs if o.action is not Action.NO_OP]
    return tuple(sorted(found))


def is_newer(written_by: str, ours: str) -> bool:
    """Whether a state was written by a newer core than ours. Terraform itself does not refuse that. Doubt is newer."""
    try:
        return parse(written_by) > parse(ours)
    except BadInput:
        return True
