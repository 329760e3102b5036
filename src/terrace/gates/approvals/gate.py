"""The gates of approvals, and the rule that says whose approval a deployment requires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from terrace.assess.model import Weight
from terrace.config.model import ApprovalRule, Config, Environment
from terrace.gates.approvals.people import IneligibleApprovers, People
from terrace.gates.approvals.tally import (
    Approver,
    Decisions,
    Question,
    Tally,
    assign_roles,
    roles_that_can_switch,
    tally,
    valid_rejections,
    why_approval_invalid,
    why_rejection_invalid,
)
from terrace.gates.facts import Facts
from terrace.gates.gate import Request, blocks, passes, waits
from terrace.gates.model import Approval, GateResult, Outcome, Subject
from terrace.gates.risk import combine_strictest, raise_for_risk
from terrace.stacks.model import AutomaticRollback, Origin, Remediation, Repairing, Rollback
from terrace.words import join_some


def check_rejections(request: Request) -> Iterator[GateResult]:
    """No person rejected this commit for this environment. A rejection is valid until it is withdrawn."""
    people, environment, facts = People(request.config), request.environment, request.facts
    rule = approval_rule(environment, facts.origin, proven=facts.proven)
    subject = question(environment, facts, ())
    for rejection in valid_rejections(people, rule, _excluded_people(people, facts), subject, request.plans.decisions):
        yield _rejection_result(environment, people, rejection)


def check_approvals(request: Request) -> Iterator[GateResult]:
    """The people that the rule names approved exactly these plans, and no one rejected them."""
    environment, facts, plans = request.environment, request.facts, request.plans
    usual = approval_rule(environment, facts.origin, proven=facts.proven)
    if plans.agreed and any(
        objection.weight is Weight.NAME and objection.name in plans.agreed for objection in plans.objections
    ):
        # The ledger only claims that a person accepted a loss: the usual approvers have to see the plan.
        usual = combine_strictest(usual, environment.approvals)
    rule = raise_for_risk(usual, environment, facts.origin, plans.risk)
    stricter = _with_one_more(rule, facts)
    more = how = ""
    if stricter != rule:
        more = "; one more approval than usual is required, because there is no proof of who requested the deployment"
        if facts.run_unproven:
            more += f" (run {facts.run_unproven})"
            how = (
                "; to prove it, give Terrace a token that can read CI runs, or sign the request with a key:"
                " `git config user.signingkey KEY.pub`"
            )
    if plans.risk is not None and rule != usual:
        more += f" (the risk is {plans.risk.level})"
    for result in _evaluate(replace(request, environment=replace(environment, approvals=stricter))):
        waiting = result.outcome is Outcome.WAIT
        yield replace(result, reason=result.reason + more, satisfy=result.satisfy + how) if waiting else result


def _with_one_more(rule: ApprovalRule, facts: Facts) -> ApprovalRule:
    """Returns the rule with one more approval when the requester is unproven, and can be one of the approvers."""
    if not facts.requester_unproven or not rule.requires_any or rule.unsigned:
        return rule
    return replace(rule, count=max(rule.count, sum(rule.roles.values())) + 1)


def approval_rule(environment: Environment, origin: Origin, *, proven: bool = True) -> ApprovalRule:
    """Returns the approvals that plans of this origin require.

    A commit that was accepted before requires fewer approvals. Unless that is `proven`, it is only a claim of the
    ledger, and the approvals of a release are required.
    """
    if not proven:
        return environment.approvals
    match origin:
        case AutomaticRollback():
            # The author of `on_failure: rollback` approved in advance. An unsafe rollback gets an objection.
            return ApprovalRule()
        case Rollback():
            return environment.rollback or environment.approvals
        case Remediation():
            rule = environment.drift.remediate
            return (rule.approvals if rule is not None else None) or environment.approvals
        case _:
            return environment.approvals


def has_enough_approvals(
    config: Config, rule: ApprovalRule, subject: Question, decisions: Decisions, now: datetime
) -> bool:
    """Returns whether enough people approved one plan at any time, by proven approvals only."""
    people = People(config)
    for_good = replace(rule, expires=timedelta.max, unsigned=False)
    result = tally(people, for_good, IneligibleApprovers(people, "", ()), subject, decisions, now)
    filled = assign_roles(rule.roles, result.approvers)
    roles = all(len(filled.get(role, ())) >= n for role, n in rule.roles.items())
    return not result.rejections and roles and len(result.approvers) >= rule.count


_UNPLANNED = "`terrace check` shows the reason. Approvals are requested once there is a plan"


def _evaluate(request: Request) -> tuple[GateResult, ...]:
    environment, facts, plans = request.environment, request.facts, request.plans
    subjects, unplanned = plans.subjects, plans.unplanned
    if not subjects and unplanned:
        which = join_some(unplanned, 5)
        return (waits(f"there is nothing to approve yet: Terrace has no plan of {which}", _UNPLANNED),)
    if not subjects:
        return (passes("nothing to approve: the plans change nothing"),)
    people = People(request.config)
    barred = _excluded_people(people, facts)
    subject = question(environment, facts, subjects)
    result = tally(people, environment.approvals, barred, subject, plans.decisions, request.now)
    if result.rejections:
        return tuple(_rejection_result(environment, people, rejection) for rejection in result.rejections)
    if not environment.approvals.requires_any:
        agreed = isinstance(facts.origin, AutomaticRollback)
        return (passes("terrace.yaml sets `on_failure: rollback`" if agreed else "no approval is required"),)
    if not facts.whole:
        reason = "this clone is too shallow to determine the authors of the new commits, who cannot approve them"
        return (waits(reason, "`git fetch --unshallow`"),)
    if facts.openers_unknown:
        reason = (
            "the people who opened the changes of this release cannot approve it, and Terrace cannot determine who"
            f" they are: {facts.openers_unknown}"
        )
        return (waits(reason, "run the command again once the forge can be reached"),)
    return _evaluate_rule(environment, people, barred, result)


def _excluded_people(people: People, facts: Facts) -> IneligibleApprovers:
    """Returns the people who cannot approve this deployment."""
    return IneligibleApprovers(people, facts.requester, facts.authors, facts.requested_by, facts.opened_by)


def _evaluate_rule(
    environment: Environment, people: People, barred: IneligibleApprovers, result: Tally
) -> tuple[GateResult, ...]:
    """Returns the results for the roles and the number of people that the rule requires."""
    rule = environment.approvals
    filled = assign_roles(rule.roles, result.approvers)
    assigned = {approver.person: role for role, approvers in filled.items() for approver in approvers}
    missing = {role: n for role, approvers in filled.items() if (n := rule.roles[role] - len(approvers)) > 0}
    ignored = _describe_ignored(result)
    results = [_missing_role(environment, people, barred, role, n, filled) for role, n in missing.items()]
    coming = sum(missing.values())
    if rule.count > len(result.approvers) + coming:
        results.append(_missing_people(environment, people, barred, result, coming))
    if not results:
        return (passes(f"approved by {_names_of(result.approvers, assigned)}{ignored}"),)
    results[0] = replace(results[0], reason=results[0].reason + ignored)
    if result.approvers:
        results.insert(0, passes(f"approved so far by {_names_of(result.approvers, assigned)}"))
    return tuple(results)


def _missing_role(
    environment: Environment,
    people: People,
    barred: IneligibleApprovers,
    role: str,
    missing: int,
    filled: Mapping[str, tuple[Approver, ...]],
) -> GateResult:
    """Returns the missing approvals of a role, the people who can give them, and the fix when no one can."""
    members = people.members(role)
    assigned = {
        approver.person: f"already approves as {r}" for r, approvers in filled.items() for approver in approvers
    }
    free: dict[str, list[str]] = {}
    for reached in roles_that_can_switch(role, filled):
        known = people.members(reached)
        may = [name for person, name in known.items() if person not in assigned and barred.why(name) is None]
        if may:
            free[reached] = may
    required = environment.approvals.roles[role]
    reason = f"{role}: {required - missing} of {required} approvals"
    if len(free.get(role, ())) >= missing:
        free = {role: free[role]}
    if len({name for names in free.values() for name in names}) >= missing:
        ways = [
            f"`terrace approve {environment.name} --role {r}` by {_any_of(missing, may)}" for r, may in free.items()
        ]
        return waits(reason, ", or ".join(ways))
    others = {name: w for person, name in members.items() if (w := barred.why(name) or assigned.get(person))}
    if not members:
        why = f"the team {role} has no members"
    else:
        free_names = f"only {', '.join(free[role])}" if free.get(role) else "no one"
        why = f"{free_names} in the team {role} can still approve: " + ", ".join(
            f"{who} {w}" for who, w in others.items()
        )
    return waits(f"{reason}; {why}", _hint_to_allow(f"teams.{role}", environment))


def _missing_people(
    environment: Environment, people: People, barred: IneligibleApprovers, result: Tally, coming: int
) -> GateResult:
    """Returns the number of missing people, besides the `coming` ones who will fill a role."""
    have = {approver.person for approver in result.approvers}
    everyone = people.everyone()
    free = [name for person, name in everyone.items() if person not in have and barred.why(name) is None]
    required = environment.approvals.count
    more = required - len(have) - coming
    besides = f", {coming} more needed for the roles" if coming else ""
    reason = f"{len(have)} of {required} people have approved{besides}"
    command = f"`terrace approve {environment.name}` by"
    if not everyone:
        return waits(reason, f"{command} {more} more, other than the requester and the authors")
    if len(free) >= more + coming:
        return waits(reason, f"{command} {_any_of(more, free)}")
    names = f"only {', '.join(free)}" if free else "no one"
    return waits(f"{reason}; {names} in terrace.yaml can still approve", _hint_to_allow("people", environment))


def _hint_to_allow(key: str, environment: Environment) -> str:
    """Returns the change of terrace.yaml that helps when no one can approve."""
    approvals = f"environments.{environment.name}.approvals"
    return f"add a person to `{key}` in terrace.yaml, or require fewer approvals: `{approvals}`"


def _rejection_result(environment: Environment, people: People, rejection: Approval) -> GateResult:
    name = people.display_name(rejection.actor)
    role = f" as {rejection.role}" if rejection.role else ""
    how = {"unsigned": " (unsigned)", "invalid": " (not proven)", "unsaid": " (not proven)"}.get(rejection.proof, "")
    why = f": {rejection.comment}" if rejection.comment else ", without a comment"
    of = f" --of {rejection.id}" if rejection.id else ""
    withdraw = f"terrace reject {environment.name} --withdraw{of} -m WHY"
    satisfy = f"resolve it with {name}, who can withdraw the rejection: `{withdraw}`"
    return blocks(f"{name} rejected this{role}{how}{why}", satisfy)


def why_decision_invalid(request: Request, approval: Approval) -> str | None:
    """Returns why an approval or rejection would be ignored if it were given now; None when it would be valid."""
    environment, facts, plans, now = request.environment, request.facts, request.plans, request.now
    usual = approval_rule(environment, facts.origin, proven=facts.proven)
    rule = _with_one_more(raise_for_risk(usual, environment, facts.origin, plans.risk), facts)
    people = People(request.config)
    barred = _excluded_people(people, facts)
    subject = question(environment, facts, plans.subjects)
    if approval.answer == "reject":
        return why_rejection_invalid(people, rule, subject, approval)
    why = why_approval_invalid(rule, subject, approval, now) if rule.requires_any else None
    if why is not None:
        return why
    decisions = replace(plans.decisions, decisions=(*plans.decisions.decisions, approval))
    result = tally(people, rule, barred, subject, decisions, now)
    person = people.person(approval.actor)
    approver = next((approver for approver in result.approvers if approver.person == person), None)
    if approver is None:
        name = people.display_name(approval.actor)
        reasons = (
            f"{name} rejected this, and has not withdrawn the rejection"
            for rejection in result.rejections
            if rejection.actor == approval.actor
        )
        return next((answer.why for answer in result.ignored if answer.name == name), next(reasons, None))
    if approver.roles & rule.roles.keys() or rule.count > sum(rule.roles.values()) or not rule.requires_any:
        return None
    roles = ", ".join(rule.roles)
    return f"{environment.name} requires approvals from {roles}, and {approver.name} is in none of these teams"


def question(environment: Environment, facts: Facts, subjects: tuple[Subject, ...]) -> Question:
    """Returns the question that approvals of these plans answer.

    A person can roll back to a commit that was rejected once; Terrace does not do that automatically.
    """
    repairing = isinstance(facts.origin, Repairing) and not isinstance(facts.origin, AutomaticRollback)
    return Question(facts.deployment, environment.name, facts.commit, subjects, repairing)


def _names_of(approvers: Iterable[Approver], assigned: Mapping[str, str]) -> str:
    words = []
    for approver in approvers:
        role = f" for {assigned[approver.person]}" if approver.person in assigned else ""
        words.append(f"{approver.name}{role}{' (unsigned)' if approver.unsigned else ''}")
    return ", ".join(words)


def _describe_ignored(result: Tally) -> str:
    if not result.ignored:
        return ""
    return "; ignored: " + ", ".join(f"{who.name} ({who.why})" for who in result.ignored)


def _any_of(n: int, names: list[str]) -> str:
    """Returns the people who can approve: "bob", "one of: bob, carol", "2 of: bob, carol"."""
    if len(names) == 1:
        return names[0]
    return f"{'one' if n == 1 else n} of: {', '.join(names)}"
