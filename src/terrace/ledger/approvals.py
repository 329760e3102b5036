"""Approvals and rejections as the ledger has them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Self

import msgspec

from terrace.gates.model import Subject, Witness
from terrace.ledger.event import Event
from terrace.ledger.events.people import ApprovalGiven
from terrace.ledger.sequences import LazySequence, append_lazily
from terrace.ledger.view import Fold

if TYPE_CHECKING:
    from terrace.ledger.old_events import OldReadable


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """A recorded approval or rejection. Its signature or forge evidence is verified again each time.

    `deployment` is the deployment that it was recorded for, `named` the one that its text names ("" in texts of earlier
    versions). `position` is its first position in the ledger, `event` that of its event.
    """

    deployment: str
    actor: str
    role: str
    answer: str
    subjects: tuple[Subject, ...]
    at: datetime
    comment: str
    statement: str
    signature: str | None
    witness: Witness | None = None
    named: str = ""
    position: int = 0
    event: int = 0

    @property
    def id(self) -> str:
        """The id of the approval: a hash of its content. A copy of the event has the same id."""
        return hashlib.sha256(self.statement.encode("utf-8", "backslashreplace")).hexdigest()[:32]


class AnswerState(msgspec.Struct, array_like=True, frozen=True):
    """An answer in a snapshot: the position of its event, and what follows from the events before it."""

    event: int
    position: int
    named: str
    deployment: str
    rejects: bool


class AnswersState(msgspec.Struct):
    """All answers in a snapshot. `first` and `about` are by hashes of the answers and of their places on forges."""

    first: dict[bytes, int]
    about: dict[bytes, str]
    answers: list[AnswerState]


class RecordedAnswers:
    """All approvals and rejections, oldest first: old ones by their positions, new ones in memory."""

    def __init__(self, old: _OldAnswers, new: tuple[SignedApproval, ...]) -> None:
        self._old = old
        self._new = new

    @property
    def all(self) -> Sequence[SignedApproval]:
        """Returns every answer."""
        return append_lazily(self._old, self._new)

    @property
    def rejections(self) -> Sequence[SignedApproval]:
        """Returns every rejection."""
        return append_lazily(self._old.rejections, (approval for approval in self._new if approval.answer == "reject"))

    def of(self, deployment: str) -> tuple[SignedApproval, ...]:
        """Returns the approvals and rejections that were recorded for a deployment."""
        return (*self._old.of(deployment), *(approval for approval in self._new if approval.deployment == deployment))


class AllAnswers(Fold[RecordedAnswers]):
    """Every answer that was given."""

    STATE = AnswersState

    def __init__(self) -> None:
        self._first: dict[bytes, int] = {}
        self._about: dict[bytes, str] = {}
        self._old = _OldAnswers((), None)
        self._new: list[SignedApproval] = []

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._first, copied._about = dict(self._first), dict(self._about)
        copied._old, copied._new = self._old, list(self._new)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        if not isinstance(event.record, ApprovalGiven):
            return
        signed = _approval(event, event.record)
        place = self._first.setdefault(_digest(signed.statement, signed.signature, signed.witness), event.position)
        if signed.witness is not None and signed.answer != "reject":
            # An approval on a forge is valid for one deployment: the first that it was recorded for. A rejection is
            # about plans and commits: an earlier event does not change it.
            signed = replace(signed, named=self._about.setdefault(_digest(signed.witness), signed.named))
        self._new.append(replace(signed, position=place))

    def result(self) -> RecordedAnswers:
        """The answers so far."""
        return RecordedAnswers(self._old, tuple(self._new))

    def state(self) -> AnswersState:
        """Returns the data that is needed to continue."""
        new = (AnswerState(a.event, a.position, a.named, a.deployment, a.answer == "reject") for a in self._new)
        return AnswersState(self._first, self._about, [*self._old.states, *new])

    @classmethod
    def of_state(cls, state: AnswersState, readable: OldReadable) -> Self:
        """Returns the fold whose old answers are read when they are needed."""
        fold = cls()
        fold._first, fold._about = state.first, state.about
        fold._old = _OldAnswers(state.answers, readable)
        return fold


class _OldAnswers(LazySequence[SignedApproval]):
    """The approvals and rejections in a snapshot."""

    def __init__(self, states: Sequence[AnswerState], readable: OldReadable | None) -> None:
        self.states = states
        self._readable = readable
        self._by_deployment: Mapping[str, list[AnswerState]] | None = None

    def __len__(self) -> int:
        return len(self.states)

    def element(self, index: int) -> SignedApproval:
        return self._read_answer(self.states[index])

    @property
    def rejections(self) -> _OldAnswers:
        """Returns the rejections among them."""
        return _OldAnswers([state for state in self.states if state.rejects], self._readable)

    def of(self, deployment: str) -> tuple[SignedApproval, ...]:
        """Returns those that were recorded for a deployment."""
        if self._by_deployment is None:
            by_deployment: dict[str, list[AnswerState]] = {}
            for state in self.states:
                by_deployment.setdefault(state.deployment, []).append(state)
            self._by_deployment = by_deployment
        return tuple(map(self._read_answer, self._by_deployment.get(deployment, ())))

    def _read_answer(self, state: AnswerState) -> SignedApproval:
        assert self._readable is not None, "only a snapshot has old answers"
        event = self._readable.at(state.event)
        assert isinstance(event.record, ApprovalGiven), "the position of an answer"
        return replace(_approval(event, event.record), named=state.named, position=state.position)


def _digest(*parts: str | Witness | None) -> bytes:
    return hashlib.sha256(msgspec.json.encode(parts)).digest()[:16]


def _approval(event: Event, record: ApprovalGiven) -> SignedApproval:
    return SignedApproval(
        deployment=event.subject,
        actor=record.actor,
        role=record.role,
        answer=record.answer,
        subjects=tuple(subject.subject() for subject in record.subjects),
        at=record.at,
        comment=record.comment,
        statement=record.statement,
        signature=record.signature,
        witness=record.witness.witness() if record.witness is not None else None,
        named=record.deployment,
        event=event.position,
    )
