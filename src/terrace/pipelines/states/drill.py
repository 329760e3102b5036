"""Restore drills: each newest backup is restored into a scratch backend, and measured against RPO and RTO."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from terrace.errors import Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.events.states import StateDrilled
from terrace.ledger.model import History, draft
from terrace.pipelines.context import Context
from terrace.pipelines.journal import append
from terrace.pipelines.states.workspace import StateWorkspace, choose_backup, open_workspace
from terrace.plans.ports import StateSnapshot
from terrace.states.backup_status import BackupStatus, backup_statuses, recorded_hashes, release_of, stacks_of
from terrace.states.backups import BackupRecord
from terrace.states.restore_rules import differences
from terrace.states.restores import open_restore
from terrace.states.state_checks import Drill, judge_drill, milliseconds
from terrace.states.state_file import objects, read_state


def drill(context: Context, environments: Iterable[str]) -> tuple[Drill, ...]:
    """Runs a drill for every stack of these environments, and records the results.

    Changes nothing real: each backup is pushed to a scratch backend in memory, and only planned on.
    """
    drills: list[Drill] = []
    for environment in environments:
        history = context.ledger.read()
        with context.leases.hold(environment) as free:
            busy = _why_busy(history, environment) if free else "another process on this machine is working there"
            done = [
                _drill_stack(context, history, environment, key, busy=busy) for key in stacks_of(history, environment)
            ]
        _record(context, history, done)
        drills += done
    return tuple(drills)


def _why_busy(history: History, environment: str) -> str:
    """Returns why a state may change during a drill; "" when nothing changes it."""
    latest = folds.latest(history, environment)
    if latest is not None and latest.open and latest.lease is not None:
        return f"deployment {latest.id} of {latest.lease.holder.who} is in progress"
    restoring = open_restore(history, environment)
    return f"the restore {restoring.id} of {restoring.stack} is not finished" if restoring is not None else ""


def _record(context: Context, history: History, drills: list[Drill]) -> None:
    held = [drill for drill in drills if drill.result != "skipped"]
    drafts = tuple(draft(_drilled_record(drill), drill.stack, context.actor) for drill in held)
    append(context.ledger, history, lambda current: drafts)


def _drill_stack(context: Context, history: History, environment: str, key: str, *, busy: str) -> Drill:
    settings = context.config.environment(environment)
    blank = Drill(key, environment, "failed", targets=(settings.rpo, settings.rto))
    if busy:
        return replace(blank, result="skipped", reasons=(busy,))
    last = release_of(history, environment, key)
    assert last is not None, "only stacks that were applied or adopted are drilled"
    if last.destroyed:
        return replace(blank, result="skipped", reasons=("it was destroyed",))
    backup_status = backup_statuses(history).get(key) or BackupStatus(key, environment)
    began = context.clock()
    try:
        record = choose_backup(context, backup_status)
        blank = replace(blank, backup=record.original, commit=last.commit)
        digest = recorded_hashes(history).get(record.original)
        if digest is not None and digest != record.sha256:
            return replace(blank, reasons=("the ledger has that backup with another content",))
        with open_workspace(context, last) as on:
            drill = _restore_and_plan(on, blank, record, began)
            return judge_drill(drill, data_loss(backup_status, record, _current_state(on, key), context.clock()))
    except Interrupted:
        raise
    except TerraceError as error:
        return replace(blank, reasons=(str(error),))


def _restore_and_plan(on: StateWorkspace, blank: Drill, record: BackupRecord, began: datetime) -> Drill:
    """Restores the backup and plans on it, and measures the time."""
    context = on.context
    content = context.backups.load(record.name)
    read_state(content, f"the backup {record.name}")
    with context.terraform.scratch(on.site(blank.stack, "plan")) as scratch:
        context.terraform.push_state(scratch, content)
        drifted = differences(on.plan(scratch))
    return replace(blank, differences=drifted, objects=objects(content), rto=context.clock() - began)


def _current_state(workspace: StateWorkspace, key: str) -> StateSnapshot | None:
    """Returns the current state of a stack; None where it cannot be read, as in a real loss."""
    try:
        return workspace.context.terraform.pull_state(workspace.site(key, "plan"))
    except Interrupted:
        raise
    except TerraceError:
        return None


def data_loss(status: BackupStatus, record: BackupRecord, state: StateSnapshot | None, now: datetime) -> timedelta:
    """Returns how much would be lost with the current state: nothing while the backup is the current state.

    Otherwise it is the time since the backup was last verified to be the current state. `status` is what the ledger
    knows of the stack; `state` is None where it cannot be read.
    """
    if state is not None and (state.lineage, state.serial) == (record.lineage, record.serial):
        return timedelta(0)
    verified = status.checked_at if status.backup == record.original else None
    return now - (record.taken_at if verified is None else max(record.taken_at, verified))


def _drilled_record(drill: Drill) -> StateDrilled:
    return StateDrilled(
        environment=drill.environment,
        backup=drill.backup,
        result=drill.result,
        commit=drill.commit,
        reasons=drill.reasons,
        differences=tuple((d.action, d.address) for d in drill.differences),
        rto_ms=milliseconds(drill.rto),
        rpo_ms=milliseconds(drill.rpo),
        rpo_target_ms=milliseconds(drill.targets[0]),
        rto_target_ms=milliseconds(drill.targets[1]),
    )
