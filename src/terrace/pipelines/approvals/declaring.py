"""A person declares something: who they are is proven by their key, or by the forge, where there is one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from terrace.gates.declaration import Act, Declaration, declaration_bytes
from terrace.ledger.declared import Declared, declared_payload
from terrace.ledger.model import History
from terrace.pipelines.crew import Crew, Vouch


def declare(
    crew: Crew,
    history: History,
    act: Act,
    environment: str,
    about: str,
    reason: str,
    facts: str = "",
    *,
    at: datetime | None = None,
    vouch: Vouch | None = None,
) -> dict[str, Any]:
    """Returns what an event holds of a declaration by the crew's actor, signed with their key if they have one.

    `at` is when they said it, now where nobody tells; `vouch` proves it in another way than the crew's.
    """
    said = Declaration(act, history.ledger_id, environment, about, facts, crew.actor, at or crew.clock(), reason)
    return declared_payload(said, (vouch or crew.vouch)(declaration_bytes(said)))


def is_proven(crew: Crew, said: Declared | None) -> bool:
    """Whether a declaration counts: it is proven who made it, or nobody has a key."""
    return not crew.signers or (said is not None and crew.proof(said).proven)
