"""The ledger of a project: which backend keeps it, and how it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrace.adapters.files import inside
from terrace.adapters.git.access import Access
from terrace.adapters.git.repository import GitRepository
from terrace.apps.wiring.clock import new_id, now
from terrace.apps.wiring.home import Home
from terrace.apps.wiring.keys import Keys
from terrace.apps.wiring.proof import Proof
from terrace.config.model import Config
from terrace.errors import BadInput
from terrace.ledger.events.people import LedgerOpened
from terrace.ledger.model import GENESIS, Draft, History, Ledger, draft
from terrace.ledger.replacement import LedgerReplacement

if TYPE_CHECKING:
    from terrace.adapters.ledgers.seen import SeenHead
    from terrace.adapters.ledgers.snapshots import SnapshotFile
    from terrace.adapters.ledgers.tags import TagsOfDeployments
    from terrace.ledger.view import Fold


class ProjectLedger:
    """Opens the ledger that terrace.yaml names, and starts a new one."""

    def __init__(
        self,
        repository: GitRepository,
        config: Config,
        home: Home,
        keys: Keys,
        proof: Proof,
        access: Access,
        *,
        fetch: bool = True,
    ) -> None:
        self._fetch = fetch
        self._repository = repository
        self._config = config
        self._home = home
        self._keys = keys
        self._proof = proof
        self._access = access

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, without the dates and events that were dismissed."""
        from terrace.adapters.ledgers.dismissals import DatedLedger

        return DatedLedger(self._backend(self._seen_head), self._proof.is_by_signer, self._proof.is_by_signer)

    def open(self, actor: str) -> History:
        """Returns the history; writes the first event, which gives the ledger its id, where there is none."""
        from terrace.pipelines.journal import append

        history = self.ledger.read()
        if history.events:
            return history
        return append(self.ledger, history, lambda current: () if current.events else (self._first_event(actor),))

    def begin(self, reason: str, actor: str, sign: Callable[[bytes], str | None]) -> History:
        """Starts a new ledger although deployments were made before, and records the reason.

        Raises BadInput where a ledger exists, and where the trust root has signers and none of them signs the start;
        Corrupt where this clone still has the lost ledger.
        """
        if not reason.strip():
            raise BadInput("a new ledger needs a reason", hint="pass --reason: it is recorded in the first event")
        backend = self._backend(None)
        events = backend.read().events
        if events:
            raise BadInput(
                f"a ledger with {len(events)} events exists; Terrace does not replace it",
                hint="`terrace ledger verify` checks it",
            )
        self._tags.fetch()
        unsigned = LedgerReplacement(self._tags.ledgers, reason, actor)
        replacement = replace(unsigned, signature=sign(unsigned.text))
        if not self._proof.is_by_signer(replacement):
            raise BadInput(
                f"the start of the ledger is not signed, or {actor} is not a signer of the trust root. "
                "No changes were made.",
                hint=f"sign with a key of {self._config.signers}: --key FILE",
            )
        history = backend.append((self._first_event(actor, replacement),), head=GENESIS)
        self._seen_head.forget()
        self._seen_head.note(history.events)
        return history

    def _backend(self, seen_head: SeenHead | None) -> Ledger:
        location = self._config.ledger
        if location.startswith("sqlite:"):
            from terrace.adapters.ledgers.sqlite import SqliteLedger

            path = inside(self._repository.root, location.removeprefix("sqlite:"))
            snapshots = self._snapshots("sqlite")
            return SqliteLedger(
                path, clock=now, new_id=new_id, seen_head=seen_head, snapshots=snapshots, key=self._keys.ledger
            )
        from terrace.adapters.ledgers.git import GitLedger
        from terrace.report.markdown.ledger_page import changed_page

        return GitLedger(
            self._repository.root,
            remote=self._repository.remote,
            clock=now,
            new_id=new_id,
            page=changed_page,
            access=self._access,
            seen_head=seen_head,
            snapshots=self._snapshots("git"),
            key=self._keys.ledger,
            fetch=self._fetch,
        )

    def _snapshots(self, kind: str) -> SnapshotFile:
        from terrace.adapters.ledgers.snapshots import SnapshotFile

        return SnapshotFile(self._private_folder, kind, self._keys.ledger, folds_of_snapshots)

    def _private_folder(self) -> Path:
        """Returns the folder of Terrace in the Git directory. No checkout writes there."""
        folder = self._repository.root / ".git"
        return (folder if folder.is_dir() else self._repository.git_dir) / "terrace"

    @cached_property
    def _seen_head(self) -> SeenHead:
        from terrace.adapters.ledgers.seen import SeenHead

        kind = "sqlite" if self._config.ledger.startswith("sqlite:") else "git"
        return SeenHead(self._home.data / f"ledger-{kind}.json", self._tags, self._config.ledger_id)

    @cached_property
    def _tags(self) -> TagsOfDeployments:
        from terrace.adapters.ledgers.tags import TagsOfDeployments

        return TagsOfDeployments(self._repository.root, self._repository.remote, self._proof.is_by_signer, self._access)

    def _first_event(self, actor: str, replacement: LedgerReplacement | None = None) -> Draft:
        key = self._keys.digest.id
        record = LedgerOpened(1, key)
        if replacement is not None:
            record = LedgerOpened(1, key, replacement.reason, replacement.replaces, replacement.signature)
        return draft(record, "ledger", actor)


def folds_of_snapshots() -> Sequence[type[Fold[Any]]]:
    """Returns the folds that commands continue from a snapshot of the ledger."""
    from terrace.ledger import adoptions, approvals, folds, holds, usual_durations, view
    from terrace.states import backup_status, restores

    return (
        view.Kinds,
        folds.Deployments,
        folds.Openings,
        folds.UnknownOutcomes,
        holds.JustifiedReleases,
        approvals.AllAnswers,
        adoptions.Adoptions,
        usual_durations.UsualDurations,
        backup_status.BackupStatuses,
        backup_status.RecordedCopies,
        backup_status.Lineages,
        restores.Restores,
    )
