"""May a release enter an environment (`admission`), and may its plans be applied (`consent`)? Pure answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from terrace.assess.model import Objection, Weight
from terrace.assess.risk import Risk
from terrace.config.model import ApprovalRule, Config, Environment
from terrace.gates.absorption import Absorbed, absorption
from terrace.gates.approvals.people import Barred, People
from terrace.gates.approvals.tally import (
    Answers,
    Question,
    Tally,
    Voice,
    assign,
    standing,
    tally,
    void_no,
    void_yes,
    within_reach,
)
from terrace.gates.model import Approval, GateResult, Outcome, Subject, Verdict, Withdrawal
from terrace.gates.objections import answer
from terrace.gates.stakes import raised, stakes, stricter
from terrace.stacks.model import AutomaticRollback, Destruction, Origin, Remediation, Repairing, Rollback
from terrace.stacks.repository import Author
from terrace.words import duration, listed


@dataclass(frozen=True, slots=True)
class Upstream:
    """What last succeeded in the environment before; no `commit` when nothing did."""

    environment: str
    commit: str | None
    succeeded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Whether what is new came through changes that somebody else approved: `lacking` says for each commit that did not
    why; `unknown` why it cannot be told, "" where it can."""

    lacking: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates need to know about a commit on its way into an environment.

    `authors` wrote the commits that are new there. `on_protected_branch` is None when history is too shallow to
    tell. `held` says why the environment takes nothing, `busy` what else goes on there; None when nothing does.
    `origin` is what set it going: a way out of trouble meets other gates than a release. `ahead` is the commit that
    is there where it is newer than this one, None where it is not. `reviewed` is None where nobody asks for reviews.
    `unread` says which events of the ledger cannot be read and may speak of the environment, and what to do; None where
    there are none.
    `deployment` is the id of the deployment that asks, "" before there is one. `requested_by` is the key or the account
    that proves the requester, "" where nothing does. `rejections` are the answers of `refusals`.
    `requester_unproven` is whether keys are known, and none proves who requested it: it may be one of the approvers.
    `run_unproven` says why the run of CI that the opening event names does not prove it, "" where it names none.
    `unfounded` says of an open deployment what its opening event claims and what does not follow from facts. `proven`:
    signed approvals prove that people let this commit into the environment before. `clock` says why the clock of this
    machine is not believed, and what to do; None where nothing speaks against it. `unsettled` is the deployment there
    whose outcome nobody knows, "" where there is none: before that is settled no hold is released. `whole`: every new
    commit is in this clone, so that `authors` are all who wrote them. `opened_by` are the accounts that opened the
    changes of the new commits; `openers_unknown` says why the forge did not tell, "" where it did or there is none.
    """

    commit: str
    authors: tuple[Author, ...]
    requester: str
    branch: str
    on_protected_branch: bool | None
    upstream: Upstream | None
    held: str | None
    busy: str | None
    origin: Origin
    ahead: str | None = None
    reviewed: Reviewed | None = None
    unread: tuple[str, str] | None = None
    deployment: str = ""
    requested_by: str = ""
    rejections: tuple[GateResult, ...] = ()
    requester_unproven: bool = False
    run_unproven: str = ""
    unfounded: tuple[str, ...] = ()
    proven: bool = True
    clock: tuple[str, str] | None = None
    unsettled: str = ""
    whole: bool = True
    opened_by: tuple[str, ...] = ()
    openers_unknown: str = ""


def admission(environment: Environment, facts: Facts, now: datetime) -> Verdict:
    """Whether the environment takes this commit now. Every gate is asked, so that all reasons are told at once.

    What undoes, recovers or takes down may enter a held environment, and is no promotion. Drift is taken back to a
    commit that is there already. What is protected is never taken down. A release only goes forward: an older commit
    than what is there is a way back, and has to say so.
    """
    results = [] if isinstance(facts.origin, Repairing) else [_held(environment, facts, Outcome.BLOCK)]
    results += [*_unread(environment, facts, Outcome.BLOCK), *_clock(facts)]
    results += [_busy(environment, facts), _protected_branch(facts, unknown=Outcome.BLOCK)]
    if not isinstance(facts.origin, Repairing):
        results += facts.rejections
    if not isinstance(facts.origin, Repairing | Remediation):
        results.append(_forward(environment, facts))
        if facts.reviewed is not None:
            results.append(_reviewed(facts.reviewed, facts.branch))
    if isinstance(facts.origin, Destruction):
        results.append(_protected(environment))
    if isinstance(facts.origin, Remediation):
        results.append(_remediation(environment))
    if environment.after is not None and not isinstance(facts.origin, Repairing | Remediation):
        promotion = _promotion(environment.name, environment.after, facts)
        results.append(promotion)
        if promotion.outcome is Outcome.PASS and environment.soak > timedelta(0):
            results.append(_soak(environment, facts, now))
    return Verdict(environment.name, tuple(results))


def continuation(environment: Environment, facts: Facts, now: datetime) -> Verdict:
    """Whether an open deployment may go on, whatever its plans are: asked before anything is planned, and before each
    apply.

    That a deployment is in the ledger proves nothing: anybody who can write there could have opened it. So the gates of
    its entry are asked again, and what its opening event says must follow from facts. `upstream` is the newest success
    of this very commit in the environment before, if there is one: that a newer commit came there since takes nothing
    back.
    """
    results = [*_clock(facts), _founded(environment, facts), _protected_branch(facts, unknown=Outcome.WAIT)]
    if facts.busy is not None:
        results.append(_busy(environment, facts))
    if isinstance(facts.origin, Destruction):
        results.append(_protected(environment))
    if isinstance(facts.origin, Remediation):
        results.append(_remediation(environment))
    if not isinstance(facts.origin, Repairing | Remediation):
        results.append(_forward(environment, facts))
        if facts.reviewed is not None:
            results.append(_reviewed(facts.reviewed, facts.branch))
        if environment.after is not None:
            promotion = _promotion(environment.name, environment.after, facts)
            results.append(promotion)
            if promotion.outcome is Outcome.PASS and environment.soak > timedelta(0):
                results.append(_soak(environment, facts, now))
    return Verdict(environment.name, tuple(results))


def consent(
    config: Config,
    environment: Environment,
    subjects: tuple[Subject, ...],
    approvals: tuple[Approval, ...],
    facts: Facts,
    now: datetime,
    objections: tuple[Objection, ...] = (),
    agreed: frozenset[str] = frozenset(),
    absorbed: tuple[Absorbed, ...] = (),
    risk: Risk | None = None,
    withdrawals: tuple[Withdrawal, ...] = (),
    unplanned: tuple[str, ...] = (),
) -> Verdict:
    """Whether plans may be applied now. `approvals` may be any answers: a yes counts only if it names this deployment
    and exactly these subjects, a no if it is about this commit or one of these plans and not among `withdrawals`.

    An open deployment is looked at again: it waits while the environment is held, and is blocked when its commit
    left the protected branch, or when it takes down what is protected by now. More answers from others never take a
    rejection away. `objections` are what an assessment holds against these very plans, `agreed` the addresses that
    somebody agreed to by name. `absorbed` is what applying them would take over from outside. `risk` is how risky they
    are together, None where they do nothing. `unplanned` are stacks of which there is no plan that says what they do.
    """
    again = [_protected_branch(facts, unknown=Outcome.WAIT)]
    if not isinstance(facts.origin, Repairing):
        again.insert(0, _held(environment, facts, Outcome.WAIT))
    again += _unread(environment, facts, Outcome.WAIT)
    if isinstance(facts.origin, Destruction):
        again.append(_protected(environment))
    opened = tuple(result for result in again if result.outcome is not Outcome.PASS)
    usual = rule_for(environment, facts.origin, proven=facts.proven)
    if agreed and any(one.weight is Weight.NAME and one.name in agreed for one in objections):
        # Who agreed to a loss is a word in the ledger. It counts where the people who are usually asked saw the plan.
        usual = stricter(usual, environment.approvals)
    rule = raised(usual, environment, facts.origin, risk)
    asked = _one_more(rule, facts)
    said = Answers(approvals, withdrawals)
    answers = _approvals(config, replace(environment, approvals=asked), subjects, said, facts, now, unplanned)
    if asked != rule:
        why = "; one person more than usual, because nothing proves who requested it"
        how = ""
        if facts.run_unproven:
            why += f" (run {facts.run_unproven})"
            how = (
                "; with a token that may read runs of CI Terrace asks the forge about the run,"
                " and a requester with a key signs: `git config user.signingkey KEY.pub`"
            )
        answers = tuple(
            replace(a, reason=a.reason + why, satisfy=a.satisfy + how) if a.outcome is Outcome.WAIT else a
            for a in answers
        )
    if risk is not None and rule != usual:
        why = f" (the risk is {risk.level})"
        answers = tuple(replace(a, reason=a.reason + why) if a.outcome is Outcome.WAIT else a for a in answers)
    at_stake = stakes(environment, facts.origin, risk)
    against = answer(facts.origin, objections, agreed)
    taken = absorption(environment.name, facts.origin, absorbed)
    return Verdict(environment.name, (*opened, *against, *taken, *at_stake, *answers))


def _one_more(rule: ApprovalRule, facts: Facts) -> ApprovalRule:
    """The rule where nothing proves who requested a deployment: one of the approvers may be the requester."""
    if not facts.requester_unproven or not rule.asked or rule.unsigned:
        return rule
    return replace(rule, count=max(rule.count, sum(rule.roles.values())) + 1)


def rule_for(environment: Environment, origin: Origin, *, proven: bool = True) -> ApprovalRule:
    """Who must agree to plans of that origin.

    Fewer people are asked about a commit that was let in before. Unless that is `proven`, it is what a ledger writer
    says, and the people are asked who are asked about a release.
    """
    if not proven:
        return environment.approvals
    match origin:
        case AutomaticRollback():
            # Whoever wrote `on_failure: rollback` agreed beforehand; what is not safe to undo meets an objection.
            return ApprovalRule()
        case Rollback():
            return environment.rollback or environment.approvals
        case Remediation():
            rule = environment.drift.remediate
            return (rule.approvals if rule is not None else None) or environment.approvals
        case _:
            return environment.approvals


def approved(config: Config, rule: ApprovalRule, asked: Question, answers: Answers, now: datetime) -> bool:
    """Whether proven answers say that enough people approved of one plan, whenever that was."""
    people = People(config)
    for_good = replace(rule, expires=timedelta.max, unsigned=False)
    counted = tally(people, for_good, Barred(people, "", ()), asked, answers, now)
    filled = assign(rule.roles, counted.voices)
    roles = all(len(filled.get(role, ())) >= n for role, n in rule.roles.items())
    return not counted.rejections and roles and len(counted.voices) >= rule.count


# --- may it enter ------------------------------------------------------------------------------------------------


def _held(environment: Environment, facts: Facts, held: Outcome) -> GateResult:
    if facts.held is None:
        return GateResult("held", Outcome.PASS, f"{environment.name} takes deployments")
    how = f"`terrace unhold {environment.name} --reason WHY` once that is settled"
    if facts.unsettled:
        how = (
            f"`terrace resume {environment.name}` looks at what deployment {facts.unsettled} left and brings it in"
            " order; before that no hold is released"
        )
    return GateResult("held", held, f"{environment.name} is held: {facts.held}", how)


def _unread(environment: Environment, facts: Facts, held: Outcome) -> list[GateResult]:
    """Whatever an event says that cannot be read, no origin passes it by: it may be a no, or an unknown outcome."""
    if facts.unread is None:
        return []
    found, how = facts.unread
    return [GateResult("held", held, f"{environment.name} is held: {found}", how)]


def _clock(facts: Facts) -> list[GateResult]:
    """What waits, bakes or expires is not decided by a clock that something speaks against; no origin is exempt."""
    return [] if facts.clock is None else [GateResult("clock", Outcome.WAIT, *facts.clock)]


def _remediation(environment: Environment) -> GateResult:
    name, gate = environment.name, "remediation"
    if environment.drift.remediate is not None:
        return GateResult(gate, Outcome.PASS, f"{name} lets drift be taken back")
    how = f"allow it in terrace.yaml: `environments.{name}.drift.remediate`"
    return GateResult(gate, Outcome.BLOCK, f"remediation is off in {name}", how)


def _founded(environment: Environment, facts: Facts) -> GateResult:
    gate = "opening"
    if not facts.unfounded:
        return GateResult(gate, Outcome.PASS, "its opening event says what the facts say")
    how = (
        f"nothing was applied because of it: find out who wrote it (`terrace ledger verify`), then"
        f" `terrace deploy {environment.name}` opens the deployment that is wanted"
    )
    return GateResult(gate, Outcome.BLOCK, "; ".join(facts.unfounded), how)


def _protected(environment: Environment) -> GateResult:
    name, gate = environment.name, "protected"
    if not environment.protected:
        return GateResult(gate, Outcome.PASS, f"{name} may be destroyed")
    how = f"`environments.{name}.protected: false` of terrace.yaml, merged, lets it be destroyed"
    return GateResult(gate, Outcome.BLOCK, f"{name} is protected: it is never destroyed", how)


def _busy(environment: Environment, facts: Facts) -> GateResult:
    if facts.busy is None:
        return GateResult("busy", Outcome.PASS, "nothing else goes on there")
    how = (
        f"wait for its end, or `terrace resume {environment.name}` if whoever drove it is gone"
        " (--dead WHY where this machine cannot tell)"
    )
    return GateResult("busy", Outcome.WAIT, f"{environment.name} is busy: {facts.busy}", how)


def _protected_branch(facts: Facts, *, unknown: Outcome) -> GateResult:
    gate, commit, branch = "protected-branch", facts.commit[:7], facts.branch
    if facts.on_protected_branch:
        return GateResult(gate, Outcome.PASS, f"{commit} is on {branch}")
    if facts.on_protected_branch is None:
        reason = f"history is too shallow here to tell whether {commit} is on {branch}"
        return GateResult(gate, unknown, reason, "`git fetch --unshallow`")
    reason = f"{commit} is not on the first-parent line of {branch}"
    return GateResult(gate, Outcome.BLOCK, reason, f"merge it into {branch}, and deploy the merge")


def _forward(environment: Environment, facts: Facts) -> GateResult:
    name, gate, commit = environment.name, "forward", facts.commit[:7]
    if facts.ahead is None:
        return GateResult(gate, Outcome.PASS, f"{name} has nothing newer")
    reason = (
        f"{name} has {facts.ahead[:7]}, which is newer than {commit}: that would undo it, and ask nobody what is lost"
    )
    return GateResult(gate, Outcome.BLOCK, reason, f"`terrace rollback {name} --to {commit} --plan-only` shows it")


def _reviewed(seen: Reviewed, branch: str) -> GateResult:
    gate = "reviewed"
    if seen.unknown:
        return GateResult(
            gate, Outcome.WAIT, f"it cannot be told whether this was reviewed: {seen.unknown}", "try again"
        )
    if not seen.lacking:
        return GateResult(gate, Outcome.PASS, "it came through changes that somebody else approved")
    how = f"bring it into {branch} by a change that somebody else approves; `forge.reviewed: off`, merged, asks nobody"
    return GateResult(gate, Outcome.BLOCK, listed(seen.lacking, 3, "; "), how)


def _promotion(name: str, after: str, facts: Facts) -> GateResult:
    commit, above = facts.commit[:7], facts.upstream
    if above is None or above.environment != after:
        reason = f"what succeeded in {after} is not known"
        return GateResult("promotion", Outcome.BLOCK, reason, f"`terrace status` shows what is in {after}")
    if above.commit is None or above.succeeded_at is None:
        reason = f"nothing has succeeded in {after} yet"
        return GateResult(
            "promotion", Outcome.BLOCK, reason, f"`terrace deploy {after}`, then `terrace promote {name}`"
        )
    if above.commit != facts.commit:
        there = above.commit[:7]
        reason = f"{after} has {there}, not {commit}"
        how = f"`terrace promote {name}` takes {there}; for {commit}: `terrace deploy {after} --ref {commit}` first"
        return GateResult("promotion", Outcome.BLOCK, reason, how)
    return GateResult("promotion", Outcome.PASS, f"{commit} succeeded in {after}")


def _soak(environment: Environment, facts: Facts, now: datetime) -> GateResult:
    above = facts.upstream
    assert above is not None and above.succeeded_at is not None, "asked only after the promotion gate passed"
    until = above.succeeded_at + environment.soak
    if now >= until:
        return GateResult("soak", Outcome.PASS, f"soaked in {above.environment} for {duration(environment.soak)}")
    reason = f"soaks in {above.environment} for {duration(environment.soak)}; {duration(until - now)} are left"
    how = f"`terrace tick` or the same command again after {until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return GateResult("soak", Outcome.WAIT, reason, how, until)


# --- may it be applied -------------------------------------------------------------------------------------------


_UNPLANNED = "`terrace check` says why; the approvers are asked once there is a plan"


def _approvals(
    config: Config,
    environment: Environment,
    subjects: tuple[Subject, ...],
    answers: Answers,
    facts: Facts,
    now: datetime,
    unplanned: tuple[str, ...] = (),
) -> tuple[GateResult, ...]:
    if not subjects and unplanned:
        which = listed(unplanned, 5)
        return (_waiting(f"what is to be approved is not known: there is no plan of {which}", _UNPLANNED),)
    if not subjects:
        return (_passed("nothing to approve: no plan does anything"),)
    people = People(config)
    barred = _barred(people, facts)
    counted = tally(people, environment.approvals, barred, question(environment, facts, subjects), answers, now)
    if counted.rejections:
        return tuple(_rejected(environment, people, said) for said in counted.rejections)
    if not environment.approvals.asked:
        agreed = isinstance(facts.origin, AutomaticRollback)
        return (_passed("terrace.yaml says `on_failure: rollback`" if agreed else "no approval is asked for"),)
    if not facts.whole:
        reason = "history is too shallow here to tell who wrote what is new, and authors do not approve"
        return (_waiting(reason, "`git fetch --unshallow`"),)
    if facts.openers_unknown:
        reason = (
            f"who opened the changes of this release is not known, and they do not approve it: {facts.openers_unknown}"
        )
        return (_waiting(reason, "try again once the forge can be asked"),)
    return _quorum(environment, people, barred, counted)


def _barred(people: People, facts: Facts) -> Barred:
    """Who may not approve what the facts are about."""
    return Barred(people, facts.requester, facts.authors, facts.requested_by, facts.opened_by)


def _quorum(environment: Environment, people: People, barred: Barred, counted: Tally) -> tuple[GateResult, ...]:
    """The roles and the number of people that the rule asks for, against those who count."""
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
        return (_passed(f"approved by {_said(counted.voices, speaking)}{left_out}"),)
    results[0] = replace(results[0], reason=results[0].reason + left_out)
    if counted.voices:
        results.insert(0, _passed(f"approved so far by {_said(counted.voices, speaking)}"))
    return tuple(results)


def _role(
    environment: Environment,
    people: People,
    barred: Barred,
    role: str,
    missing: int,
    filled: Mapping[str, tuple[Voice, ...]],
) -> GateResult:
    """What a role still lacks, who could give it, and what to do where nobody is left who could."""
    members = people.members(role)
    speaking = {voice.person: f"speaks for {r} already" for r, voices in filled.items() for voice in voices}
    free: dict[str, list[str]] = {}
    for reached in within_reach(role, filled):
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
        return _waiting(reason, ", or ".join(ways))
    others = {name: w for person, name in members.items() if (w := barred.why(name) or speaking.get(person))}
    if not members:
        why = f"the team {role} has nobody in it"
    else:
        left = f"only {', '.join(free[role])}" if free.get(role) else "nobody"
        why = f"{left} of the team {role} is left who may: " + ", ".join(f"{who} {w}" for who, w in others.items())
    return _waiting(f"{reason}; {why}", _setting(f"teams.{role}", environment))


def _count(environment: Environment, people: People, barred: Barred, counted: Tally, coming: int) -> GateResult:
    """How many people are lacking beyond the `coming` ones who are to fill a role."""
    have = {voice.person for voice in counted.voices}
    known = people.known()
    free = [name for person, name in known.items() if person not in have and barred.why(name) is None]
    asked = environment.approvals.count
    more = asked - len(have) - coming
    besides = f", {coming} more to come for the roles" if coming else ""
    reason = f"{len(have)} of {asked} people have approved{besides}"
    command = f"`terrace approve {environment.name}` by"
    if not known:
        return _waiting(reason, f"{command} {more} more, neither who asked for it nor who wrote it")
    if len(free) >= more + coming:
        return _waiting(reason, f"{command} {_some(more, free)}")
    left = f"only {', '.join(free)}" if free else "nobody"
    return _waiting(f"{reason}; {left} is left who may, of those in terrace.yaml", _setting("people", environment))


def _setting(key: str, environment: Environment) -> str:
    """What to change where nobody is left who may approve."""
    return f"add somebody to `{key}` of terrace.yaml, or ask for less: `environments.{environment.name}.approvals`"


def _rejected(environment: Environment, people: People, said: Approval) -> GateResult:
    name = people.shown(said.actor)
    role = f" for {said.role}" if said.role else ""
    how = {"unsigned": " (unsigned)", "invalid": " (not proven)", "unsaid": " (not proven)"}.get(said.proof, "")
    why = f": {said.comment}" if said.comment else ", without a comment"
    of = f" --of {said.id}" if said.id else ""
    satisfy = f"settle it with {name}, who withdraws it: `terrace reject {environment.name} --withdraw{of} -m WHY`"
    return GateResult("approvals", Outcome.BLOCK, f"{name} said no{role}{how}{why}", satisfy)


def refusals(config: Config, environment: Environment, facts: Facts, answers: Answers) -> tuple[GateResult, ...]:
    """One block for each person whose no to this commit, in this environment, stands."""
    people = People(config)
    rule = rule_for(environment, facts.origin, proven=facts.proven)
    barred = _barred(people, facts)
    noes = standing(people, rule, barred, question(environment, facts, ()), answers)
    return tuple(replace(_rejected(environment, people, no), gate="rejected") for no in noes)


@dataclass(frozen=True, slots=True)
class Situation:
    """What an answer is given to: the plans of a deployment, what is known of it, and what people said so far."""

    environment: Environment
    facts: Facts
    subjects: tuple[Subject, ...]
    answers: Answers
    risk: Risk | None


def unusable(config: Config, approval: Approval, seen: Situation, now: datetime) -> str | None:
    """Returns why an answer would count for nothing if it were given now; None where it would count."""
    environment, facts = seen.environment, seen.facts
    rule = _one_more(
        raised(rule_for(environment, facts.origin, proven=facts.proven), environment, facts.origin, seen.risk), facts
    )
    people = People(config)
    barred = _barred(people, facts)
    asked = question(environment, facts, seen.subjects)
    if approval.answer == "reject":
        return void_no(people, rule, asked, approval)
    why = void_yes(rule, asked, approval, now) if rule.asked else None
    if why is not None:
        return why
    answers = replace(seen.answers, given=(*seen.answers.given, approval))
    counted = tally(people, rule, barred, asked, answers, now)
    person = people.person(approval.actor)
    voice = next((one for one in counted.voices if one.person == person), None)
    if voice is None:
        name = people.shown(approval.actor)
        noes = (f"{name} said no, and did not withdraw it" for no in counted.rejections if no.actor == approval.actor)
        return next((left.why for left in counted.left_out if left.name == name), next(noes, None))
    if voice.roles & rule.roles.keys() or rule.count > sum(rule.roles.values()) or not rule.asked:
        return None
    return f"{environment.name} asks {', '.join(rule.roles)}, and {voice.name} speaks for none of them"


def question(environment: Environment, facts: Facts, subjects: tuple[Subject, ...]) -> Question:
    """What is asked of people about these plans.

    A person who goes back to a commit may do so although it was rejected once; Terrace by itself may not.
    """
    repairing = isinstance(facts.origin, Repairing) and not isinstance(facts.origin, AutomaticRollback)
    return Question(facts.deployment, environment.name, facts.commit, subjects, repairing)


def _passed(reason: str) -> GateResult:
    return GateResult("approvals", Outcome.PASS, reason)


def _waiting(reason: str, satisfy: str) -> GateResult:
    return GateResult("approvals", Outcome.WAIT, reason, satisfy)


def _said(voices: Iterable[Voice], speaking: Mapping[str, str]) -> str:
    words = []
    for voice in voices:
        role = f" for {speaking[voice.person]}" if voice.person in speaking else ""
        words.append(f"{voice.name}{role}{' (unsigned)' if voice.unsigned else ''}")
    return ", ".join(words)


def _left_out(counted: Tally) -> str:
    if not counted.left_out:
        return ""
    return "; not counted: " + ", ".join(f"{who.name} ({who.why})" for who in counted.left_out)


def _some(n: int, names: list[str]) -> str:
    """Who may: "bob", "one of: bob, carol", "2 of: bob, carol"."""
    if len(names) == 1:
        return names[0]
    return f"{'one' if n == 1 else n} of: {', '.join(names)}"
