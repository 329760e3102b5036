"""A forge, as conversations need it."""

from __future__ import annotations

from typing import Protocol

from terrace.gates.conversation.model import Change, Permission, Review, RunReview, Said


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

    def reply(self, number: int, to: str, body: str) -> str:
        """Have exactly this one answer to what `to` names, at a change or an issue; returns its address."""
        ...

    @property
    def me(self) -> str:
        """The login that we write as."""
        ...

    @property
    def mine_alone(self) -> bool:
        """Whether nobody else can write as that login: no workflow that somebody pushes, above all."""
        ...

    def origins(self, commit: str) -> tuple[int, ...]:
        """The numbers of all merged changes that a commit may have come by; none where it was pushed."""
        ...

    def review(self, number: int, id_: str) -> Review | None:
        """A review of a change as it is now; None where it is gone."""
        ...

    def testify(self, number: int, marker: str, body: str) -> str:
        """Have exactly this comment at a change or an issue, written once and never changed; returns its id."""
        ...

    def rewrite(self, number: int, body: str) -> None:
        """Give an issue another text. The same again changes nothing."""
        ...

    def run_reviews(self, run: str) -> tuple[RunReview, ...]:
        """What people answered when that run of CI asked to enter environments; none where nobody was asked."""
        ...

    def again(self, change: Change) -> str | None:
        """Have a change checked again; the address of that run, None where there is none to run again."""
        ...
