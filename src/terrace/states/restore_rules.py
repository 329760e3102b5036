"""Reasons against restoring a state backup. Pure: everything known is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrace.errors import BadInput
from terrace.plans.model import Action, Plan
from terrace.plans.versions import parse

if TYPE_CHECKING:
    from terrace.plans.ports import StateSnapshot
    from terrace.states.backups import BackupRecord

LATER_APPLY = "later-apply"
UNRECORDED = "unrecorded"
OTHER_LINEAGE = "other-lineage"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason why a backup should not be restored. `consent` is the word that accepts it; "": nothing does."""

    why: str
    consent: str = ""


@dataclass(frozen=True, slots=True)
class RestoreFacts:
    """Facts about a restore: the Terraform `version` in use, the deployments that `applied` something since the backup,
    the hash of the backup's state and the state's lineage in the ledger ("": no record). `same_state` are the lineages
    of the state in the ledger, `holds_nothing` is True if the current state has neither resources nor outputs.
    """

    version: str
    applied: tuple[str, ...]
    sha256: str
    lineage: str
    same_state: frozenset[str] = frozenset()
    holds_nothing: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """A change in a plan: the state and the live resources differ."""

    address: str
    action: str


def obstacles(
    current: StateSnapshot, record: BackupRecord, copy: StateSnapshot, facts: RestoreFacts
) -> tuple[Obstacle, ...]:
    """Returns all reasons against it; without any, only the plan afterwards can still prevent it."""
    return tuple(_obstacles(current, record, copy, facts))


def _obstacles(
    current: StateSnapshot, record: BackupRecord, copy: StateSnapshot, facts: RestoreFacts
) -> Iterator[Obstacle]:
    continued = copy.lineage in facts.same_state
    if current.content and current.lineage != copy.lineage and not continued:
        why = f"the backup belongs to a different state: lineage {copy.lineage}, not {current.lineage}"
        yield Obstacle(why, OTHER_LINEAGE if facts.holds_nothing else "")
    if not current.content and facts.lineage and facts.lineage != copy.lineage and not continued:
        why = f"the backend is empty, and its last state had the lineage {facts.lineage}"
        yield Obstacle(f"{why}, not {copy.lineage}", OTHER_LINEAGE)
    if is_newer(copy.terraform_version, facts.version):
        yield Obstacle(
            f"it was written by version {copy.terraform_version or 'unknown'}, newer than {facts.version} in use"
        )
    if not facts.sha256:
        why = "the ledger has no record of it: someone else stored it, or its writer was killed"
        yield Obstacle(why, UNRECORDED)
    elif facts.sha256 != record.sha256:
        yield Obstacle("its content differs from the ledger's record")
    if facts.applied:
        yield Obstacle(
            f"applied since the backup: {', '.join(facts.applied)}; their resources would be created again", LATER_APPLY
        )


def differences(plan: Plan) -> tuple[Difference, ...]:
    """Returns all changes of a plan, by address; outputs as `output.NAME`. Empty: state, configuration and live
    resources agree.
    """
    differences = [Difference(change.address, change.action.value) for change in plan.effective]
    differences += [
        Difference(f"output.{o.name}", o.action.value) for o in plan.outputs if o.action is not Action.NO_OP
    ]
    return tuple(sorted(differences))


def is_newer(written_by: str, ours: str) -> bool:
    """Returns whether a state was written by a newer Terraform than the one in use. Terraform itself does not refuse
    that. An unreadable version counts as newer.
    """
    try:
        return parse(written_by) > parse(ours)
    except BadInput:
        return True
