"""The gates of approvals, and the rule that says whose approval a deployment requires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from terrace.assess.model import Weight
from terrace.config.model import ApprovalRule, Config, Environment
from terrace.gates.approvals.people import Barred, People
from terrace.gates.approvals.tally import (
    Answers,
    Question,
    Tally,
    Voice,
    assign,
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
from terrace.words import listed


def rejected(request: Request) -> Iterator[GateResult]:
    """No person rejected this commit for this environment. A rejection is valid until it is withdrawn."""
    people, environment, facts = People(request.config), request.environment, request.facts
    rule = approval_rule(environment, facts.origin, proven=facts.proven)
    asked = question(environment, facts, ())
    for no in valid_rejections(people, rule, _barred(people, facts), asked, request.plans.decisions):
        yield _rejected(environment, people, no)


def approvals(request: Request) -> Iterator[GateResult]:
    """The people that the rule names approved exactly these plans, and no one rejected them."""
    environment, facts, plans = request.environment, request.facts, request.plans
    usual = approval_rule(environment, facts.origin, proven=facts.proven)
    if plans.agreed and any(one.weight is Weight.NAME and one.name in plans.agreed for one in plans.objections):
        # The ledger only claims that a person accepted a loss: the usual approvers have to see the plan.
        usual = combine_strictest(usual, environment.approvals)
    rule = raise_for_risk(usual, environment, facts.origin, plans.risk)
    asked = _one_more(rule, facts)
    more = how = ""
    if asked != rule:
        more = "; one more approval than usual is required, because nothing proves who requested the deployment"
        if facts.run_unproven:
            more += f" (run {facts.run_unproven})"
            how = (
                "; to prove it, give Terrace a token that can read CI runs, or sign the request with a key:"
                " `git config user.signingkey KEY.pub`"
            )
    if plans.risk is not None and rule != usual:
        more += f" (the risk is {plans.risk.level})"
    for result in _approvals(replace(request, environment=replace(environment, approvals=asked))):
        waiting = result.outcome is Outcome.WAIT
        yield replace(result, reason=result.reason + more, satisfy=result.satisfy + how) if waiting else result


def _one_more(rule: ApprovalRule, facts: Facts) -> ApprovalRule:
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


def has_enough_approvals(config: Config, rule: ApprovalRule, asked: Question, answers: Answers, now: datetime) -> bool:
    """Returns whether enough people approved one plan at any time, by proven approvals only."""
    people = People(config)
    for_good = replace(rule, expires=timedelta.max, unsigned=False)
    counted = tally(people, for_good, Barred(people, "", ()), asked, answers, now)
    filled = assign(rule.roles, counted.voices)
    roles = all(len(filled.get(role, ())) >= n for role, n in rule.roles.items())
    return not counted.rejections and roles and len(counted.voices) >= rule.count


_UNPLANNED = "`terrace check` shows the reason. Approvals are requested once there is a plan"


def _approvals(request: Request) -> tuple[GateResult, ...]:
    environment, facts, plans = request.environment, request.facts, request.plans
    subjects, unplanned = plans.subjects, plans.unplanned
    if not subjects and unplanned:
        which = listed(unplanned, 5)
        return (waits(f"there is nothing to approve yet: Terrace has no plan of {which}", _UNPLANNED),)
    if not subjects:
        return (passes("nothing to approve: the plans change nothing"),)
    people = People(request.config)
    barred = _barred(people, facts)
    asked = question(environment, facts, subjects)
    counted = tally(people, environment.approvals, barred, asked, plans.decisions, request.now)
    if counted.rejections:
        return tuple(_rejected(environment, people, said) for said in counted.rejections)
    if not environment.approvals.requires_any:
        agreed = isinstance(facts.origin, AutomaticRollback)
        return (passes("terrace.yaml sets `on_failure: rollback`" if agreed else "no approval is required"),)
    if not facts.whole:
        reason = "this clone is too shallow to determine the authors of the new commits, who cannot approve them"
        return (waits(reason, "`git fetch --unshallow`"),)
    if facts.openers_unknown:
        reason = (
            "Terrace cannot determine who opened the changes of this release, and these people cannot approve it:"
            f" {facts.openers_unknown}"
        )
        return (waits(reason, "run the command again once the forge can be reached"),)
    return _quorum(environment, people, barred, counted)


def _barred(people: People, facts: Facts) -> Barred:
    """Returns the people who cannot approve this deployment."""
    return Barred(people, facts.requester, facts.authors, facts.requested_by, facts.opened_by)


def _quorum(environment: Environment, people: People, barred: Barred, counted: Tally) -> tuple[GateResult, ...]:
    """Returns the results for the roles and the number of people that the rule requires."""
    rule = environment.approvals
    filled = assign(rule.roles, counted.voices)
    speaking = {voice.person: role for role, voices in filled.items() for voice in voices}
    missing = {role: n for role, voices in filled.items() if (n := rule.roles[role] - len(voices)) > 0}
    left_out = _left_out(counted)
    results = [_role(environment, people, barred, role, n, filled) for role, n in missing.items()]
    coming = sum(missing.values())
    if rule.count > len(counted.voices) + coming:
        results.append(_count(environment, people, barred, counted, coming))
    if not results:
        return (passes(f"approved by {_said(counted.voices, speaking)}{left_out}"),)
    results[0] = replace(results[0], reason=results[0].reason + left_out)
    if counted.voices:
        results.insert(0, passes(f"approved so far by {_said(counted.voices, speaking)}"))
    return tuple(results)


def _role(
    environment: Environment,
    people: People,
    barred: Barred,
    role: str,
    missing: int,
    filled: Mapping[str, tuple[Voice, ...]],
) -> GateResult:
    """Returns the missing approvals of a role, the people who can give them, and the fix when no one can."""
    members = people.members(role)
    speaking = {voice.person: f"already approves as {r}" for r, voices in filled.items() for voice in voices}
    free: dict[str, list[str]] = {}
    for reached in roles_that_can_switch(role, filled):
        there = people.members(reached)
        may = [name for person, name in there.items() if person not in speaking and barred.why(name) is None]
        if may:
            free[reached] = may
    asked = environment.approvals.roles[role]
    reason = f"{role}: {asked - missing} of {asked} approvals"
    if len(free.get(role, ())) >= missing:
        free = {role: free[role]}
    if len({name for names in free.values() for name in names}) >= missing:
        ways = [f"`terrace approve {environment.name} --role {r}` by {_some(missing, may)}" for r, may in free.items()]
        return waits(reason, ", or ".join(ways))
    others = {name: w for person, name in members.items() if (w := barred.why(name) or speaking.get(person))}
    if not members:
        why = f"the team {role} has no members"
    else:
        left = f"only {', '.join(free[role])}" if free.get(role) else "no one"
        why = f"{left} in the team {role} can still approve: " + ", ".join(f"{who} {w}" for who, w in others.items())
    return waits(f"{reason}; {why}", _setting(f"teams.{role}", environment))


def _count(environment: Environment, people: People, barred: Barred, counted: Tally, coming: int) -> GateResult:
    """Returns the number of missing people, besides the `coming` ones who will fill a role."""
    have = {voice.person for voice in counted.voices}
    known = people.known()
    free = [name for person, name in known.items() if person not in have and barred.why(name) is None]
    asked = environment.approvals.count
    more = asked - len(have) - coming
    besides = f", {coming} more needed for the roles" if coming else ""
    reason = f"{len(have)} of {asked} people have approved{besides}"
    command = f"`terrace approve {environment.name}` by"
    if not known:
        return waits(reason, f"{command} {more} more, other than the requester and the authors")
    if len(free) >= more + coming:
        return waits(reason, f"{command} {_some(more, free)}")
    left = f"only {', '.join(free)}" if free else "no one"
    return waits(f"{reason}; {left} in terrace.yaml can still approve", _setting("people", environment))


def _setting(key: str, environment: Environment) -> str:
    """Returns the change of terrace.yaml that helps when no one can approve."""
    approvals = f"environments.{environment.name}.approvals"
    return f"add a person to `{key}` in terrace.yaml, or require fewer approvals: `{approvals}`"


def _rejected(environment: Environment, people: People, said: Approval) -> GateResult:
    name = people.shown(said.actor)
    role = f" as {said.role}" if said.role else ""
    how = {"unsigned": " (unsigned)", "invalid": " (not proven)", "unsaid": " (not proven)"}.get(said.proof, "")
    why = f": {said.comment}" if said.comment else ", without a comment"
    of = f" --of {said.id}" if said.id else ""
    withdraw = f"terrace reject {environment.name} --withdraw{of} -m WHY"
    satisfy = f"resolve it with {name}, who can withdraw the rejection: `{withdraw}`"
    return blocks(f"{name} rejected this{role}{how}{why}", satisfy)


def why_decision_invalid(request: Request, approval: Approval) -> str | None:
    """Returns why an approval or rejection would be ignored if it were given now; None when it would be valid."""
    environment, facts, plans, now = request.environment, request.facts, request.plans, request.now
    usual = approval_rule(environment, facts.origin, proven=facts.proven)
    rule = _one_more(raise_for_risk(usual, environment, facts.origin, plans.risk), facts)
    people = People(request.config)
    barred = _barred(people, facts)
    asked = question(environment, facts, plans.subjects)
    if approval.answer == "reject":
        return why_rejection_invalid(people, rule, asked, approval)
    why = why_approval_invalid(rule, asked, approval, now) if rule.requires_any else None
    if why is not None:
        return why
    answers = replace(plans.decisions, given=(*plans.decisions.given, approval))
    counted = tally(people, rule, barred, asked, answers, now)
    person = people.person(approval.actor)
    voice = next((one for one in counted.voices if one.person == person), None)
    if voice is None:
        name = people.shown(approval.actor)
        noes = (
            f"{name} rejected this, and has not withdrawn the rejection"
            for no in counted.rejections
            if no.actor == approval.actor
        )
        return next((left.why for left in counted.left_out if left.name == name), next(noes, None))
    if voice.roles & rule.roles.keys() or rule.count > sum(rule.roles.values()) or not rule.requires_any:
        return None
    roles = ", ".join(rule.roles)
    return f"{environment.name} requires approvals from {roles}, and {voice.name} is in none of these teams"


def question(environment: Environment, facts: Facts, subjects: tuple[Subject, ...]) -> Question:
    """Returns the question that approvals of these plans answer.

    A person can roll back to a commit that was rejected once; Terrace does not do that automatically.
    """
    repairing = isinstance(facts.origin, Repairing) and not isinstance(facts.origin, AutomaticRollback)
    return Question(facts.deployment, environment.name, facts.commit, subjects, repairing)


def _said(voices: Iterable[Voice], speaking: Mapping[str, str]) -> str:
    words = []
    for voice in voices:
        role = f" for {speaking[voice.person]}" if voice.person in speaking else ""
        words.append(f"{voice.name}{role}{' (unsigned)' if voice.unsigned else ''}")
    return ", ".join(words)


def _left_out(counted: Tally) -> str:
    if not counted.left_out:
        return ""
    return "; ignored: " + ", ".join(f"{who.name} ({who.why})" for who in counted.left_out)


def _some(n: int, names: list[str]) -> str:
    """Returns the people who can approve: "bob", "one of: bob, carol", "2 of: bob, carol"."""
    if len(names) == 1:
        return names[0]
    return f"{'one' if n == 1 else n} of: {', '.join(names)}"
