"""Proposals to restore a state: what a restore would change, and the obstacles. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.naming import quote_word
from terrace.errors import BadInput
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gate_facts import insist_on_readable
from terrace.pipelines.states.workspace import choose_backup, environment_of, open_workspace, release
from terrace.plans.ports import StateSnapshot
from terrace.states.backup_status import (
    BackupStatus,
    StackRelease,
    backup_statuses,
    find_applying_deployments,
    recorded_hashes,
    same_state,
)
from terrace.states.backups import BackupRecord
from terrace.states.restore_rules import Obstacle, RestoreFacts, obstacles
from terrace.states.restores import open_restore
from terrace.states.state_file import StateDiff, compare, holds_nothing, read_state, same_objects, with_lineage


@dataclass(frozen=True, slots=True)
class Proposal:
    """A restore before it starts: what would change in the state, and the obstacles."""

    stack: str
    release: StackRelease
    record: BackupRecord
    current: StateSnapshot
    diff: StateDiff
    obstacles: tuple[Obstacle, ...]


def propose(context: Context, key: str, name: str | None) -> Proposal:
    """Returns what restoring a stack from a backup (by default the newest one) would do. Writes nothing.

    Raises BadInput when no restore is possible: nothing to restore, no backup, or another process at work.
    """
    history = context.ledger.read()
    environment = environment_of(context, key)
    insist_on_idle(history, environment)
    insist_on_readable(context, history, environment)
    last = release(history, environment, key)
    backup_status = backup_statuses(history).get(key) or BackupStatus(key, environment)
    record = choose_backup(context, backup_status, name)
    copy = read_state(context.backups.load(record.name), f"the backup {record.name}")
    with open_workspace(context, last, aside=True) as on:
        current = context.terraform.pull_state(on.site(key, "plan"))
    kin = same_state(history, key, current.lineage or backup_status.lineage)
    if same_objects(current.content, with_lineage_of(copy.content, current, kin)):
        raise BadInput(
            f"{record.name} has the same content as the state of {key}, so there is nothing to restore",
            hint=f"`terrace state list {quote_word(key)}` lists other backups: --from NAME. If the state is right "
            f"as it is: `terrace state backup {quote_word(environment)} --accept {quote_word(key)}`",
        )
    facts = RestoreFacts(
        version=context.terraform.version,
        applied=find_applying_deployments(history, key, record.taken_at),
        sha256=recorded_hashes(history).get(record.original, ""),
        lineage=backup_status.lineage,
        same_state=kin,
        holds_nothing=holds_nothing(current.content),
    )
    against = obstacles(current, record, copy, facts)
    return Proposal(key, last, record, current, compare(current.content, copy.content), against)


def with_lineage_of(copy: bytes, current: StateSnapshot, kin: frozenset[str]) -> bytes:
    """Returns the backup with the lineage of the state that it replaces: a backup of the same state, or of one without
    resources. Terraform accepts no other lineage."""
    other = current.content and read_state(copy, "the backup").lineage != current.lineage
    if other and (read_state(copy, "the backup").lineage in kin or holds_nothing(current.content)):
        return with_lineage(copy, current.lineage)
    return copy


def insist_on_accepted(proposal: Proposal, accepted: frozenset[str]) -> None:
    """Raises BadInput with every obstacle that was not accepted."""
    unaccepted = [
        obstacle for obstacle in proposal.obstacles if not obstacle.consent or obstacle.consent not in accepted
    ]
    if not unaccepted:
        return
    words = [obstacle.consent for obstacle in unaccepted if obstacle.consent]
    hint = (
        f"to accept that: {' '.join(f'--accept {quote_word(word)}' for word in words)}"
        if len(words) == len(unaccepted)
        else None
    )
    raise BadInput(
        f"{proposal.record.name} is not restored: {'; '.join(obstacle.why for obstacle in unaccepted)}", hint=hint
    )


def insist_on_idle(history: History, environment: str) -> None:
    """Raises BadInput while another process may write to a state of the environment."""
    latest = folds.latest(history, environment)
    if latest is not None and latest.open:
        raise BadInput(
            f"deployment {latest.id} of {environment} is open, so no state is restored",
            hint=f"`terrace resume {environment}`, or reject it",
        )
    other = open_restore(history, environment)
    if other is not None:
        raise BadInput(
            f"the restore {other.id} of {other.stack} was started and is not finished",
            hint=f"`terrace state restore {quote_word(other.stack)}` continues it",
        )
