"""The Protocols of a forge: one for each use. Adapters keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from terrace.forge.announcements import Announcement
from terrace.forge.matters import Matter
from terrace.forge.model import Change, Knock, Permission, Review, RunReview, Said


class Conversation(Protocol):
    """Comments on changes and issues. Each method raises NotReady where the forge cannot be asked."""

    def said(self, id_: str) -> Said | None:
        """The comment as it is now; None where it is gone."""
        ...

    def permission(self, login: str) -> Permission:
        """Returns their current permission in the repository."""
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
        """Returns whether no one else can write as that login, above all no workflow in a pushed branch."""
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
        """Returns the reviews of that CI run for environments; none if no review was required."""
        ...

    def again(self, change: Change) -> str | None:
        """Have a change checked again; the address of that run, None where there is none to run again."""
        ...


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to see at a line of a file (from 1). `level`: does it hold the change, is it told, is it waived?"""

    path: str
    line: int
    level: Literal["failure", "warning", "notice"]
    title: str
    message: str


class Page(Protocol):
    """The page of one change on some forge. Both methods may be called again with the same effect."""

    def comment(self, marker: str, body: str) -> str:
        """Have exactly one comment of ours that begins with that marker; returns its address."""
        ...

    def conclude(self, name: str, *, passed: bool, title: str, summary: str, remarks: Sequence[Remark]) -> str:
        """Have that verdict on the newest commit of the change, with its remarks; returns its address."""
        ...


class Board(Protocol):
    """The deployments that a forge shows."""

    def show(self, environment: str, newest: Sequence[Announcement]) -> None:
        """Have each of these shown as it stands, once. The same again changes nothing. Raises NotReady."""
        ...


class Tracker(Protocol):
    """The issues of a forge."""

    def keep(self, matter: Matter) -> str | None:
        """Have exactly one issue of it while it is open, and none open after; its address, None where there is none.

        The same again changes nothing. Raises NotReady.
        """
        ...


class Origins(Protocol):
    """The change that a commit was merged by, and its release comment."""

    def origin(self, commit: str) -> int | None:
        """The number of the merged change that it came by; None where there is none. Raises NotReady."""
        ...

    def keep(self, number: int, marker: str, body: str) -> str:
        """Have exactly one comment of ours with that marker on it; returns its address. Raises NotReady."""
        ...


class Releases(Protocol):
    """The releases of a forge."""

    def keep(self, tag: str, commit: str, name: str, notes: str) -> str:
        """Have a release of that tag at that commit; returns its address. An existing one is not changed.

        Raises NotReady.
        """
        ...


Answer = Literal["approved", "rejected"]


class Doors(Protocol):
    """The deployment protection rules of a forge. Both raise NotReady where it cannot be asked."""

    def knocks(self) -> tuple[Knock, ...]:
        """Returns the runs that wait for a response of Terrace."""
        ...

    def answer(self, knock: Knock, answer: Answer, why: str) -> None:
        """Let it in, or send it away. The same again changes nothing."""
        ...
