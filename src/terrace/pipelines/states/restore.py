"""Restore of a state from a backup. After a crash at any point the environment stays on hold, and the next call
completes the restore or puts the previous state back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from msgspec import structs

from terrace.errors import BadInput, Corrupt, NotReady, TerraceError, TerraformFailed
from terrace.ledger import folds, holds
from terrace.ledger.events.deployments import HolderRecord
from terrace.ledger.events.people import EnvironmentHeld, EnvironmentUnheld
from terrace.ledger.events.states import StateBackedUp, StateRestoreBegun, StateRestoreEnded
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gate_facts import insist_on_readable
from terrace.pipelines.journal import append
from terrace.pipelines.recovery.attestations import answers, required_people
from terrace.pipelines.states.proposal import Proposal, insist_on_accepted, insist_on_idle, with_lineage_of
from terrace.pipelines.states.workspace import StateWorkspace, open_workspace, release
from terrace.plans.ports import StateSnapshot
from terrace.rollout.recovery import planned_changes
from terrace.states.backup_status import release_named, same_state
from terrace.states.restore_rules import Difference, differences
from terrace.states.restores import Restore, Restored, RestoreResult, restores
from terrace.states.state_file import (
    compare,
    empty_state,
    holds_nothing,
    objects,
    read_state,
    same_objects,
    with_serial,
)
from terrace.words import join_some


def restore(context: Context, proposal: Proposal, accepted: frozenset[str], reason: str) -> Restored:
    """Restores the backup, if the plan afterwards does nothing but what was accepted; else puts the previous state
    back.

    The intent is recorded first, with a hold on the environment. Raises BadInput for obstacles that are left.
    """
    insist_on_accepted(proposal, accepted)
    environment = proposal.release.environment
    with _hold(context, environment):
        restore_id = context.new_id()

        def begin(current: History) -> tuple[Draft, ...]:
            insist_on_idle(current, environment)
            insist_on_readable(context, current, environment)
            if release(current, environment, proposal.stack).id != proposal.release.id:
                raise BadInput(
                    f"a deployment to {environment} started in the meantime. No changes were made",
                    hint="run the command again",
                )
            return _intent(context, current, proposal, restore_id, accepted, reason)

        history = append(context.ledger, context.ledger.read(), begin)
        return _drive(context, history, restore_id, accepted, expected=proposal.current)


def go_on(context: Context, begun: Restore, accepted: frozenset[str], *, takeover: bool) -> Restored:
    """Completes a restore that was started, or puts the previous state back.

    The process that started it must be proven terminated, or be declared so with `takeover`.
    """
    with _hold(context, begun.environment):
        if not takeover and not context.leases.is_dead(begun.holder, begun.environment):
            raise NotReady(
                f"the restore {begun.id} of {begun.stack} was started by {begun.holder.who} on "
                f"{begun.holder.host}, and there is no proof that it has terminated",
                hint="if you are sure that it is no longer running: --takeover",
            )
        history = context.ledger.read()
        insist_on_readable(context, history, begun.environment)
        return _drive(context, history, begun.id, begun.accepted | accepted)


@contextmanager
def _hold(context: Context, environment: str) -> Iterator[None]:
    with context.leases.hold(environment) as free:
        if not free:
            raise NotReady(f"another process on this machine works on {environment}", hint="wait until it has finished")
        yield


def _intent(
    context: Context, history: History, proposal: Proposal, restore_id: str, accepted: frozenset[str], reason: str
) -> tuple[Draft, ...]:
    environment = proposal.release.environment
    free = holds.hold(history, environment) is None
    record = StateRestoreBegun(
        environment=environment,
        restore=restore_id,
        backup=proposal.record.name,
        deployment=proposal.release.id,
        commit=proposal.release.commit,
        reason=reason,
        holder=HolderRecord.of(context.leases.holder(context.actor, environment)),
        accepted=tuple(sorted(accepted)),
        held_by_us=free,
    )
    begun = draft(record, proposal.stack, context.actor)
    held = EnvironmentHeld(f"the state of {proposal.stack} is being restored: {reason}", restore_id)
    return (begun, draft(held, environment, context.actor)) if free else (begun,)


@dataclass(frozen=True, slots=True)
class _Work:
    """A restore in progress, in its workspace."""

    on: StateWorkspace
    restore: Restore
    history: History
    copy: bytes
    accepted: frozenset[str]
    lineage: str = ""
    """The release that the backup was made at."""
    doubted: frozenset[str] = frozenset()
    """The addresses that an apply with an unknown outcome would change: `terrace resume` asks about each of them."""

    @property
    def context(self) -> Context:
        return self.on.context

    @property
    def key(self) -> str:
        return self.restore.stack

    def pull(self) -> StateSnapshot:
        return self.context.terraform.pull_state(self.on.site(self.key, "plan"))

    def push(self, content: bytes) -> StateSnapshot:
        self.context.terraform.push_state(self.on.site(self.key, "apply"), content)
        return self.pull()


def _drive(
    context: Context, history: History, restore_id: str, accepted: frozenset[str], expected: StateSnapshot | None = None
) -> Restored:
    begun = next(restore for restore in restores(history) if restore.id == restore_id)
    last = release_named(history, begun.deployment)
    assert last is not None, "a restore starts from a known release"
    with open_workspace(context, last) as on:
        try:
            copy = context.backups.load(begun.backup)
            lineage = read_state(copy, begun.backup).lineage
            # A stack that was adopted, and not deployed since, has no deployment.
            deployed = next((d for d in folds.deployments(history) if d.id == begun.deployment), None)
            doubted = planned_changes(deployed, begun.stack) if deployed is not None else frozenset()
            work = _Work(on, begun, history, copy, accepted, lineage, doubted)
        except NotReady:
            raise
        except (BadInput, Corrupt) as error:
            return _without_copy(_Work(on, begun, history, b"", accepted), error)
        current = work.pull()
        kin = same_state(history, work.key, current.lineage)
        work = replace(work, copy=with_lineage_of(work.copy, current, kin))
        if begun.target < 0:
            if expected is not None and current.content != expected.content:
                return _end(work, "unchanged", "the state changed in the meantime. Nothing was pushed", current)
            work = _keep_previous(work, current)
        before = context.backups.load(work.restore.previous) if work.restore.previous else b""
        return _from(work, current, before)


def _without_copy(work: _Work, error: TerraceError) -> Restored:
    """Ends a restore whose backup is missing or damaged: if nothing was pushed yet, nothing is."""
    begun = work.restore
    current = work.pull()
    before = work.context.backups.load(begun.previous) if begun.previous else b""
    if begun.target >= 0 and not same_objects(current.content, before):
        raise error
    return _end(work, "unchanged", f"the backup is no longer available: {error}", current)


def _keep_previous(work: _Work, current: StateSnapshot) -> _Work:
    """Backs up the current state, and records the backup and the serial that will be pushed."""
    context, begun = work.context, work.restore
    previous, sha256 = "", ""
    if current.content:
        record = context.backups.save(
            begun.environment, begun.stack, current, commit=begun.commit, deployment=begun.id, moment="restore"
        )
        previous, sha256 = record.name, record.sha256
    # An empty backend gets the lineage of the backup; the serial is one ahead of any process that still has it in a
    # plan.
    start = current.serial if current.content else read_state(work.copy, begun.backup).serial
    saved = StateBackedUp(
        environment=begun.environment,
        finding="saved" if current.content else "none",
        backup=previous,
        lineage=current.lineage,
        serial=current.serial,
        sha256=sha256,
        restore=begun.id,
        target=start + 1,
    )
    history = append(context.ledger, work.history, lambda current: (draft(saved, begun.stack, context.actor),))
    updated = replace(begun, previous=previous, previous_serial=current.serial, target=start + 1)
    return replace(work, restore=updated, history=history)


def _from(work: _Work, current: StateSnapshot, before: bytes) -> Restored:
    """Continues from the state that is found."""
    target = work.restore.target
    if _is_copy(work, current, before):
        return _judge(work, current, before)
    if not same_objects(current.content, before):
        reason = f"another process changed the state in the meantime (serial {current.serial}). Nothing more was pushed"
        return _end(work, "unknown", reason, current)
    if current.serial > target:
        return _end(work, "put_back", "the previous state was put back", current)
    try:
        current = work.push(with_serial(work.copy, target))
    except TerraformFailed as error:
        now = work.pull()
        if same_objects(now.content, before):
            return _end(work, "unchanged", f"the backend did not accept it: {error}", now)
        raise
    return _judge(work, current, before)


def _is_copy(work: _Work, current: StateSnapshot, before: bytes) -> bool:
    """Returns whether the state is the backup, as it was pushed."""
    if not before:
        # A remote backend that was empty assigns its own lineage, and the serial 1.
        return not holds_nothing(current.content) and compare(current.content, work.copy).empty
    # Terraform increases the serial by one where the content differs from the current state.
    target = work.restore.target
    return current.serial in (target, target + 1) and same_objects(current.content, work.copy)


def _judge(work: _Work, current: StateSnapshot, before: bytes) -> Restored:
    """Verifies the restored state: a plan at the release must do nothing, or nothing but what was accepted."""
    try:
        left_differences = differences(work.on.plan(work.on.site(work.key, "plan")))
        remaining = tuple(
            difference for difference in left_differences if difference.address not in work.accepted | work.doubted
        )
        problem = f"the plan would {_describe(remaining)}" if remaining else ""
    except TerraformFailed as error:
        left_differences, problem = (), f"no plan can be made with it: {error}"
    if not problem:
        why = (
            "as accepted"
            if any(difference.address in work.accepted for difference in left_differences)
            else ("as the interrupted apply would have done")
        )
        summary = f"a plan does {_describe(left_differences)}, {why}" if left_differences else "a plan has no changes"
        return _end(work, "restored", summary, current, left_differences)
    content = with_serial(before, current.serial + 1) if before else empty_state(current.content, current.serial + 1)
    current = work.push(content)
    return _end(work, "put_back", f"{problem}; the previous state was put back", current, left_differences)


def _describe(differences: tuple[Difference, ...]) -> str:
    return join_some([f"{difference.action} {difference.address}" for difference in differences], 5)


def _end(
    work: _Work, result: RestoreResult, reason: str, current: StateSnapshot, differences: tuple[Difference, ...] = ()
) -> Restored:
    """Backs up the state as it is now, and records the result; a clean result releases the hold."""
    begun, context = work.restore, work.context
    record = StateRestoreEnded(
        environment=begun.environment,
        restore=begun.id,
        result=result,
        reason=reason,
        differences=tuple((difference.action, difference.address) for difference in differences),
    )
    # A state without resources is not a useful backup, and would hide those that can be restored.
    if current.content and (objects(current.content) or result == "restored"):
        saved = context.backups.save(
            begun.environment, begun.stack, current, commit=begun.commit, deployment=begun.id, moment="after"
        )
        record = structs.replace(
            record,
            backup=saved.original,
            sha256=saved.sha256,
            lineage=current.lineage,
            serial=current.serial,
            continues=work.lineage if result == "restored" and work.lineage != current.lineage else "",
        )
    ended = draft(record, begun.stack, context.actor)
    clean = begun.held_by_us and not differences and result in ("restored", "unchanged")

    def finish(current: History) -> tuple[Draft, ...]:
        held = holds.hold(current, begun.environment)
        if not clean or held is None or held.deployment != begun.id:
            return (ended,)
        unheld = EnvironmentUnheld(f"restore {begun.id}: {reason}", begun.id)
        return (ended, draft(unheld, begun.environment, context.actor))

    history = append(context.ledger, work.history, finish)
    held = holds.hold(history, begun.environment)
    people = required_people(context.config.environment(begun.environment))
    unknown = folds.find_unsettled(history, begun.environment, people, answers(context))
    why = held.reason if held is not None else ""
    return Restored(begun, result, reason, differences, current.serial, why, unknown.id if unknown is not None else "")
