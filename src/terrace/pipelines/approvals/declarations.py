"""Declarations by people, proven by their key or by the forge."""

from __future__ import annotations

from datetime import datetime

from terrace.gates.approvals.declaration import Act, Declaration, declaration_bytes
from terrace.ledger.declared import Declared, declaration_record
from terrace.ledger.events.proof import DeclarationRecord
from terrace.ledger.model import History
from terrace.pipelines.context import Context, ProveAuthor


def declare(
    context: Context,
    history: History,
    act: Act,
    environment: str,
    about: str,
    reason: str,
    facts: str = "",
    *,
    at: datetime | None = None,
    vouch: ProveAuthor | None = None,
) -> DeclarationRecord:
    """Returns the record of a declaration by the actor, signed with their key if they have one.

    `at` is the time of the declaration, now where it is None; `vouch` proves it in another way than that of the
    context.
    """
    declaration = Declaration(
        act, history.ledger_id, environment, about, facts, context.actor, at or context.clock(), reason
    )
    return declaration_record(declaration, (vouch or context.vouch)(declaration_bytes(declaration)))


def is_proven(context: Context, declared: Declared | None) -> bool:
    """Returns whether a declaration is valid: its author is proven, or no keys are configured."""
    return not context.signers or (declared is not None and context.proof(declared).proven)
