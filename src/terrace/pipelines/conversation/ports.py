"""A forge, as conversations need it."""

from __future__ import annotations

from typing import Protocol

from terrace.gates.conversation.model import Change, Permission, RunReview, Said, Sign


class Conversation(Protocol):
    """Where people talk about changes. Each method raises NotReady where the forge cannot be asked."""

    def said(self, id_: str) -> Said | None:
        """The comment as it is now; None where it is gone."""
        ...

    def permission(self, login: str) -> Permission:
        """What they may do here, as the forge says now."""
        ...

    def change(self, number: int) -> Change | None:
        """The change of that number; None where it is an issue, or nothing."""
        ...

    def acknowledge(self, said: Said, sign: Sign) -> None:
        """Let whoever wrote it see that it was read. The same again changes nothing."""
        ...

    def reply(self, said: Said, body: str) -> str:
        """Have exactly this one answer to that comment; returns its address."""
        ...

    def run_reviews(self, run: str) -> tuple[RunReview, ...]:
        """What people answered when that run of CI asked to enter environments; none where nobody was asked."""
        ...

    def again(self, change: Change) -> str | None:
        """Have a change checked again; the address of that run, None where there is none to run again."""
        ...
