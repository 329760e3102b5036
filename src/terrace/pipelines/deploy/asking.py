"""What a deployment asks on its way, and what it is told: the gates, the people who answered, how it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from terrace.assess.model import Objection, Weight
from terrace.config.model import ApprovalRule, Environment
from terrace.drift.absorbed import swallowed
from terrace.drift.acknowledged import acknowledgements, answered
from terrace.errors import BadInput, NotReady
from terrace.gates.absorption import Absorbed
from terrace.gates.approvals.people import Barred, People
from terrace.gates.approvals.tally import Answers, Question, standing
from terrace.gates.decide import (
    Facts,
    Reviewed,
    Situation,
    Upstream,
    admission,
    consent,
    continuation,
    question,
    refusals,
    rule_for,
)
from terrace.gates.model import Approval, GateResult, Outcome, Subject, Verdict
from terrace.ledger import folds
from terrace.ledger.dates import doubt, no_earlier
from terrace.ledger.declared import opened
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.dismissals import told, unread, way_out
from terrace.ledger.events.steps import ObjectionRecord
from terrace.ledger.model import History
from terrace.ledger.reading import Fault
from terrace.pipelines.approvals.declaring import is_proven
from terrace.pipelines.approvals.evidence import said_about, was_approved
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy.claims import root_of, unfounded
from terrace.pipelines.deploy.judging import risk_of
from terrace.pipelines.holding import releases
from terrace.pipelines.recovery.witnesses import answers, in_good_faith, needed, say_that_its_driver_is_dead
from terrace.pipelines.states.state_owners import foreign_addresses
from terrace.rollout.bake import health
from terrace.rollout.course import course
from terrace.rollout.next_step import Asked, Horizon
from terrace.stacks.model import Automatic, Destruction, Manual, Origin, Recovery, Remediation, Repairing
from terrace.states.restores import open_restore

HANDED_OVER = "planned by a run that applies nothing"
"""Why a deployment waits that nobody else is asked about: another run may go on with it at once."""

MOST_REVIEWED = 100
"""Commits that are asked about before a deployment: each is a question to the forge, which answers so many an hour."""


def facts(crew: Crew, history: History, environment: str, commit: str, origin: Origin, settles: str = "") -> Facts:
    """What the gates of an environment ask about a commit on its way there, from Git and the ledger.

    `settles` is the deployment of unknown outcome that it is to bring in order, if it is to.
    """
    settings = crew.config.environment(environment)
    good = folds.last_good(history, environment)
    latest = folds.latest(history, environment)
    held = folds.hold(history, environment, releases(history, crew.proof))
    repository = crew.repository
    upstream = None
    if settings.after is not None:
        above = folds.last_good(history, settings.after)
        upstream = Upstream(
            environment=settings.after,
            commit=above.commit if above else None,
            succeeded_at=above.ended_at if above else None,
        )
    changed = folds.changes(history, environment)
    there = changed[-1] if changed and not isinstance(changed[-1].origin, Destruction) else None
    ahead = None
    if there is not None and there.commit != commit and repository.contains(there.commit, commit):
        ahead = there.commit
    busy = None
    if latest is not None and latest.open and latest.lease is not None:
        busy = f"deployment {latest.id} of {latest.commit[:7]}, driven by {latest.lease.holder.who}"
        if said := say_that_its_driver_is_dead(crew, history, latest):
            busy += f"; {len(said)} of {needed(settings)} people said that they are dead{in_good_faith(crew)}"
    elif latest is not None and latest.open and latest.in_doubt:
        busy = f"deployment {latest.id} of {latest.commit[:7]}, whose apply has no recorded outcome"
    doubtful = folds.unsettled(history, environment, needed(settings), answers(crew))
    if busy is None and doubtful is not None and doubtful.id != settles:
        busy = _unknown(doubtful)
    restoring = open_restore(history, environment)
    if restoring is not None:
        busy = f"the restore {restoring.id} of the state of {restoring.stack}, begun by {restoring.by}"
    faults = unread_in(crew, history, environment)
    whole = repository.is_whole(good.commit if good is not None else None, commit)
    return Facts(
        commit=commit,
        # Going back to an older commit brings nobody's new commits in: there is nothing of theirs to judge.
        authors=repository.authors(good.commit if good is not None else None, commit) if whole else (),
        whole=whole,
        requester=crew.actor,
        branch=crew.config.branch,
        on_protected_branch=repository.on_protected_branch(commit),
        upstream=upstream,
        held=f"{held.reason} (by {held.by})" if held else None,
        busy=busy,
        origin=origin,
        ahead=ahead,
        unread=(told(faults), way_out(faults)) if faults else None,
        unsettled=doubtful.id if doubtful is not None else "",
    )


def _proposed(crew: Crew, history: History, environment: str, seen: Facts) -> Facts:
    """The same facts, with who opened the changes of what is new there, where people are asked."""
    settings = crew.config.environment(environment)
    if not seen.whole or not (rule_for(settings, seen.origin).asked or settings.approvals.asked or settings.risk):
        return seen
    good = folds.last_good(history, environment)
    opened_by, unknown = _openers(crew, good.commit if good is not None else None, seen.commit)
    return replace(seen, opened_by=opened_by, openers_unknown=unknown)


def _openers(crew: Crew, there: str | None, commit: str) -> tuple[tuple[str, ...], str]:
    """The accounts that opened the changes of what is new, and why they are not known; "" where they are."""
    base = there if there is not None and crew.repository.contains(commit, there) else None
    landed = crew.repository.landed(base, commit)
    if len(landed) > MOST_REVIEWED:
        return (
            (),
            f"{len(landed)} commits are new, and at most {MOST_REVIEWED} are asked about: deploy an older one first",
        )
    try:
        return tuple(dict.fromkeys(login for one in landed for login in crew.openers(one))), ""
    except (NotReady, BadInput) as error:
        return (), error.message


def timed(crew: Crew, history: History, seen: Facts) -> Facts:
    """The same facts, with what speaks against the clock of this machine now. It is asked anew each time."""
    return replace(seen, clock=doubt(history, crew.clock(), crew.reference()))


def unread_in(crew: Crew, history: History, environment: str) -> tuple[Fault, ...]:
    """The events that cannot be read, that nobody dismissed, and that speak of this environment or may."""
    return tuple(fault for fault in unread(history, crew.dismissed) if fault.holds(environment))


def insist_on_readable(crew: Crew, history: History, environment: str) -> None:
    """Raises BadInput while an event that cannot be read holds the environment: no state of it is written."""
    faults = unread_in(crew, history, environment)
    if faults:
        raise BadInput(f"{told(faults)}: {environment} is held until a person has looked", hint=way_out(faults))


def continuing(crew: Crew, history: History, deployment: Deployment) -> Facts:
    """What the gates ask about an open deployment on its way: nothing of it is taken from its own opening event.

    What recovers a release is asked what the release was asked.
    """
    name, commit = deployment.environment, deployment.commit
    settings = crew.config.environment(name)
    root = root_of(history, deployment)
    origin = root.origin if isinstance(deployment.origin, Recovery) else deployment.origin
    seen = _proposed(crew, history, name, facts(crew, history, name, commit, origin, deployment.settles))
    upstream = seen.upstream
    if settings.after is not None:
        # A recovery has to be possible after its release was taken back in the environment before.
        above = _success_of(crew, history, settings.after, commit, undone=root.id != deployment.id)
        upstream = Upstream(settings.after, commit, above.ended_at) if above is not None else upstream
        if above is None and upstream is not None and upstream.commit == commit:
            upstream = Upstream(settings.after, None, None)
    return replace(
        seen,
        requester=deployment.requester,
        upstream=upstream,
        busy=_left_behind(crew, history, deployment),
        ahead=_ahead(crew, history, deployment),
        reviewed=None if isinstance(origin, Repairing | Remediation) else _reviewed(crew, history, name, commit),
        proven=_asks_as_usual(settings, deployment.origin) or was_approved(crew, history, settings, commit),
        unfounded=tuple(
            f"event {one.position} of the ledger opens deployment {deployment.id}, and its `{one.field}` does not hold:"
            f" {one.why}"
            for one in unfounded(crew, history, deployment)
        ),
    )


def _asks_as_usual(environment: Environment, origin: Origin) -> bool:
    """Whether a deployment of that origin asks the people who are asked about a release."""
    return rule_for(environment, origin) == environment.approvals


def _success_of(crew: Crew, history: History, environment: str, commit: str, *, undone: bool) -> Deployment | None:
    """The newest deployment of a commit that succeeded in an environment, with every stack of that commit."""
    if undone:
        good = [d for d in folds.of_environment(history, environment) if d.result == "succeeded"]
        good = [d for d in good if not isinstance(d.origin, Destruction | Remediation)]
    else:
        good = list(folds.releases(history, environment))
    wanted = [d for d in good if d.commit == commit]
    if not wanted:
        return None
    keys = {stack.key for stack in crew.survey(commit).deployable(environment)}
    whole = (d for d in reversed(wanted) if keys <= {key for key in d.stacks if d.done(key)})
    return next(whole, None)


def _left_behind(crew: Crew, history: History, deployment: Deployment) -> str | None:
    """What else is unfinished in the environment of an open deployment, or was opened there since."""
    name = deployment.environment
    newest = folds.latest(history, name)
    if newest is not None and newest.id != deployment.id:
        return f"deployment {newest.id} of {newest.commit[:7]} was opened over deployment {deployment.id}"
    left = folds.unsettled(history, name, needed(crew.config.environment(name)))
    if left is not None and left.id not in (deployment.id, deployment.settles):
        return _unknown(left)
    restoring = open_restore(history, name)
    if restoring is not None:
        return f"the restore {restoring.id} of the state of {restoring.stack}, begun by {restoring.by}"
    return None


def _unknown(deployment: Deployment) -> str:
    """What is said of a deployment of unknown outcome."""
    name = f"deployment {deployment.id} of {deployment.commit[:7]}"
    if deployment.open:
        return f"another deployment was opened over {name}, and nobody knows what that did"
    return f"{name} ended, and nobody knows what it did"


def _ahead(crew: Crew, history: History, deployment: Deployment) -> str | None:
    """The newer commit that was in the environment before an open deployment; None where there was none."""
    changed = [d for d in folds.changes(history, deployment.environment) if d.id != deployment.id]
    there = changed[-1] if changed and not isinstance(changed[-1].origin, Destruction) else None
    if there is None or there.commit == deployment.commit:
        return None
    return there.commit if crew.repository.contains(there.commit, deployment.commit) else None


def entry(crew: Crew, history: History, environment: str, commit: str, origin: Origin, settles: str = "") -> Verdict:
    """Whether an environment lets a commit in now."""
    settings = crew.config.environment(environment)
    seen = _proposed(crew, history, environment, facts(crew, history, environment, commit, origin, settles))
    said = said_about(history, question(settings, seen, ()), "", crew.proof)
    seen = timed(crew, history, replace(seen, rejections=refusals(crew.config, settings, seen, said)))
    return admission(settings, replace(seen, reviewed=_reviewed(crew, history, environment, commit)), crew.clock())


def _reviewed(crew: Crew, history: History, environment: str, commit: str) -> Reviewed | None:
    """Whether what is new there was reviewed; of a first deployment its newest commit."""
    if crew.config.forge.reviewed == "off":
        return None
    good = folds.last_good(history, environment)
    if good is not None and not crew.repository.is_whole(good.commit, commit):
        return Reviewed(unknown="history is too shallow here to tell which commits are new: `git fetch --unshallow`")
    base = good.commit if good is not None and crew.repository.contains(commit, good.commit) else None
    landed = crew.repository.landed(base, commit)
    if len(landed) > MOST_REVIEWED:
        return Reviewed(unknown=f"{len(landed)} commits are new, and at most {MOST_REVIEWED} are asked about")
    try:
        lacking = [f"{one[:12]} {why}" for one in landed if (why := crew.unreviewed(one, commit)) is not None]
    except NotReady as error:
        return Reviewed(unknown=error.message)
    return Reviewed(tuple(lacking))


def busy(crew: Crew, history: History, environment: str, commit: str, origin: Origin) -> Verdict:
    """The same, for an environment that another process works on at this moment."""
    seen = facts(crew, history, environment, commit, origin)
    latest = folds.latest(history, environment)
    who = f"driven by {latest.lease.holder.who}" if latest and latest.lease else "another process of this machine"
    blocked = replace(seen, busy=seen.busy or f"deployment {latest.id if latest else ''}, {who}")
    return admission(crew.config.environment(environment), blocked, crew.clock())


def asked(
    crew: Crew,
    history: Callable[[], History],
    deployment: Deployment,
    clock: Callable[[], datetime] | None = None,
) -> Asked:
    """Whom a deployment asks on its way. `history` is asked for when a gate is: it goes on meanwhile."""
    now = clock or crew.clock
    settings = crew.config.environment(deployment.environment)
    rule = rule_for(settings, deployment.origin)
    known: dict[str, Facts] = {}

    def seen(at: History) -> Facts:
        # Both verdicts of one step are about the same history: its facts are found once.
        if at.head not in known:
            known[at.head] = continuing(crew, at, deployment)
        return known[at.head]

    def consented(plans: tuple[StepRecord, ...]) -> Verdict:
        at = history()
        return gates_say(crew, at, deployment, plans, seen(at))

    def admitted() -> Verdict:
        at = history()
        return may_be_planned(crew, at, deployment, seen(at))

    return Asked(
        consent=consented,
        condition=lambda one: health(settings.rollout, one, now(), probed=bool(settings.health)),
        course=course(deployment.origin, settings),
        horizon=Horizon.ALL if rule.asked or settings.risk or crew.reach == "plan" else Horizon.WAVE,
        entry=admitted,
    )


def may_be_planned(crew: Crew, history: History, deployment: Deployment, seen: Facts) -> Verdict:
    """Whether an open deployment may be planned at all. What only waits is no reason against planning, but for a commit
    of which it is not known whether it is on the protected branch, and for a clock that is not believed: how long a
    release has baked is told by that clock too."""
    settings = crew.config.environment(deployment.environment)
    verdict = continuation(settings, timed(crew, history, seen), crew.clock())
    waits = (r for r in verdict.results if r.outcome is Outcome.WAIT and r.gate not in ("protected-branch", "clock"))
    planned_all_the_same = {result.gate for result in waits}
    kept = tuple(r for r in verdict.results if r.gate not in planned_all_the_same)
    return replace(verdict, results=(*kept, *_states(crew, history, deployment)))


def _states(crew: Crew, history: History, deployment: Deployment) -> tuple[GateResult, ...]:
    """The gate `state`: no stack is planned on the state of another one."""
    how = "give it an address of its own and merge that; one state for two stacks: make them one stack"
    try:
        foreign = foreign_addresses(crew, history, deployment)
    except NotReady as error:
        return (GateResult("state", Outcome.BLOCK, f"whose state it is cannot be told: {error}", "try again"),)
    return tuple(GateResult("state", Outcome.BLOCK, one, how) for one in foreign)


def gates_say(
    crew: Crew,
    history: History,
    deployment: Deployment,
    plans: tuple[StepRecord, ...],
    seen: Facts | None = None,
) -> Verdict:
    """What the gates say to the plans of one wave, with the approvals given so far. `seen` are the facts of that very
    history, where they are known already."""
    known = timed(crew, history, seen or continuing(crew, history, deployment))
    at = situation(crew, history, deployment, plans, known)
    verdict = consent(
        crew.config,
        at.environment,
        at.subjects,
        at.answers.given,
        at.facts,
        no_earlier(history, crew.clock()),
        tuple(_objection(record.stack, one) for record in plans for one in record.detail.objections or ()),
        deployment.agreed,
        _absorbed(crew, history, deployment, plans),
        at.risk,
        at.answers.withdrawn,
    )
    again = tuple(r for r in continuation(at.environment, known, crew.clock()).open if r not in verdict.results)
    return replace(verdict, results=(*again, *verdict.results, *_handed_over(crew, deployment)))


def situation(
    crew: Crew,
    history: History,
    deployment: Deployment,
    plans: tuple[StepRecord, ...],
    known: Facts | None = None,
) -> Situation:
    """What people answer when these plans of a deployment wait, with what they said so far."""
    settings = crew.config.environment(deployment.environment)
    seen = replace(known or continuing(crew, history, deployment), origin=deployment.origin, deployment=deployment.id)
    request = opened(history, deployment.id)
    identity = crew.proof(request.declared) if request is not None else None
    if identity is not None and identity.proven:
        seen = replace(seen, requested_by=identity.by)
    # What a clock opens nobody requested, where the rules of the protected branch let a clock open it.
    elif crew.signers and not (isinstance(deployment.origin, Automatic) and settings.deploy == "automatic"):
        run = request.run if request is not None else ""
        # That a deployment was opened in a run of CI is what its opening event says: only the forge proves it.
        why = crew.unproven_run(run, deployment.requester, deployment.opened_at) if run else ""
        doubt = f"{run}: {why}" if why else ""
        seen = replace(seen, requester_unproven=not run or bool(why), run_unproven=doubt)
    bound = subjects(crew.policy, history, deployment, plans)
    said = said_about(history, question(settings, seen, bound), deployment.id, crew.proof)
    return Situation(settings, seen, bound, said, risk_of(plans))


def _handed_over(crew: Crew, deployment: Deployment) -> tuple[GateResult, ...]:
    """What holds a deployment where this run must leave it to another."""
    if crew.reach == "apply":
        return ()
    how = f"`terrace resume {deployment.environment}` in a run that may apply"
    return (GateResult("reach", Outcome.WAIT, HANDED_OVER, how),)


def _absorbed(
    crew: Crew, history: History, deployment: Deployment, plans: tuple[StepRecord, ...]
) -> tuple[Absorbed, ...]:
    """What applying these plans would take over from outside about security, and who answers for it."""
    given = acknowledgements(history, deployment.environment)
    found = []
    for record in plans:
        for seen in swallowed(record) if not record.detail.empty else ():
            mine = [one for one in given if any(one.covers(seen, path) for path in seen.kept)]
            who = answered([one for one in mine if is_proven(crew, one.declared)], seen, seen.kept)
            found.append(Absorbed(record.stack, seen.address, seen.kept, who.by if who else ""))
    return tuple(found)


def _objection(stack: str, record: ObjectionRecord) -> Objection:
    return Objection(record.rule, stack, record.address, record.why, Weight(record.weight))


def subjects(policy: str, history: History, deployment: Deployment, plans: Iterable[StepRecord]) -> tuple[Subject, ...]:
    """What an approval of these plans binds to, under that version of the rules; plans that do nothing need none."""
    return tuple(
        Subject(
            ledger=history.ledger_id,
            environment=deployment.environment,
            stack=record.stack,
            commit=deployment.commit,
            digest=record.detail.digest or "",
            policy=policy,
            lineage=record.detail.lineage or "",
        )
        for record in plans
        if not record.detail.empty
    )


@dataclass(frozen=True, slots=True)
class StandingNo:
    """A no that nobody withdrew, with what decides whether it is withdrawn."""

    no: Approval
    rule: ApprovalRule
    barred: Barred
    answers: Answers


def standing_noes(crew: Crew, history: History, environment: str) -> tuple[StandingNo, ...]:
    """Every no in an environment that nobody withdrew, oldest first."""
    settings = crew.config.environment(environment)
    people = People(crew.config)
    given = {one.id: one for one in folds.answers(history) if one.answer == "reject"}
    good = folds.last_good(history, environment)
    origins = {deployment.id: deployment.origin for deployment in folds.deployments(history)}
    found: dict[str, StandingNo] = {}
    for no in given.values():
        commits = [subject.commit for subject in no.subjects if subject.environment == environment]
        if not commits:
            continue
        rule = rule_for(settings, origins.get(no.deployment, Manual("")))
        base = good.commit if good is not None else None
        authors = crew.repository.authors(base, commits[0])
        barred = Barred(people, "", authors, opened_by=_openers(crew, base, commits[0])[0])
        about = Question(no.deployment, environment, commits[0], no.subjects)
        said = said_about(history, about, "", crew.proof)
        for one in standing(people, rule, barred, about, said):
            found.setdefault(one.id, StandingNo(one, rule, barred, said))
    return tuple(found.values())
