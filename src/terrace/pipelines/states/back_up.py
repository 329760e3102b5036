"""Polling of states: checks every state, and backs up those that changed without a deployment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from terrace.errors import Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.events.states import StateBackedUp
from terrace.ledger.model import History, draft
from terrace.pipelines.context import Context
from terrace.pipelines.journal import append
from terrace.pipelines.states.workspace import StateWorkspace, open_workspace, release
from terrace.plans.ports import StateSnapshot
from terrace.states.backup_status import BackupStatus, StackRelease, backup_statuses, stacks_of
from terrace.states.restores import open_restore
from terrace.states.state_checks import Look, judge
from terrace.states.state_file import addresses_in


def back_up(context: Context, environments: Iterable[str], accepted: frozenset[str] = frozenset()) -> tuple[Look, ...]:
    """Checks every state of these environments, backs up what changed, and records the results.

    A state that is not as expected is an alarm until it is correct again or its stack is `accepted`. An accepted stack
    that the protected branch no longer defines and whose state has no resources is recorded as empty. A state that
    cannot be read hides no other.
    """
    history = context.ledger.read()
    current = (
        {stack.key for stack in context.survey(context.repository.protected_tip()).stacks} if accepted else frozenset()
    )
    gone = accepted - current
    looks = [look for environment in environments for look in _looks(context, history, environment, accepted, gone)]
    drafts = tuple(draft(_record(look), look.stack, context.actor) for look in looks)
    append(context.ledger, history, lambda now_known: drafts)
    return tuple(looks)


def due_for_backup(context: Context) -> tuple[str, ...]:
    """Returns the environments with an RPO in which a state was last checked more than half of the RPO ago."""
    history = context.ledger.read()
    statuses = backup_statuses(history)
    now = context.clock()
    due_now = []
    for environment in context.config.environments:
        if environment.rpo is None or open_restore(history, environment.name) is not None:
            continue
        own_statuses = [statuses.get(key) for key in stacks_of(history, environment.name)]
        if any(s is None or s.checked_at is None or now - s.checked_at > environment.rpo / 2 for s in own_statuses):
            due_now.append(environment.name)
    return tuple(due_now)


def _looks(
    context: Context, history: History, environment: str, accepted: frozenset[str], gone: frozenset[str]
) -> Iterator[Look]:
    """Yields the checks of one environment, release by release: its stacks may be at different ones."""
    statuses = backup_statuses(history)
    busy = _why_busy(history, environment)
    by_release: dict[str, list[Look]] = {}
    releases: dict[str, StackRelease] = {}
    for key in stacks_of(history, environment):
        deployment = release(history, environment, key)
        releases[deployment.id] = deployment
        blank = Look(key, environment, "unknown", commit=deployment.commit, busy=busy)
        by_release.setdefault(deployment.id, []).append(blank)
    restoring = open_restore(history, environment)
    if restoring is not None:
        reason = f"the restore {restoring.id} of {restoring.stack} is not finished"
        yield from (replace(blank, reason=reason) for blanks in by_release.values() for blank in blanks)
        return
    for name, blanks in by_release.items():
        try:
            with (
                open_workspace(context, releases[name], aside=True) as on,
                ThreadPoolExecutor(max(1, context.parallel)) as pool,
            ):

                def look_at(blank: Look, on: StateWorkspace = on) -> Look:
                    backup_status = statuses.get(blank.stack) or BackupStatus(blank.stack, environment)
                    accept, removed = blank.stack in accepted, blank.stack in gone
                    return _look(on, blank, backup_status, accept=accept, removed=removed)

                yield from pool.map(look_at, blanks)
        except Interrupted:
            raise
        except TerraceError as error:
            yield from (replace(blank, reason=f"its release cannot be checked out: {error}") for blank in blanks)


def _look(on: StateWorkspace, look: Look, status: BackupStatus, *, accept: bool, removed: bool) -> Look:
    try:
        state = on.context.terraform.pull_state(on.site(look.stack, "plan"))
    except Interrupted:
        raise
    except TerraceError as error:
        return replace(look, reason=f"it could not be read: {error}")
    finding, reason = judge(status, state)
    if finding == "alarm" and accept:
        finding, reason = ("saved" if state.content else "none"), f"accepted by {on.context.actor}: {reason}"
    if removed and (not state.content or not addresses_in(state.content)):
        accepted = f"accepted by {on.context.actor}: it has no resources, and {look.stack} no longer exists"
        return replace(look, finding="none", reason=accepted, lineage=state.lineage, serial=state.serial)
    look = replace(look, finding=finding, reason=reason, lineage=state.lineage, serial=state.serial)
    return _save(on.context, look, status, state) if state.content else look


def _save(context: Context, look: Look, status: BackupStatus, state: StateSnapshot) -> Look:
    """Returns the check with the backup of its state. A wrong state is backed up too: it may be the only one left."""
    look = replace(look, sha256=hashlib.sha256(state.content).hexdigest())
    try:
        # The store is checked even if nothing changed: a backup that was deleted there is created again.
        record = context.backups.save(
            look.environment, look.stack, state, commit=look.commit, deployment="none", moment="poll"
        )
    except TerraceError as error:
        return _not_saved(look, error)
    lost = look.finding == "same" and record.original != status.backup
    return replace(look, backup=record.original, finding="saved" if lost else look.finding)


def _not_saved(look: Look, error: TerraceError) -> Look:
    match look.finding:
        case "alarm":
            return look
        case "same":
            return replace(
                look,
                finding="unknown",
                reason=f"nothing changed, but it is unknown whether its backup still exists: {error}",
            )
        case _:
            return replace(look, finding="unsaved", reason=f"it could not be backed up: {error}")


def _why_busy(history: History, environment: str) -> str:
    """Returns what may change the state during the check, according to the ledger."""
    latest = folds.latest(history, environment)
    if latest is None or not latest.open or latest.lease is None:
        return ""
    return f"deployment {latest.id} of {latest.lease.holder.who}"


def _record(look: Look) -> StateBackedUp:
    return StateBackedUp(
        environment=look.environment,
        finding=look.finding,
        reason=look.reason,
        backup=look.backup,
        lineage=look.lineage,
        serial=look.serial,
        sha256=look.sha256,
        commit=look.commit,
        busy=look.busy,
    )
