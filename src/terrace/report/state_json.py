"""States and their copies as the JSON objects that machines read. Values of states are in none of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from terrace.drift.state_adoption import Adopted, Settled
from terrace.plans.terraform import StateSnapshot
from terrace.report.machine import Json, when
from terrace.states.backups import BackupRecord, Catalogue, Rekeyed
from terrace.states.restore_rules import Difference
from terrace.states.restores import Restored
from terrace.states.retention import Retention
from terrace.states.state_checks import Drill, Look, milliseconds
from terrace.states.state_file import Compared
from terrace.states.status import Standing


def backed_up(looks: Iterable[Look], problems: Mapping[str, tuple[str, ...]], pruned: Retention | None) -> Json:
    """`terrace state backup`."""
    return {
        "schema": "terrace/state-backup@1",
        "stacks": [look(one) for one in looks],
        "problems": [problem for told in problems.values() for problem in told],
        "pruned": [record.name for record in pruned.dropped] if pruned is not None else [],
    }


def look(one: Look) -> Json:
    """One look at a state."""
    return {
        "stack": one.stack,
        "environment": one.environment,
        "finding": one.finding,
        "reason": one.reason,
        "backup": one.backup or None,
        "lineage": one.lineage or None,
        "serial": one.serial if one.serial >= 0 else None,
        "busy": one.busy or None,
    }


def catalogue(
    found: Catalogue,
    good: frozenset[str],
    standings: Mapping[str, Standing],
    problems: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> Json:
    """`terrace state list`."""
    return {
        "schema": "terrace/state-list@1",
        "backups": [_backup(record, good, standings) for record in found.records],
        "damaged": [{"name": name, "why": why} for name, why in found.damaged],
        "stacks": [_standing(one, now) for one in standings.values()],
        "problems": [problem for told in problems.values() for problem in told],
    }


def compared(one: Compared) -> Json:
    """`terrace state diff`."""
    return {
        "schema": "terrace/state-diff@1",
        "stack": one.stack,
        "old": _side(one.old_name, one.old),
        "new": _side(one.new_name, one.new),
        "added": list(one.diff.added),
        "removed": list(one.diff.removed),
        "changed": [{"address": c.address, "attributes": list(c.attributes)} for c in one.diff.changed],
        "outputs": list(one.diff.outputs),
    }


def restored(one: Restored) -> Json:
    """`terrace state restore`."""
    return {
        "schema": "terrace/state-restore@1",
        "restore": one.restore.id,
        "stack": one.restore.stack,
        "environment": one.restore.environment,
        "backup": one.restore.backup,
        "result": one.result,
        "reason": one.reason,
        "differences": _differences(one.differences),
        "serial": one.serial if one.serial >= 0 else None,
        "held": one.held or None,
    }


def adopted(one: Adopted) -> Json:
    """`terrace state adopt`."""
    found = one.adoption
    return {
        "schema": "terrace/state-adopt@1",
        "stack": found.stack.key,
        "environment": found.stack.environment,
        "source": found.source,
        "target": found.target,
        "objects": list(found.objects),
        "creates": list(found.creates),
        "lineage": one.state.lineage,
        "serial": one.state.serial,
        "backup": one.backup,
        "put_aside": one.put_aside or None,
        "changes": list(found.changes),
        "deletes": list(found.deletes),
        "same": found.same,
        "commit": found.commit,
        "already": False,
    }


def settled(one: Settled) -> Json:
    """`terrace state adopt` of a stack that was adopted or deployed before."""
    return {
        "schema": "terrace/state-adopt@1",
        "stack": one.stack.key,
        "environment": one.stack.environment,
        "source": one.target,
        "target": one.target,
        "objects": [],
        "creates": [],
        "lineage": None,
        "serial": None,
        "backup": None,
        "put_aside": None,
        "changes": [],
        "deletes": [],
        "same": one.same,
        "commit": one.commit,
        "already": True,
    }


def drilled(drills: Iterable[Drill]) -> Json:
    """`terrace state drill`."""
    return {
        "schema": "terrace/state-drill@1",
        "stacks": [
            {
                "stack": one.stack,
                "environment": one.environment,
                "result": one.result,
                "reasons": list(one.reasons),
                "backup": one.backup or None,
                "commit": one.commit or None,
                "objects": one.objects,
                "differences": _differences(one.differences),
                "rto_ms": milliseconds(one.rto),
                "rpo_ms": milliseconds(one.rpo),
                "rpo_target_ms": milliseconds(one.targets[0]),
                "rto_target_ms": milliseconds(one.targets[1]),
            }
            for one in drills
        ],
    }


def rekeyed(one: Rekeyed) -> Json:
    """`terrace state rekey`."""
    return {
        "schema": "terrace/state-rekey@1",
        "sealed": [record.name for record in one.sealed],
        "already": one.already,
        "failed": [{"name": name, "why": why} for name, why in one.failed],
    }


def pruned(one: Retention, *, dry_run: bool) -> Json:
    """`terrace state prune`."""
    return {
        "schema": "terrace/state-prune@1",
        "dry_run": dry_run,
        "kept": [{"name": record.name, "why": why} for record, why in one.kept],
        "dropped": [record.name for record in one.dropped],
    }


def _backup(record: BackupRecord, good: frozenset[str], standings: Mapping[str, Standing]) -> Json:
    standing = standings.get(record.stack)
    current = standing is not None and standing.backup == record.original
    drilled = standing.drilled if standing is not None else None
    return {
        "name": record.name,
        "stack": record.stack,
        "environment": record.environment,
        "taken_at": when(record.taken_at),
        "moment": record.moment,
        "lineage": record.lineage,
        "serial": record.serial,
        "size": record.size,
        "commit": record.commit,
        "deployment": record.deployment,
        "terraform_version": record.terraform_version or None,
        "key_id": record.key_id,
        "recipients": list(record.recipients),
        "good": record.original in good,
        "checked_at": when(standing.checked_at) if standing is not None and current else None,
        "drilled_at": when(drilled.at) if drilled is not None and drilled.backup == record.original else None,
        "drill": drilled.result if drilled is not None and drilled.backup == record.original else None,
    }


def _standing(one: Standing, now: datetime) -> Json:
    return {
        "stack": one.stack,
        "environment": one.environment,
        "backup": one.backup or None,
        "checked_at": when(one.checked_at),
        "exposure_ms": milliseconds(one.exposure(now)),
        "alarm": one.alarm or None,
    }


def _side(name: str, state: StateSnapshot) -> Json:
    there = bool(state.content)
    return {
        "name": name,
        "serial": state.serial if there else None,
        "lineage": state.lineage or None,
        "terraform_version": state.terraform_version or None,
    }


def _differences(found: tuple[Difference, ...]) -> list[Json]:
    return [{"action": one.action, "address": one.address} for one in found]
