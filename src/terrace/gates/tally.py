"""Whose answer counts, and for what. Counting only: `decide` makes a verdict of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terrace.gates.model import PROVEN, Approval, Subject
from terrace.gates.people import Barred, People
from terrace.stacks.config import ApprovalRule

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of somebody who approves may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One person whose yes counts. `roles` are those that they may fill, one at a time."""

    person: str
    name: str
    roles: frozenset[str]
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody whose answer does not count, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Everybody who answered: those who count, those who said no, and those who are left out."""

    voices: tuple[Voice, ...] = ()
    rejections: tuple[Approval, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def tally(
    people: People,
    rule: ApprovalRule,
    barred: Barred,
    subjects: Sequence[Subject],
    approvals: Iterable[Approval],
    now: datetime,
) -> Tally:
    """Sort the answers. A person's latest answer that is about these subjects and holds is their answer.

    A rejection never expires, and weighs even when it comes from somebody who could not approve.
    """
    answers: dict[str, list[Approval]] = {}
    for approval in approvals:
        answers.setdefault(people.person(approval.actor), []).append(approval)
    found = Tally()
    for person, given in answers.items():
        # By the time in the signed statement, not by place: an old yes that somebody writes down again stays old.
        given.sort(key=lambda a: (a.at, a.answer == "reject"))
        found = _with(found, people, rule, barred, person, _standing(people, rule, subjects, given, now))
    return found


def assign(roles: Mapping[str, int], voices: Sequence[Voice]) -> dict[str, tuple[Voice, ...]]:
    """Give as many roles as possible to somebody, and nobody two: role -> who fills it."""
    slots = [role for role, n in roles.items() for _ in range(min(n, len(voices)))]
    taken: dict[int, int] = {}

    def place(slot: int, tried: set[int]) -> bool:
        for index, voice in enumerate(voices):
            if slots[slot] not in voice.roles or index in tried:
                continue
            tried.add(index)
            if index not in taken or place(taken[index], tried):
                taken[index] = slot
                return True
        return False

    for slot in range(len(slots)):
        place(slot, set())
    filled = {role: tuple(voices[i] for i, slot in sorted(taken.items()) if slots[slot] == role) for role in roles}
    return {role: who for role, who in filled.items() if roles[role] > 0}


def within_reach(role: str, filled: Mapping[str, tuple[Voice, ...]]) -> tuple[str, ...]:
    """The roles of which one more person would fill this one: itself, and those whose people could come over to it."""
    reached = [role]
    for at in reached:
        reached += [r for r, who in filled.items() if r not in reached and any(at in voice.roles for voice in who)]
    return tuple(reached)


def _with(found: Tally, people: People, rule: ApprovalRule, barred: Barred, person: str, answer: _Answer) -> Tally:
    name = people.shown(answer.given.actor)
    if answer.void is not None:
        return replace(found, left_out=(*found.left_out, LeftOut(name, answer.void)))
    if answer.given.answer == "reject":
        return replace(found, rejections=(*found.rejections, answer.given))
    teams = people.teams_of(person)
    role = answer.given.role
    why = barred.why(answer.given.actor)
    if why is None and role and role not in teams:
        why = f"speaks for {role} without being in that team"
    if why is not None:
        return replace(found, left_out=(*found.left_out, LeftOut(name, why)))
    voice = Voice(person, name, frozenset({role}) if role else teams, answer.given.proof == "unsigned")
    return replace(found, voices=(*found.voices, voice))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a person said last, or why nothing that they said counts."""

    given: Approval
    void: str | None = None


def _standing(
    people: People, rule: ApprovalRule, subjects: Sequence[Subject], given: Sequence[Approval], now: datetime
) -> _Answer:
    reasons = [_void(people, rule, subjects, approval, now) for approval in given]
    for approval, why in zip(reversed(given), reversed(reasons), strict=True):
        if why is None:
            return _Answer(approval)
    return _Answer(given[-1], reasons[-1])


def _void(
    people: People, rule: ApprovalRule, subjects: Sequence[Subject], approval: Approval, now: datetime
) -> str | None:
    """Why an answer counts for nothing here, whoever gave it; None when it does count."""
    if approval.proof == "invalid":
        return "the signature does not hold"
    if approval.proof == "unsaid":
        return "where it was said nobody says it any more, or nobody can be asked"
    about = frozenset(approval.subjects)
    if approval.answer == "reject":
        if about.isdisjoint(subjects):
            return "said no to another plan"
        trusted = approval.proof in PROVEN or rule.unsigned or people.teams_of(people.person(approval.actor))
        return None if trusted else "unsigned: sign with an SSH key"
    if not about.issuperset(subjects):
        return "answered for another plan, commit or configuration: look again and answer again"
    if approval.proof == "unsigned" and not rule.unsigned:
        return "unsigned: sign with an SSH key"
    if approval.at - now > CLOCK_SKEW:
        return "answered in the future: check the clock"
    if now - approval.at >= rule.expires:
        return "the answer expired: answer again"
    return None
