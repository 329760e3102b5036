"""Comparison of two states of one stack: a backup and the current state, or two backups."""

from __future__ import annotations

from terrace.pipelines.context import Context
from terrace.pipelines.states.workspace import choose_backup, environment_of, open_workspace, release
from terrace.plans.ports import StateSnapshot
from terrace.states.backup_status import BackupStatus, backup_statuses
from terrace.states.state_file import Compared, compare, read_state

LIVE = "the current state"


def difference(context: Context, key: str, older: str | None, newer: str | None) -> Compared:
    """Returns the differences between a backup and another one, or the current state. By default the backup is the
    newest."""
    history = context.ledger.read()
    environment = environment_of(context, key)
    backup_status = backup_statuses(history).get(key) or BackupStatus(key, environment)
    old_name, old = _copy(context, backup_status, older)
    if newer is not None:
        new_name, new = _copy(context, backup_status, newer)
    else:
        with open_workspace(context, release(history, environment, key), aside=True) as on:
            new_name, new = LIVE, context.terraform.pull_state(on.site(key, "plan"))
    return Compared(key, old_name, old, new_name, new, compare(old.content, new.content))


def _copy(context: Context, backup_status: BackupStatus, name: str | None) -> tuple[str, StateSnapshot]:
    record = choose_backup(context, backup_status, name)
    return record.name, read_state(context.backups.load(record.name), f"the backup {record.name}")
