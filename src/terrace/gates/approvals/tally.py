"""Validity and count of approvals and rejections. The gates make results of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terrace.config.model import ApprovalRule
from terrace.gates.approvals.people import IneligibleApprovers, People, PersonGroups
from terrace.gates.model import PROVEN, Approval, Subject, Withdrawal

CLOCK_SKEW = timedelta(minutes=5)
"""Maximum time by which the clock of an approver can be ahead of this machine."""

OTHERS = 2
"""Number of other people who can withdraw a rejection together."""


@dataclass(frozen=True, slots=True)
class Approver:
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

    approvers: tuple[Approver, ...] = ()
    rejections: tuple[Approval, ...] = ()
    ignored: tuple[IgnoredDecision, ...] = ()


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

    def is_concerned_by(self, subjects: Iterable[Subject]) -> bool:
        """Returns whether a rejection of `subjects` concerns this: same environment, and same commit or same plan.

        The rules, the lineage and the deployment can differ: a rejection outlives changes of these.
        """
        plans = {(subject.stack, subject.digest) for subject in self.subjects}
        return any(
            subject.environment == self.environment
            and ((subject.stack, subject.digest) in plans or (subject.commit == self.commit and not self.repairing))
            for subject in subjects
        )


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions on a question: approvals and rejections, and withdrawals of rejections."""

    decisions: tuple[Approval, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()


def tally(
    people: People,
    rule: ApprovalRule,
    barred: IneligibleApprovers,
    question: Question,
    decisions: Decisions,
    now: datetime,
) -> Tally:
    """Returns the decisions by person: a rejection until it is withdrawn, otherwise the last valid approval.

    A rejection never expires, and is valid even from a person who cannot approve. An approval is valid only if it names
    this deployment, and if it was given after the person withdrew every rejection of the same commit or plans.
    """
    persons = group_persons(people, decisions)
    groups: dict[str, list[Approval]] = {}
    for approval in decisions.decisions:
        groups.setdefault(persons.of(approval.actor), []).append(approval)
    rejections = _rejections_with_withdrawals(people, persons, rule, barred, question, decisions)
    against = {persons.of(rejection.actor): rejection for rejection, withdrawal in rejections if withdrawal is None}
    result = Tally()
    for person, approvals in groups.items():
        if person in against:
            result = replace(result, rejections=(*result.rejections, against[person]))
            continue
        # By the time in the signed statement, not by position: a copy of an old approval stays old.
        approvals.sort(key=lambda a: (a.at, a.answer == "reject"))
        withdrawals = [
            withdrawal
            for rejection, withdrawal in rejections
            if withdrawal is not None and persons.of(rejection.actor) == person
        ]
        result = _with_person(result, people, rule, barred, question, approvals, withdrawals, now)
    return result


def valid_rejections(
    people: People, rule: ApprovalRule, barred: IneligibleApprovers, question: Question, decisions: Decisions
) -> tuple[Approval, ...]:
    """Returns the rejections that concern the question and were not withdrawn, oldest first, each once."""
    rejections = _rejections_with_withdrawals(
        people, group_persons(people, decisions), rule, barred, question, decisions
    )
    result: dict[tuple[str, str, datetime], Approval] = {}
    for rejection, withdrawal in rejections:
        if withdrawal is None:
            result.setdefault((rejection.id, rejection.actor, rejection.at), rejection)
    return tuple(result.values())


def assign_roles(roles: Mapping[str, int], approvers: Sequence[Approver]) -> dict[str, tuple[Approver, ...]]:
    """Assigns as many roles as possible, one per person, and returns the people by role."""
    slots = [role for role, n in roles.items() for _ in range(min(n, len(approvers)))]
    taken: dict[int, int] = {}

    def place(slot: int, tried: set[int]) -> bool:
        for index, approver in enumerate(approvers):
            if slots[slot] not in approver.roles or index in tried:
                continue
            tried.add(index)
            if index not in taken or place(taken[index], tried):
                taken[index] = slot
                return True
        return False

    for slot in range(len(slots)):
        place(slot, set())
    filled = {role: tuple(approvers[i] for i, slot in sorted(taken.items()) if slots[slot] == role) for role in roles}
    return {role: who for role, who in filled.items() if roles[role] > 0}


def roles_that_can_switch(role: str, filled: Mapping[str, tuple[Approver, ...]]) -> tuple[str, ...]:
    """Returns the roles whose approvers could fill this role: itself, and those whose people could switch to it."""
    reached = [role]
    for at in reached:
        reached += [
            r for r, who in filled.items() if r not in reached and any(at in approver.roles for approver in who)
        ]
    return tuple(reached)


def group_persons(people: People, decisions: Decisions) -> PersonGroups:
    """Returns the people among all who decided, grouped by person."""
    decided_by = [(a.actor, a.by if a.proof in PROVEN else "") for a in decisions.decisions]
    withdrawn_by = [(w.actor, w.identity.by if w.identity.proven else "") for w in decisions.withdrawn]
    return PersonGroups(people, [*decided_by, *withdrawn_by])


@dataclass(frozen=True, slots=True)
class _Withdrawal:
    """The moment of a withdrawal: the time in the signed statements, and the position in the ledger."""

    at: datetime
    position: int

    def precedes(self, approval: Approval) -> bool:
        """Returns whether a decision was made after the withdrawal. The time is signed; the position is not."""
        return approval.at > self.at and approval.position >= self.position


def _rejections_with_withdrawals(
    people: People,
    persons: PersonGroups,
    rule: ApprovalRule,
    barred: IneligibleApprovers,
    question: Question,
    decisions: Decisions,
) -> list[tuple[Approval, _Withdrawal | None]]:
    """Returns the rejections that concern the question, oldest first, each with its withdrawal."""
    rejections = (
        rejection
        for rejection in decisions.decisions
        if rejection.answer == "reject" and why_rejection_invalid(people, rule, question, rejection) is None
    )
    return [
        (rejection, _find_withdrawal(people, persons, rule, barred, rejection, decisions.withdrawn))
        for rejection in sorted(rejections, key=lambda a: a.at)
    ]


def _with_person(
    result: Tally,
    people: People,
    rule: ApprovalRule,
    barred: IneligibleApprovers,
    question: Question,
    approvals: Sequence[Approval],
    withdrawals: Sequence[_Withdrawal],
    now: datetime,
) -> Tally:
    """Returns the tally with one more person, whose rejections are all withdrawn.

    `approvals` are their decisions under all names, oldest first; `withdrawals` are those of the rejections.
    """
    answer = _last_approval(people, rule, question, approvals, withdrawals, now)
    approval = answer.approval
    name = people.display_name(approval.actor)
    teams = people.teams_of(people.person(approval.actor))
    why = answer.void or next((why for a in approvals if (why := barred.why(a.actor, a.by)) is not None), None)
    if why is None and approval.role and approval.role not in teams:
        why = f"approves as {approval.role} without being a member of that team"
    if why is not None:
        return replace(result, ignored=(*result.ignored, IgnoredDecision(name, why)))
    roles = frozenset({approval.role}) if approval.role else teams
    approver = Approver(people.person(approval.actor), name, roles, approval.proof == "unsigned")
    return replace(result, approvers=(*result.approvers, approver))


@dataclass(frozen=True, slots=True)
class _LastApproval:
    """The last valid approval of a person, or the reason why they have none."""

    approval: Approval
    void: str | None = None


def _last_approval(
    people: People,
    rule: ApprovalRule,
    question: Question,
    approvals: Sequence[Approval],
    withdrawals: Sequence[_Withdrawal],
    now: datetime,
) -> _LastApproval:
    reasons = [_why_not_an_approval(people, rule, question, approval, withdrawals, now) for approval in approvals]
    for approval, why in zip(reversed(approvals), reversed(reasons), strict=True):
        if why is None:
            return _LastApproval(approval)
    return _LastApproval(approvals[-1], reasons[-1])


def _why_not_an_approval(
    people: People,
    rule: ApprovalRule,
    question: Question,
    approval: Approval,
    withdrawals: Sequence[_Withdrawal],
    now: datetime,
) -> str | None:
    """Returns why a decision is not a valid approval; None when it is."""
    if approval.answer == "reject":
        return (
            why_rejection_invalid(people, rule, question, approval)
            or "withdrew a rejection, and has not approved since"
        )
    why = why_approval_invalid(rule, question, approval, now)
    if why is None and not all(withdrawal.precedes(approval) for withdrawal in withdrawals):
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


def why_rejection_invalid(people: People, rule: ApprovalRule, question: Question, rejection: Approval) -> str | None:
    """Returns why a rejection does not concern the question, or is invalid; None when it is valid.

    A rejection whose signature became invalid (its key was replaced), or whose comment was deleted, is still valid: it
    is treated as unsigned. A false rejection blocks a deployment that can be requested again; a lost one applies it.
    """
    if not question.is_concerned_by(rejection.subjects):
        return "rejected another plan"
    if rejection.proof in PROVEN or rule.unsigned or people.teams_of(people.person(rejection.actor)):
        return None
    return "unsigned: sign with an SSH key"


def _find_withdrawal(
    people: People,
    persons: PersonGroups,
    rule: ApprovalRule,
    barred: IneligibleApprovers,
    rejection: Approval,
    withdrawals: Iterable[Withdrawal],
) -> _Withdrawal | None:
    """Returns the withdrawal of a rejection: by the same person, or by two other people who can approve and are proven.
    None when it is not withdrawn."""
    person, others = persons.of(rejection.actor), dict[str, _Withdrawal]()
    for withdrawal in sorted(withdrawals, key=lambda w: (w.at, w.position)):
        if (
            withdrawal.of != rejection.id
            or why_withdrawal_invalid(people, persons, rule, barred, rejection, withdrawal) is not None
        ):
            continue
        if persons.of(withdrawal.actor) == person:
            return _Withdrawal(withdrawal.at, withdrawal.position)
        others.setdefault(persons.of(withdrawal.actor), _Withdrawal(withdrawal.at, withdrawal.position))
        if len(others) >= OTHERS:
            return _Withdrawal(withdrawal.at, max(withdrawal.position for withdrawal in others.values()))
    return None


def why_withdrawal_invalid(
    people: People,
    persons: PersonGroups,
    rule: ApprovalRule,
    barred: IneligibleApprovers,
    rejection: Approval,
    withdrawal: Withdrawal,
) -> str | None:
    """Returns why the withdrawal of a rejection is invalid; None when it is valid.

    Withdrawing an unproven rejection needs no proof, if none is required for approvals.
    """
    identity = withdrawal.identity
    honor = rejection.proof == "unsigned" and identity.proof == "unsigned" and (rule.unsigned or not rule.requires_any)
    if withdrawal.at < rejection.at:
        return "the withdrawal is older than the rejection"
    if not identity.proven and not honor:
        return "there is no proof of who withdraws it: sign with an SSH key"
    if persons.of(withdrawal.actor) == persons.of(rejection.actor):
        return None
    if not identity.proven:
        return "withdrawing the rejection of another person requires two people with SSH keys"
    everyone = people.everyone()
    if everyone and people.person(withdrawal.actor) not in everyone:
        return "terrace.yaml does not name this person"
    return barred.why(withdrawal.actor, identity.by)
