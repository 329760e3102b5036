"""Retention of state backups: which ones are removed, and re-encryption of the others with the current keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby

from terrace.errors import BadInput, Interrupted, NotReady, TerraceError
from terrace.ledger.dates import doubt
from terrace.ledger.events.states import StatePruned, StateRekeyed
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.context import Context
from terrace.pipelines.journal import append
from terrace.states.backup_status import good_backups
from terrace.states.backups import BackupRecord, Reencryption
from terrace.states.restores import open_restore
from terrace.states.retention import Retention, retention


def prune(context: Context, environments: Collection[str], *, dry_run: bool = False) -> Retention:
    """Removes the backups that retention does not keep in these environments; records them first.

    Raises BadInput while a restore is open, and NotReady where the clock cannot be trusted.
    """
    history = context.ledger.read()
    _no_restore(history, environments)
    records = [record for name in environments for record in context.backups.catalogue(name).records]
    now = context.clock()
    wrong = doubt(history, now, context.reference())
    if wrong is not None:
        raise NotReady(f"nothing was removed: {wrong[0]}", hint=wrong[1])
    answer = retention(records, good_backups(history), now)
    if answer.dropped and not dry_run:
        drafts = tuple(
            _pruning_draft(context, stack, stack_records) for stack, stack_records in _by_stack(answer.dropped)
        )

        def decide(current: History) -> tuple[Draft, ...]:
            _no_restore(current, environments)
            return drafts

        append(context.ledger, history, decide)
        context.backups.remove(answer.dropped)
    return answer


def rekey(context: Context) -> Reencryption:
    """Encrypts every backup again as a new one would be. A backup is removed only after its new version was stored and
    read.

    After a crash at any point it continues when called again. A backup that cannot be decrypted stays as it is.
    """
    history = context.ledger.read()
    _no_restore(history, [environment.name for environment in context.config.environments])
    catalogue = context.backups.catalogue()
    records = catalogue.records
    today = {record.original: record for record in records if context.backups.has_current_keys(record)}
    old = [record for record in records if not context.backups.has_current_keys(record)]
    begun = tuple(_rekey(context, stack, stack_records, "begun") for stack, stack_records in _by_stack(old))
    history = append(context.ledger, history, lambda current: begun)
    sealed: list[BackupRecord] = []
    failed = list(catalogue.damaged)
    for record in old:
        try:
            anew = today.get(record.original)
            if anew is not None:
                # Stored by an interrupted call: it may not have been read back yet.
                context.backups.load(anew.name)
            sealed.append(anew or context.backups.encrypt_again(record))
            context.backups.remove((record,))
        except Interrupted:
            raise
        except TerraceError as error:
            failed.append((record.name, str(error)))
    ended = tuple(_rekey(context, stack, stack_records, "ended") for stack, stack_records in _by_stack(sealed))
    append(context.ledger, history, lambda current: ended)
    return Reencryption(tuple(sealed), len(today), tuple(failed))


def _no_restore(history: History, environments: Iterable[str]) -> None:
    for environment in environments:
        begun = open_restore(history, environment)
        if begun is not None:
            raise BadInput(
                f"the restore {begun.id} of {begun.stack} is not finished, and needs its backups as they are",
                hint=f"`terrace state restore {begun.stack}` continues it",
            )


def _by_stack(records: Iterable[BackupRecord]) -> list[tuple[str, list[BackupRecord]]]:
    ordered = sorted(records, key=lambda r: r.stack)
    return [(stack, list(group)) for stack, group in groupby(ordered, key=lambda r: r.stack)]


def _pruning_draft(context: Context, stack: str, records: list[BackupRecord]) -> Draft:
    pruned = StatePruned(records[0].environment, tuple(record.original for record in records))
    return draft(pruned, stack, context.actor)


def _rekey(context: Context, stack: str, records: list[BackupRecord], phase: str) -> Draft:
    rekeyed = StateRekeyed(
        environment=records[0].environment,
        phase=phase,
        copies=len(records),
        key_ids=tuple(sorted({record.key_id for record in records})),
    )
    return draft(rekeyed, stack, context.actor)
