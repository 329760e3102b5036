"""Validity and count of approvals and rejections. The gates make results of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terrace.config.model import ApprovalRule
from terrace.gates.approvals.people import Barred, People, Persons
from terrace.gates.model import PROVEN, Approval, Subject, Withdrawal

CLOCK_SKEW = timedelta(minutes=5)
"""Maximum time by which the clock of an approver can be ahead of this machine."""

OTHERS = 2
"""Number of other people who can withdraw a rejection together."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A person with a valid approval. `roles` are the roles that they can fill, one at a time."""

    person: str
    name: str
    roles: frozenset[str]
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class IgnoredDecision:
    """A person whose decision is ignored, and the reason."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Tally:
    """All people who decided: valid approvals, rejections, and ignored decisions."""

    voices: tuple[Voice, ...] = ()
    rejections: tuple[Approval, ...] = ()
    left_out: tuple[IgnoredDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """The question that people decide: can these plans of a deployment be applied?

    `repairing` deployments ignore the rejection of a release of the same commit, but not of the same plan.
    """

    deployment: str
    environment: str
    commit: str
    subjects: tuple[Subject, ...]
    repairing: bool = False

    def concerned_by(self, subjects: Iterable[Subject]) -> bool:
        """Returns whether a rejection of `subjects` concerns this: same environment, and same commit or same plan.

        The rules, the lineage and the deployment can differ: a rejection outlives changes of these.
        """
        plans = {(subject.stack, subject.digest) for subject in self.subjects}
        return any(
            one.environment == self.environment
            and ((one.stack, one.digest) in plans or (one.commit == self.commit and not self.repairing))
            for one in subjects
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """The decisions on a question: approvals and rejections, and withdrawals of rejections."""

    given: tuple[Approval, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()


def tally(
    people: People, rule: ApprovalRule, barred: Barred, question: Question, answers: Answers, now: datetime
) -> Tally:
    """Returns the decisions by person: a rejection until it is withdrawn, otherwise the last valid approval.

    A rejection never expires, and is valid even from a person who cannot approve. An approval is valid only if it names
    this deployment, and if it was given after the person withdrew every rejection of the same commit or plans.
    """
    persons = group_persons(people, answers)
    groups: dict[str, list[Approval]] = {}
    for approval in answers.given:
        groups.setdefault(persons.of(approval.actor), []).append(approval)
    noes = _noes(people, persons, rule, barred, question, answers)
    against = {persons.of(no.actor): no for no, lifted in noes if lifted is None}
    found = Tally()
    for person, given in groups.items():
        if person in against:
            found = replace(found, rejections=(*found.rejections, against[person]))
            continue
        # By the time in the signed statement, not by position: a copy of an old approval stays old.
        given.sort(key=lambda a: (a.at, a.answer == "reject"))
        bounds = [lifted for no, lifted in noes if lifted is not None and persons.of(no.actor) == person]
        found = _with(found, people, rule, barred, question, given, bounds, now)
    return found


def valid_rejections(
    people: People, rule: ApprovalRule, barred: Barred, question: Question, answers: Answers
) -> tuple[Approval, ...]:
    """Returns the rejections that concern the question and were not withdrawn, oldest first, each once."""
    noes = _noes(people, group_persons(people, answers), rule, barred, question, answers)
    found: dict[tuple[str, str, datetime], Approval] = {}
    for no, lifted in noes:
        if lifted is None:
            found.setdefault((no.id, no.actor, no.at), no)
    return tuple(found.values())


def assign(roles: Mapping[str, int], voices: Sequence[Voice]) -> dict[str, tuple[Voice, ...]]:
    """Assigns as many roles as possible, one per person, and returns the people by role."""
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


def roles_that_can_switch(role: str, filled: Mapping[str, tuple[Voice, ...]]) -> tuple[str, ...]:
    """Returns the roles whose approvers could fill this role: itself, and those whose people could switch to it."""
    reached = [role]
    for at in reached:
        reached += [r for r, who in filled.items() if r not in reached and any(at in voice.roles for voice in who)]
    return tuple(reached)


def group_persons(people: People, answers: Answers) -> Persons:
    """Returns the people among all who decided, grouped by person."""
    said = [(a.actor, a.by if a.proof in PROVEN else "") for a in answers.given]
    taken_back = [(w.actor, w.identity.by if w.identity.proven else "") for w in answers.withdrawn]
    return Persons(people, [*said, *taken_back])


@dataclass(frozen=True, slots=True)
class _Lifted:
    """The moment of a withdrawal: the time in the signed statements, and the position in the ledger."""

    at: datetime
    position: int

    def precedes(self, approval: Approval) -> bool:
        """Returns whether a decision was made after the withdrawal. The time is signed; the position is not."""
        return approval.at > self.at and approval.position >= self.position


def _noes(
    people: People, persons: Persons, rule: ApprovalRule, barred: Barred, question: Question, answers: Answers
) -> list[tuple[Approval, _Lifted | None]]:
    """Returns the rejections that concern the question, oldest first, each with its withdrawal."""
    noes = (
        no
        for no in answers.given
        if no.answer == "reject" and why_rejection_invalid(people, rule, question, no) is None
    )
    return [
        (no, _lifted(people, persons, rule, barred, no, answers.withdrawn)) for no in sorted(noes, key=lambda a: a.at)
    ]


def _with(
    found: Tally,
    people: People,
    rule: ApprovalRule,
    barred: Barred,
    question: Question,
    given: Sequence[Approval],
    bounds: Sequence[_Lifted],
    now: datetime,
) -> Tally:
    """Returns the tally with one more person, whose rejections are all withdrawn.

    `given` are their decisions under all names, oldest first; `bounds` are the withdrawals.
    """
    answer = _last(people, rule, question, given, bounds, now)
    approval = answer.given
    name = people.shown(approval.actor)
    teams = people.teams_of(people.person(approval.actor))
    why = answer.void or next((why for a in given if (why := barred.why(a.actor, a.by)) is not None), None)
    if why is None and approval.role and approval.role not in teams:
        why = f"approves as {approval.role} without being a member of that team"
    if why is not None:
        return replace(found, left_out=(*found.left_out, IgnoredDecision(name, why)))
    roles = frozenset({approval.role}) if approval.role else teams
    voice = Voice(people.person(approval.actor), name, roles, approval.proof == "unsigned")
    return replace(found, voices=(*found.voices, voice))


@dataclass(frozen=True, slots=True)
class _Answer:
    """The last valid approval of a person, or the reason why they have none."""

    given: Approval
    void: str | None = None


def _last(
    people: People,
    rule: ApprovalRule,
    question: Question,
    given: Sequence[Approval],
    bounds: Sequence[_Lifted],
    now: datetime,
) -> _Answer:
    reasons = [_void(people, rule, question, approval, bounds, now) for approval in given]
    for approval, why in zip(reversed(given), reversed(reasons), strict=True):
        if why is None:
            return _Answer(approval)
    return _Answer(given[-1], reasons[-1])


def _void(
    people: People,
    rule: ApprovalRule,
    question: Question,
    approval: Approval,
    bounds: Sequence[_Lifted],
    now: datetime,
) -> str | None:
    """Returns why a decision is not a valid approval; None when it is."""
    if approval.answer == "reject":
        return (
            why_rejection_invalid(people, rule, question, approval)
            or "withdrew a rejection, and has not approved since"
        )
    why = why_approval_invalid(rule, question, approval, now)
    if why is None and not all(lifted.precedes(approval) for lifted in bounds):
        return "rejected this, and this approval is older than the withdrawal: approve again"
    return why


def why_approval_invalid(rule: ApprovalRule, question: Question, approval: Approval, now: datetime) -> str | None:
    """Returns why an approval is invalid here, regardless of its author; None when it is valid."""
    if approval.proof == "invalid":
        return "the signature is invalid"
    if approval.proof == "unsaid":
        return "the approval no longer exists on the forge, or the forge cannot be reached"
    if not approval.deployment:
        return "the approval has the format of an earlier version, which does not name a deployment: approve again"
    if approval.deployment != question.deployment:
        return "approved another deployment: approve again"
    if not frozenset(approval.subjects).issuperset(question.subjects):
        return "approved another plan, commit or configuration: check the plan and approve it again"
    if approval.proof == "unsigned" and not rule.unsigned:
        return "unsigned: sign with an SSH key"
    if approval.at - now > CLOCK_SKEW:
        return "the approval is dated in the future: check the clock"
    if now - approval.at >= rule.expires:
        return "the approval has expired: approve again"
    return None


def why_rejection_invalid(people: People, rule: ApprovalRule, question: Question, no: Approval) -> str | None:
    """Returns why a rejection does not concern the question, or is invalid; None when it is valid.

    A rejection whose signature became invalid (its key was replaced), or whose comment was deleted, is still valid: it
    is treated as unsigned. A false rejection blocks a deployment that can be requested again; a lost one applies it.
    """
    if not question.concerned_by(no.subjects):
        return "rejected another plan"
    if no.proof in PROVEN or rule.unsigned or people.teams_of(people.person(no.actor)):
        return None
    return "unsigned: sign with an SSH key"


def _lifted(
    people: People,
    persons: Persons,
    rule: ApprovalRule,
    barred: Barred,
    no: Approval,
    withdrawals: Iterable[Withdrawal],
) -> _Lifted | None:
    """Returns the withdrawal of a rejection: by the same person, or by two other people who can approve and are proven.
    None when it is not withdrawn."""
    mine, others = persons.of(no.actor), dict[str, _Lifted]()
    for one in sorted(withdrawals, key=lambda w: (w.at, w.position)):
        if one.of != no.id or why_withdrawal_invalid(people, persons, rule, barred, no, one) is not None:
            continue
        if persons.of(one.actor) == mine:
            return _Lifted(one.at, one.position)
        others.setdefault(persons.of(one.actor), _Lifted(one.at, one.position))
        if len(others) >= OTHERS:
            return _Lifted(one.at, max(lifted.position for lifted in others.values()))
    return None


def why_withdrawal_invalid(
    people: People, persons: Persons, rule: ApprovalRule, barred: Barred, no: Approval, withdrawal: Withdrawal
) -> str | None:
    """Returns why the withdrawal of a rejection is invalid; None when it is valid.

    Withdrawing an unproven rejection needs no proof, if none is required for approvals.
    """
    identity = withdrawal.identity
    honor = no.proof == "unsigned" and identity.proof == "unsigned" and (rule.unsigned or not rule.requires_any)
    if withdrawal.at < no.at:
        return "the withdrawal is older than the rejection"
    if not identity.proven and not honor:
        return "nothing proves who withdraws it: sign with an SSH key"
    if persons.of(withdrawal.actor) == persons.of(no.actor):
        return None
    if not identity.proven:
        return "withdrawing the rejection of another person requires two people with SSH keys"
    known = people.known()
    if known and people.person(withdrawal.actor) not in known:
        return "terrace.yaml does not name this person"
    return barred.why(withdrawal.actor, identity.by)
