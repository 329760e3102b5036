"""Output of `state ...`, but for `state adopt`. It holds no values of states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import UNSET, UnsetType

from terrace.drift.review import Review
from terrace.ledger.events.states import DrillResult, RestoreResult, StateFinding
from terrace.plans.model import Action
from terrace.plans.ports import StateSnapshot
from terrace.report.json.drift import DriftedEnvironment, drifted_environments
from terrace.report.json.record import JsonRecord, format_optional_time, format_time
from terrace.states.backup_status import BackupStatus
from terrace.states.backups import BackupRecord, Catalogue, Moment, Reencryption
from terrace.states.restore_rules import Difference
from terrace.states.restores import Restored
from terrace.states.retention import Retention
from terrace.states.state_checks import Drill, Look, milliseconds
from terrace.states.state_file import Compared


class StateCheck(JsonRecord):
    """Check of one state for changes."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    finding: StateFinding
    """`none`: no state yet; `unsaved`: changed and could not be backed up; `alarm`: deleted, or of a lower serial or
    another lineage; `unknown`: unreadable."""
    reason: str
    """Reason; empty where there is none."""
    backup: str | None
    """Newest backup, or null."""
    lineage: str | None
    """Lineage of the state, or null."""
    serial: int | None
    """Serial of the state, or null."""
    busy: str | None
    """Operation that was in progress during the check, or null."""


def state_check(look: Look) -> StateCheck:
    """Returns the check of one state."""
    return StateCheck(
        stack=look.stack,
        environment=look.environment,
        finding=look.finding,
        reason=look.reason,
        backup=look.backup or None,
        lineage=look.lineage or None,
        serial=look.serial if look.serial >= 0 else None,
        busy=look.busy or None,
    )


class StateBackupJson(JsonRecord, tag_field="schema", tag="terrace/state-backup@1"):
    """Output of `terrace state backup`."""

    stacks: tuple[StateCheck, ...]
    """Checked states."""
    problems: tuple[str, ...]
    """Problems with states and their backups."""
    pruned: tuple[str, ...]
    """Names of backups that retention removed."""


def state_backup_json(
    looks: Iterable[Look], problems: Mapping[str, tuple[str, ...]], pruned: Retention | None
) -> StateBackupJson:
    """Returns the output of `terrace state backup`."""
    return StateBackupJson(
        stacks=tuple(map(state_check, looks)),
        problems=_flat(problems),
        pruned=tuple(record.name for record in pruned.dropped) if pruned is not None else (),
    )


def _flat(problems: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(problem for some in problems.values() for problem in some)


class BackupPart(JsonRecord):
    """A state backup."""

    name: str
    """Name of the backup."""
    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    taken_at: str
    """Time of the backup."""
    moment: Moment
    """`before` or `after` an apply; `restore`: replaced by a restore; `final`: before destruction."""
    lineage: str
    """Lineage of the state."""
    serial: int
    """Serial of the state."""
    size: int
    """Size of the state in bytes."""
    commit: str
    """Commit that was deployed."""
    deployment: str
    """Id of the deployment; empty where none made the backup."""
    terraform_version: str | None
    """Version of Terraform that wrote the state, or null."""
    key_id: str
    """Id of the backup key."""
    recipients: tuple[str, ...]
    """Further recipients that can decrypt the backup."""
    good: bool
    """True if it is the state of a good release."""
    checked_at: str | None
    """Time at which the state was last equal to the backup, or null."""
    drilled_at: str | None
    """Time of the last drill with the backup, or null."""
    drill: str | None
    """Result of that drill, or null."""


class DamagedBackup(JsonRecord):
    """A backup that cannot be read."""

    name: str
    """Name of the backup."""
    why: str
    """Reason."""


class StackBackups(JsonRecord):
    """Backup status of one stack."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    backup: str | None
    """Newest backup, or null."""
    checked_at: str | None
    """Time of the last check, or null."""
    exposure_ms: int | None
    """Milliseconds for which the state has had no backup, or null."""
    alarm: str | None
    """Alarm, or null."""


class StateListJson(JsonRecord, tag_field="schema", tag="terrace/state-list@1"):
    """Output of `terrace state list`."""

    backups: tuple[BackupPart, ...]
    """Backups, the oldest first."""
    damaged: tuple[DamagedBackup, ...]
    """Backups that cannot be read."""
    stacks: tuple[StackBackups, ...]
    """Backup status by stack."""
    problems: tuple[str, ...]
    """Problems with states and their backups."""


def state_list_json(
    catalogue: Catalogue,
    good: frozenset[str],
    backup_statuses: Mapping[str, BackupStatus],
    problems: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> StateListJson:
    """Returns the output of `terrace state list`. `good` are backups of good releases."""
    return StateListJson(
        backups=tuple(_backup_part(record, good, backup_statuses.get(record.stack)) for record in catalogue.records),
        damaged=tuple(DamagedBackup(name=name, why=why) for name, why in catalogue.damaged),
        stacks=tuple(
            StackBackups(
                stack=backup_status.stack,
                environment=backup_status.environment,
                backup=backup_status.backup or None,
                checked_at=format_optional_time(backup_status.checked_at),
                exposure_ms=milliseconds(backup_status.exposure(now)),
                alarm=backup_status.alarm or None,
            )
            for backup_status in backup_statuses.values()
        ),
        problems=_flat(problems),
    )


def _backup_part(record: BackupRecord, good: frozenset[str], backup_status: BackupStatus | None) -> BackupPart:
    is_current = backup_status is not None and backup_status.backup == record.original
    drill = backup_status.drilled if backup_status is not None else None
    is_drilled = drill is not None and drill.backup == record.original
    return BackupPart(
        name=record.name,
        stack=record.stack,
        environment=record.environment,
        taken_at=format_time(record.taken_at),
        moment=record.moment,
        lineage=record.lineage,
        serial=record.serial,
        size=record.size,
        commit=record.commit,
        deployment=record.deployment,
        terraform_version=record.terraform_version or None,
        key_id=record.key_id,
        recipients=tuple(record.recipients),
        good=record.original in good,
        checked_at=format_optional_time(backup_status.checked_at) if backup_status is not None and is_current else None,
        drilled_at=format_time(drill.at) if drill is not None and is_drilled else None,
        drill=drill.result if drill is not None and is_drilled else None,
    )


class ComparedState(JsonRecord):
    """One of two compared states."""

    name: str
    """Name of the backup, or of the current state."""
    serial: int | None
    """Serial; null where the state is empty."""
    lineage: str | None
    """Lineage, or null."""
    terraform_version: str | None
    """Version of Terraform that wrote the state, or null."""


class ChangedResource(JsonRecord):
    """A resource that differs between two states."""

    address: str
    """Address of the resource."""
    attributes: tuple[str, ...]
    """Names of the attributes that differ."""


class StateDiffJson(JsonRecord, tag_field="schema", tag="terrace/state-diff@1"):
    """Output of `terrace state diff`."""

    stack: str
    """Key of the stack."""
    old: ComparedState
    """Older state."""
    new: ComparedState
    """Newer state."""
    added: tuple[str, ...]
    """Addresses that only the newer state has."""
    removed: tuple[str, ...]
    """Addresses that only the older state has."""
    changed: tuple[ChangedResource, ...]
    """Resources that differ."""
    outputs: tuple[str, ...]
    """Names of outputs that differ."""


def state_diff_json(compared: Compared) -> StateDiffJson:
    """Returns the output of `terrace state diff`."""
    return StateDiffJson(
        stack=compared.stack,
        old=_compared_state(compared.old_name, compared.old),
        new=_compared_state(compared.new_name, compared.new),
        added=tuple(compared.diff.added),
        removed=tuple(compared.diff.removed),
        changed=tuple(
            ChangedResource(address=c.address, attributes=tuple(c.attributes)) for c in compared.diff.changed
        ),
        outputs=tuple(compared.diff.outputs),
    )


def _compared_state(name: str, state: StateSnapshot) -> ComparedState:
    return ComparedState(
        name=name,
        serial=state.serial if state.content else None,
        lineage=state.lineage or None,
        terraform_version=state.terraform_version or None,
    )


class StateDifference(JsonRecord):
    """A change that a plan on a restored state would make."""

    action: Action
    """Action of the plan."""
    address: str
    """Address of the resource."""


class StateRestoreJson(JsonRecord, tag_field="schema", tag="terrace/state-restore@1"):
    """Output of `terrace state restore`."""

    restore: str
    """Id of the restore."""
    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    backup: str
    """Name of the backup."""
    result: RestoreResult
    """`put_back`: a plan was not clean, so the previous state was pushed again; `unchanged`: nothing was pushed;
    `unknown`: another process changed the state during the restore."""
    reason: str
    """Reason for the result."""
    differences: tuple[StateDifference, ...]
    """Changes that a plan on the restored state would make."""
    serial: int | None
    """Serial of the state afterwards, or null."""
    held: str | None
    """Reason for the hold of the environment, or null."""
    drift: DriftedEnvironment | UnsetType = UNSET
    """Drift check after the restore; left out where nothing was restored or the check failed."""
    drift_problem: str = ""
    """Reason why the drift check after the restore failed; left out otherwise."""


def state_restore_json(restored: Restored, reviews: Iterable[Review], problem: str) -> StateRestoreJson:
    """Returns the output of `terrace state restore`. `reviews` is the drift check afterwards, empty without one;
    `problem` the reason why it failed, "" where it did not."""
    return StateRestoreJson(
        restore=restored.restore.id,
        stack=restored.restore.stack,
        environment=restored.restore.environment,
        backup=restored.restore.backup,
        result=restored.result,
        reason=restored.reason,
        differences=_differences(restored.differences),
        serial=restored.serial if restored.serial >= 0 else None,
        held=restored.held or None,
        drift=next(iter(drifted_environments(reviews)), UNSET),
        drift_problem=problem,
    )


class DrillPart(JsonRecord):
    """A restore drill of one stack."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    result: DrillResult
    """`missed`: a target was missed."""
    reasons: tuple[str, ...]
    """Reasons for the result."""
    backup: str | None
    """Name of the backup, or null."""
    commit: str | None
    """Commit that was planned, or null."""
    objects: int
    """Number of resources in the backup."""
    differences: tuple[StateDifference, ...]
    """Changes that a plan on the restored state would make."""
    rto_ms: int | None
    """Milliseconds that the restore took, or null."""
    rpo_ms: int | None
    """Milliseconds of changes that the backup lacks, or null."""
    rpo_target_ms: int | None
    """Allowed recovery point objective, or null."""
    rto_target_ms: int | None
    """Allowed recovery time objective, or null."""


class StateDrillJson(JsonRecord, tag_field="schema", tag="terrace/state-drill@1"):
    """Output of `terrace state drill`."""

    stacks: tuple[DrillPart, ...]
    """Drills by stack."""


def state_drill_json(drills: Iterable[Drill]) -> StateDrillJson:
    """Returns the output of `terrace state drill`."""
    return StateDrillJson(
        stacks=tuple(
            DrillPart(
                stack=drill.stack,
                environment=drill.environment,
                result=drill.result,
                reasons=tuple(drill.reasons),
                backup=drill.backup or None,
                commit=drill.commit or None,
                objects=drill.objects,
                differences=_differences(drill.differences),
                rto_ms=milliseconds(drill.rto),
                rpo_ms=milliseconds(drill.rpo),
                rpo_target_ms=milliseconds(drill.targets[0]),
                rto_target_ms=milliseconds(drill.targets[1]),
            )
            for drill in drills
        )
    )


class FailedBackup(JsonRecord):
    """A backup that could not be encrypted again."""

    name: str
    """Name of the backup."""
    why: str
    """Reason."""


class StateRekeyJson(JsonRecord, tag_field="schema", tag="terrace/state-rekey@1"):
    """Output of `terrace state rekey`."""

    sealed: tuple[str, ...]
    """Names of backups that were encrypted again."""
    already: int
    """Number of backups that had the current key."""
    failed: tuple[FailedBackup, ...]
    """Backups that could not be encrypted again."""


def state_rekey_json(rekeyed: Reencryption) -> StateRekeyJson:
    """Returns the output of `terrace state rekey`."""
    return StateRekeyJson(
        sealed=tuple(record.name for record in rekeyed.sealed),
        already=rekeyed.already,
        failed=tuple(FailedBackup(name=name, why=why) for name, why in rekeyed.failed),
    )


class KeptBackup(JsonRecord):
    """A backup that retention keeps."""

    name: str
    """Name of the backup."""
    why: str
    """Reason."""


class StatePruneJson(JsonRecord, tag_field="schema", tag="terrace/state-prune@1"):
    """Output of `terrace state prune`."""

    dry_run: bool
    """True if nothing was removed."""
    kept: tuple[KeptBackup, ...]
    """Backups that retention keeps."""
    dropped: tuple[str, ...]
    """Names of backups that were, or would be, removed."""


def state_prune_json(retention: Retention, *, dry_run: bool) -> StatePruneJson:
    """Returns the output of `terrace state prune`."""
    return StatePruneJson(
        dry_run=dry_run,
        kept=tuple(KeptBackup(name=record.name, why=why) for record, why in retention.kept),
        dropped=tuple(record.name for record in retention.dropped),
    )


def _differences(differences: tuple[Difference, ...]) -> tuple[StateDifference, ...]:
    return tuple(StateDifference(action=Action(d.action), address=d.address) for d in differences)
