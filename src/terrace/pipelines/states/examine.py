"""Reads the states of one environment, their locks and their newest backups. Changes and records nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from terrace.errors import Interrupted, StateLock, TerraceError
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.states.workspace import open_workspace
from terrace.plans.ports import Site
from terrace.states.backup_status import BackupStatus, StackRelease, backup_statuses, release_of, stacks_of
from terrace.states.backups import BackupRecord
from terrace.states.state_checks import judge

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StateFacts:
    """A state in its backend. `size` is in bytes, 0 where there is no state; `alarm` says why it is not as expected."""

    serial: int
    size: int
    alarm: str = ""


@dataclass(frozen=True, slots=True)
class StateExamination:
    """The state of one stack: `backend` is the type of its backend block, "" without one.

    An error in place of a fact is the reason why it is unknown. The lock and the backup are None where there is none.
    """

    stack: str
    backend: str
    deployed: bool
    state: StateFacts | TerraceError
    lock: StateLock | TerraceError | None
    backup: BackupRecord | TerraceError | None


def examine(context: Context, environment: str) -> Iterator[StateExamination]:
    """Yields what is known about each state of an environment, of its deployed stacks and of those to be deployed.

    A deployed stack is read at its release, the others at the tip of the protected branch. Each lock is held for a
    moment, to see whether another process holds it. Raises TerraceError where the ledger or the stacks of the branch
    cannot be read.
    """
    history = context.ledger.read()
    tip = StackRelease("", environment, context.repository.protected_tip())
    stacks = dict.fromkeys(stacks_of(history, environment))
    stacks.update(dict.fromkeys(stack.key for stack in context.survey(tip.commit).of(environment)))
    for key in stacks:
        release = release_of(history, environment, key)
        yield _examine_stack(context, history, key, release or tip, deployed=release is not None)


def _examine_stack(
    context: Context, history: History, key: str, release: StackRelease, *, deployed: bool
) -> StateExamination:
    backup = _attempt(lambda: _newest_backup(context, release.environment, key))
    try:
        with open_workspace(context, release, aside=True) as workspace:
            site = workspace.site(key, "plan")
            status = backup_statuses(history).get(key) or BackupStatus(key, release.environment)
            state = _attempt(lambda: _read(context, site, status))
            lock = _attempt(lambda: context.terraform.lock_of(site))
            return StateExamination(key, site.backend, deployed, state, lock, backup)
    except Interrupted:
        raise
    except TerraceError as error:
        return StateExamination(key, "", deployed, error, error, backup)


def _read(context: Context, site: Site, status: BackupStatus) -> StateFacts:
    state = context.terraform.pull_state(site)
    finding, reason = judge(status, state)
    return StateFacts(state.serial, len(state.content), reason if finding == "alarm" else "")


def _newest_backup(context: Context, environment: str, key: str) -> BackupRecord | None:
    """Returns the newest backup, which the key of this process decrypts. Raises TerraceError where it does not."""
    record = context.backups.newest(environment, key)
    if record is not None:
        context.backups.load(record.name)
    return record


def _attempt(read: Callable[[], T]) -> T | TerraceError:
    try:
        return read()
    except Interrupted:
        raise
    except TerraceError as error:
        return error
