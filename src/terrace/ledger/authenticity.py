"""The authenticity of events: a MAC over the hash of an event, by the processes that run deployments.

Writing to the ledger needs no more than the right to push to its branch. Events about a deployment, its steps, its
lease, a recovery or a restore are valid only if a process with the ledger key wrote them. The hash covers the position
and the hash of the event before: a code counts at one place of one ledger.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from terrace.ledger.events.deployments import DeploymentEnded
from terrace.ledger.events.people import ApprovalGiven, EnvironmentUnheld, LedgerRekeyed
from terrace.ledger.events.record import Record

_LABEL = b"terrace ledger events\n"


@dataclass(frozen=True, slots=True)
class EventKey:
    """The key of the codes, derived from a secret of the processes that change environments. `id` names it."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> EventKey:
        """Returns the key derived from a secret. `id` reveals nothing about the secret."""
        derived = hmac.digest(secret, _LABEL, "sha256")
        return cls(hashlib.sha256(b"id\n" + derived).hexdigest()[:8], derived)

    def code(self, event_hash: str) -> str:
        """The code of the event with this hash: `ID:HMAC-SHA256`, the latter as 64 hexadecimal digits."""
        return f"{self.id}:{hmac.digest(self.secret, event_hash.encode(), 'sha256').hex()}"

    def code_of(self, label: bytes, content: bytes | memoryview) -> bytes:
        """Returns the 32 bytes of the MAC of other content, whose purpose the label names."""
        code = hmac.new(self.secret, label + b"\n", "sha256")
        code.update(content)
        return code.digest()

    def wrote(self, event_hash: str, code: str) -> bool:
        """Returns whether a process with this key wrote the event with this hash."""
        return hmac.compare_digest(code, self.code(event_hash))


class NoKey(Enum):
    """Used by a process without the ledger key: it verifies no MACs, and writes none."""

    NO_KEY = "no key"


NO_KEY: Final = NoKey.NO_KEY
"""Passed explicitly to create a ledger or a history without the key, so that the key is not forgotten."""

LedgerKey = EventKey | NoKey
"""The key of a process that reads or writes a ledger. The wiring decides once where it comes from."""


def demands_code(record: Record) -> bool:
    """Returns whether a record is valid only with a MAC.

    Events about a deployment or a stack are. Approvals and holds are not: they are signed, or they only block. So a
    person without the key can end a deployment with a rejection: `blocked`. The approval of a CI run does need a MAC:
    the forge reports neither its time nor its plans, so the process that recorded it has to be trusted.
    """
    match record:
        case ApprovalGiven(answer=answer, witness=witness):
            return answer == "approve" and witness is not None and witness.kind == "environment"
        case DeploymentEnded(result=result):
            return result != "blocked"
        case EnvironmentUnheld(deployment=deployment):
            return bool(deployment)
        case LedgerRekeyed():
            return True
    return record.ABOUT in ("deployment", "stack")
