"""The identity of people who approve, declare and dismiss: by their signature, or by what the forge confirms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from terrace.adapters.git.repository import GitRepository
from terrace.apps.wiring.forge import require_connection
from terrace.config.model import Config
from terrace.errors import BadInput, NotReady
from terrace.gates.model import Identity
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.dates import DatesDismissal
from terrace.ledger.declared import Declared
from terrace.ledger.dismissals import Dismissal, DismissalOfSeveral
from terrace.ledger.model import History
from terrace.ledger.replacement import LedgerReplacement

if TYPE_CHECKING:
    from terrace.adapters.github.connecting import Connection


class Proof:
    """Proves authors of records in the ledger against the signers of the trust root and against the forge.

    `forge` returns the connection, or None where there is none; `history` reads the ledger. Both are called only for
    records that were written on the forge.
    """

    def __init__(
        self,
        config: Config,
        signers: bytes,
        repository: GitRepository,
        forge: Callable[[], Connection | None],
        history: Callable[[], History],
    ) -> None:
        self._config = config
        self._signers = signers
        self._repository = repository
        self._forge = forge
        self._history = history
        self._confirmed: dict[SignedApproval | Declared, Identity] = {}

    def identity(self, record: SignedApproval | Declared) -> Identity:
        """Returns how the author of an approval or a declaration is known."""
        from terrace.adapters.signatures import identity_of, identity_of_declaration

        if record.witness is not None:
            return self._confirmed_by_forge(record)
        if isinstance(record, Declared):
            return identity_of_declaration(record, self._signers)
        return identity_of(record, self._signers)

    def is_by_signer(self, record: Dismissal | DismissalOfSeveral | DatesDismissal | LedgerReplacement) -> bool:
        """Returns whether a signer of the trust root signed the record; True where the trust root has no signers."""
        from terrace.adapters.signatures import has_signers, is_signed

        if not has_signers(self._signers):
            return True
        return is_signed(record.actor, record.text, record.signature, self._signers)

    def _confirmed_by_forge(self, record: SignedApproval | Declared) -> Identity:
        """Asks the forge once per record. A record that the forge cannot confirm now proves no identity."""
        from terrace.apps.wiring.conversation import conversation
        from terrace.gates.approvals.people import People
        from terrace.pipelines.conversation.confirmations import is_confirmed, is_declaration_confirmed
        from terrace.pipelines.conversation.own_changes import is_allowed_to_decide

        assert record.witness is not None, "only records from the forge are confirmed there"
        if record not in self._confirmed:
            people = People(self._config)
            try:
                talk = conversation(require_connection(self._forge()), self._config.branch)
                if isinstance(record, Declared):
                    confirmed = is_declaration_confirmed(talk, people, record)
                else:
                    confirmed = is_confirmed(talk, people, record)
                    confirmed = confirmed and is_allowed_to_decide(talk, self._repository, self._history(), record)
            except (NotReady, BadInput):
                return Identity("unsaid")
            account = Identity("forge", f"account {record.witness.login.casefold()}")
            self._confirmed[record] = account if confirmed else Identity("unsaid")
        return self._confirmed[record]
