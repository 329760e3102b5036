"""The Protocols of a forge, one for each use. Adapters implement them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from terrace.forge.announcements import Announcement
from terrace.forge.model import Change, Comment, PendingRun, Permission, Review, RunReview
from terrace.forge.tracked_problems import TrackedProblem


class Conversation(Protocol):
    """Comments, changes and reviews on a forge. Each method raises NotReady where the forge does not respond."""

    def read_comment(self, id_: str) -> Comment | None:
        """Returns a comment as it is now; None where it was deleted."""
        ...

    def permission(self, login: str) -> Permission:
        """Returns the current permission of an account in the repository."""
        ...

    def change(self, number: int) -> Change | None:
        """Returns the change of that number; None where it is an issue, or does not exist."""
        ...

    def reply(self, number: int, to: str, body: str) -> str:
        """Ensures exactly one reply to the comment `to`, on a change or an issue; returns its address."""
        ...

    @property
    def me(self) -> str:
        """The login that Terrace writes as."""
        ...

    @property
    def mine_alone(self) -> bool:
        """Returns whether no one else can write as that login, in particular no workflow that a contributor pushes."""
        ...

    def origins(self, commit: str) -> tuple[int, ...]:
        """Returns the numbers of all merged changes that contain a commit; none where it was pushed directly."""
        ...

    def review(self, number: int, id_: str) -> Review | None:
        """Returns a review of a change as it is now; None where it was deleted."""
        ...

    def testify(self, number: int, marker: str, body: str) -> str:
        """Ensures this comment on a change or an issue, which is written once and never changed; returns its id."""
        ...

    def rewrite(self, number: int, body: str) -> None:
        """Replaces the text of an issue. Idempotent."""
        ...

    def run_reviews(self, run: str) -> tuple[RunReview, ...]:
        """Returns the reviews of a CI run for its environments; none where the forge required no reviewer."""
        ...

    def again(self, change: Change) -> str | None:
        """Runs the check of a change again; returns the address of the run, None where there is none to repeat."""
        ...


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark at a line of a file (from 1). `level`: it blocks (failure), is advisory (warning) or waived (notice)."""

    path: str
    line: int
    level: Literal["failure", "warning", "notice"]
    title: str
    message: str


class Page(Protocol):
    """The page of one change on a forge. Both methods are idempotent."""

    def comment(self, marker: str, body: str) -> str:
        """Ensures exactly one comment of Terrace that begins with the marker; returns its address."""
        ...

    def conclude(self, name: str, *, passed: bool, title: str, summary: str, remarks: Sequence[Annotation]) -> str:
        """Ensures the verdict on the newest commit of the change, with its remarks; returns its address."""
        ...


class Board(Protocol):
    """The deployments that a forge shows."""

    def show(self, environment: str, newest: Sequence[Announcement]) -> None:
        """Ensures that each deployment is shown once with its current state. Idempotent. Raises NotReady."""
        ...


class Tracker(Protocol):
    """The issues of a forge."""

    def keep(self, matter: TrackedProblem) -> str | None:
        """Ensures exactly one issue while the problem is open, and no open one after; returns its address, or None.

        Idempotent. Raises NotReady.
        """
        ...


class Origins(Protocol):
    """The change that a commit was merged with, and comments on it."""

    def origin(self, commit: str) -> int | None:
        """Returns the number of the merged change of a commit; None where there is none. Raises NotReady."""
        ...

    def keep(self, number: int, marker: str, body: str) -> str:
        """Ensures exactly one comment of Terrace with the marker; returns its address. Raises NotReady."""
        ...


class Releases(Protocol):
    """The releases of a forge."""

    def keep(self, tag: str, commit: str, name: str, notes: str) -> str:
        """Ensures a release with that tag at that commit; returns its address. An existing one is not changed.

        Raises NotReady.
        """
        ...


Answer = Literal["approved", "rejected"]


class ProtectionRules(Protocol):
    """The protection rules of the environments of a forge. Both methods raise NotReady where it does not respond."""

    def pending_runs(self) -> tuple[PendingRun, ...]:
        """Returns the runs that wait for a decision of Terrace."""
        ...

    def answer(self, pending: PendingRun, answer: Answer, why: str) -> None:
        """Approves or rejects a run. Idempotent."""
        ...
