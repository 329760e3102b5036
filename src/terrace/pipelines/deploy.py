"""A release goes into an environment. Level-triggered: read, ask what comes next, write the intent, act, write the
result, ask again. Killed anywhere, it goes on when called again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime

from terrace.assess.model import Objection, Weight
from terrace.errors import BadInput, Interrupted, TerraceError
from terrace.gates.absorption import Absorbed
from terrace.gates.decide import Facts, Upstream, admission, consent, rule_for
from terrace.gates.model import Approval, GateResult, Outcome, Subject, Verdict
from terrace.ledger import folds, kinds
from terrace.ledger.model import Draft, History
from terrace.ledger.origins import origin_to_payload
from terrace.ledger.restores import open_restore
from terrace.pipelines import closing, steps
from terrace.pipelines.crew import Crew
from terrace.pipelines.ground import Ended, Ground
from terrace.pipelines.journal import Intent, Journal, append
from terrace.pipelines.witnesses import attest, driven, needed, say_that_its_driver_is_dead
from terrace.rollout.bake import health
from terrace.rollout.course import course
from terrace.rollout.model import Deployment, Result, Step, StepRecord
from terrace.rollout.next_step import Asked, Finish, Horizon, Perform, Task, Wait, next_step
from terrace.stacks.additions import NOTHING, Additions
from terrace.stacks.graph import waves
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import Destruction, Origin, Recovery
from terrace.watch.absorbed import swallowed
from terrace.watch.acknowledged import acknowledgements, answered


@dataclass(frozen=True, slots=True)
class Refused:
    """The environment does not take this release now. Nothing was written."""

    commit: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Opening:
    """A deployment that asks to be let in. `held` says why the environment is held from then on; "": it is not."""

    environment: str
    commit: str
    origin: Origin
    waves: tuple[tuple[str, ...], ...]
    live: str = ""
    additions: Additions = NOTHING
    agreed: frozenset[str] = frozenset()
    partial: bool = False
    held: str = ""


def deploy(crew: Crew, environment: str, commit: str, origin: Origin) -> Deployment | Refused:
    """Take a commit into an environment as far as it goes now: to its end, or to where somebody has to act.

    An unfinished deployment of the same commit is taken up where it is; one of another commit that waits is
    superseded. The result is what the ledger says afterwards.
    """
    history = crew.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and current.open and current.commit == commit:
        return resume(crew, current)
    verdict = _admission(crew, history, environment, commit, origin)
    if verdict.open:
        return Refused(commit, verdict)
    good = folds.last_good(history, environment)
    order = waves_of(crew.survey(commit), environment)
    return enter(crew, history, Opening(environment, commit, origin, order, live=good.commit if good else ""))


def enter(crew: Crew, history: History, opening: Opening) -> Deployment | Refused:
    """Let a deployment in, if its gates say so now, and take it as far as it goes. Refused: nothing was written.

    `history` is what the opening was made of: when another deployment came in since, this one is refused.
    """
    environment, commit, origin = opening.environment, opening.commit, opening.origin
    deployment_id, known = crew.new_id(), _newest(history, environment)
    with crew.leases.hold(environment) as free:
        if not free:
            return Refused(commit, _busy(crew, history, environment, commit, origin))

        def decide(seen: History) -> tuple[Draft, ...]:
            # Asked of the very history that is written to: whoever came in between may have closed a gate.
            if _admission(crew, seen, environment, commit, origin).open or _newest(seen, environment) != known:
                return ()
            return (
                *_superseded(crew, folds.latest(seen, environment)),
                *_events(crew, opening, deployment_id),
            )

        history = append(crew.ledger, history, decide)
        if not any(d.id == deployment_id for d in folds.deployments(history)):
            verdict = _admission(crew, history, environment, commit, origin)
            return Refused(commit, verdict if verdict.open else _overtaken(verdict, _newest(history, environment)))
        return _drive(crew, history, deployment_id)


def _newest(history: History, environment: str) -> str:
    latest = folds.latest(history, environment)
    return latest.id if latest is not None else ""


def _overtaken(verdict: Verdict, other: str) -> Verdict:
    """The verdict on what was made for an environment as it was before another deployment came in."""
    reason = f"deployment {other} came into {verdict.environment} while this one was being made"
    late = GateResult(
        "overtaken", Outcome.BLOCK, reason, "look at `terrace status`, and ask again if it is still wanted"
    )
    return Verdict(verdict.environment, (*verdict.results, late))


def waves_of(landscape: Landscape, environment: str) -> tuple[tuple[str, ...], ...]:
    """The keys of an environment's stacks in the order in which they go. Raises BadInput when it has none."""
    stacks = landscape.of(environment)
    if not stacks:
        raise BadInput(
            f"{environment} has no stacks at {landscape.commit[:7]}",
            hint=f"a stack is a folder with *.tf files: environments/{environment} or environments/{environment}/NAME",
        )
    return tuple(tuple(stack.key for stack in wave) for wave in waves(stacks, landscape.graph))


def resume(crew: Crew, deployment: Deployment, dead: str = "") -> Deployment | Refused:
    """Go on with an open deployment. Its driver must be gone, or proven or said to be dead; else it is refused as busy.

    `dead` is why somebody declares a driver dead who may live; that is written down, and counts once enough people said
    so. One that still waits for the same is returned as it is, and nothing is written.
    """
    with crew.leases.hold(deployment.environment) as free:
        history = crew.ledger.read()
        current = next(d for d in folds.deployments(history) if d.id == deployment.id)
        if not current.open:
            return current
        if dead and free and driven(crew, history, current):
            history = attest(crew, history, current, dead)
        if not free or driven(crew, history, current):
            return Refused(current.commit, _busy(crew, history, current.environment, current.commit, current.origin))
        answer = next_step(current, _asked(crew, lambda: history, current), frozenset())
        if isinstance(answer, Wait) and current.lease is None and _reasons(answer) == current.waiting:
            return current
        return _drive(crew, history, current.id)


def goes_on_at(crew: Crew, deployment: Deployment) -> datetime | None:
    """When an open deployment goes on by itself; None when it ended or waits for somebody."""
    if not deployment.open or not deployment.waiting:
        return None
    history = crew.ledger.read()
    # As it stood when it began to wait: what could not be measured then must not be measured forever.
    then = max((record.began_at for record in deployment.steps), default=crew.clock())
    answer = next_step(deployment, _asked(crew, lambda: history, deployment, lambda: then), frozenset())
    if not isinstance(answer, Wait):
        return then
    moments = [result.until for result in answer.verdict.open]
    return max(moment for moment in moments if moment is not None) if all(moments) else None


def facts(crew: Crew, history: History, environment: str, commit: str, origin: Origin) -> Facts:
    """What the gates of an environment ask about a commit on its way there, from Git and the ledger."""
    settings = crew.config.environment(environment)
    good = folds.last_good(history, environment)
    latest = folds.latest(history, environment)
    held = folds.hold(history, environment)
    repository = crew.repository
    upstream = None
    if settings.after is not None:
        above = folds.last_good(history, settings.after)
        upstream = Upstream(
            environment=settings.after,
            commit=above.commit if above else None,
            succeeded_at=above.ended_at if above else None,
        )
    busy = None
    if latest is not None and latest.open and latest.lease is not None:
        busy = f"deployment {latest.id} of {latest.commit[:7]}, driven by {latest.lease.holder.who}"
        if said := say_that_its_driver_is_dead(history, latest):
            busy += f"; {len(said)} of {needed(settings)} people said that they are dead"
    elif latest is not None and latest.open and latest.in_doubt:
        busy = f"deployment {latest.id} of {latest.commit[:7]}, whose apply has no recorded outcome"
    restoring = open_restore(history, environment)
    if restoring is not None:
        busy = f"the restore {restoring.id} of the state of {restoring.stack}, begun by {restoring.by}"
    return Facts(
        commit=commit,
        # Going back to an older commit brings nobody's new commits in: there is nothing of theirs to judge.
        authors=repository.authors(good.commit if good is not None else None, commit),
        requester=crew.actor,
        branch=crew.config.branch,
        on_protected_branch=repository.on_protected_branch(commit),
        upstream=upstream,
        held=f"{held.reason} (by {held.by})" if held else None,
        busy=busy,
        origin=origin,
        doubt=_doubt(history, environment) if held else None,
    )


def _doubt(history: History, environment: str) -> str | None:
    """What nobody knows of an environment. Who lets it go has looked; what was taken down has made nothing."""
    found = folds.unknown(history, environment)
    if found is None or isinstance(found.origin, Destruction):
        return None
    return f"what deployment {found.id} of {found.commit[:7]} did"


def _events(crew: Crew, opening: Opening, deployment_id: str) -> tuple[Draft, ...]:
    """What opens a deployment in the ledger."""
    payload = {
        "environment": opening.environment,
        "commit": opening.commit,
        "origin": origin_to_payload(opening.origin),
        "waves": [list(wave) for wave in opening.waves],
        "policy": crew.policy,
        "live": opening.live,
        "additions": opening.additions.payload(),
        "agreed": sorted(opening.agreed),
        "partial": opening.partial,
    }
    opened = Draft(kinds.DEPLOYMENT_OPENED, deployment_id, crew.actor, payload)
    if not opening.held:
        return (opened,)
    held = {"reason": opening.held, "deployment": deployment_id}
    return (opened, Draft(kinds.ENVIRONMENT_HELD, opening.environment, crew.actor, held))


def _admission(crew: Crew, history: History, environment: str, commit: str, origin: Origin) -> Verdict:
    settings = crew.config.environment(environment)
    return admission(settings, facts(crew, history, environment, commit, origin), crew.clock())


def _superseded(crew: Crew, latest: Deployment | None) -> tuple[Draft, ...]:
    """The end of a waiting deployment that a newer one replaces."""
    if latest is None or not latest.open:
        return ()
    payload = {"result": "superseded", "reasons": ["a newer release was taken instead"]}
    return (Draft(kinds.DEPLOYMENT_ENDED, latest.id, crew.actor, payload),)


def _busy(crew: Crew, history: History, environment: str, commit: str, origin: Origin) -> Verdict:
    seen = facts(crew, history, environment, commit, origin)
    latest = folds.latest(history, environment)
    who = f"driven by {latest.lease.holder.who}" if latest and latest.lease else "another process of this machine"
    blocked = replace(seen, busy=seen.busy or f"deployment {latest.id if latest else ''}, {who}")
    return admission(crew.config.environment(environment), blocked, crew.clock())


def _drive(crew: Crew, history: History, deployment_id: str) -> Deployment:
    """The loop. Only the holder of the environment's lease is in it."""
    holder = crew.leases.holder(crew.actor)
    journal = Journal(crew.ledger, history, deployment_id, holder, crew.actor)
    journal.take_lease()
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=max(1, crew.parallel)) as pool:
        ground = Ground(crew, journal.deployment, journal.history, stack)
        crew.watcher.opened(ground.deployment)
        while True:
            asked = _asked(crew, lambda: journal.history, ground.deployment)
            answer = next_step(ground.deployment, asked, frozenset(ground.in_hand))
            match answer:
                case Perform(tasks):
                    _perform(journal, ground, tasks, pool.map)
                case Wait():
                    journal.note(kinds.DEPLOYMENT_WAITING, {"reasons": list(_reasons(answer))})
                    return journal.flush()
                case Finish(result, reasons):
                    journal.note(kinds.DEPLOYMENT_ENDED, _ending(ground.deployment, result, reasons))
                    if result == "unknown":
                        # Nothing may build on what nobody knows, until somebody has looked.
                        why = f"what deployment {deployment_id} did is not known"
                        journal.hold(ground.deployment.environment, why)
                    if result == "succeeded" and isinstance(ground.deployment.origin, Recovery):
                        journal.let_go(ground.deployment.environment, "what nobody knew is in order again")
                    return journal.flush()


def _asked(
    crew: Crew,
    history: Callable[[], History],
    deployment: Deployment,
    clock: Callable[[], datetime] | None = None,
) -> Asked:
    """Whom a deployment asks on its way. `history` is asked for when a gate is: it goes on meanwhile."""
    now = clock or crew.clock
    settings = crew.config.environment(deployment.environment)
    rule = rule_for(settings, deployment.origin)
    return Asked(
        consent=lambda plans: gates_say(crew, history(), deployment, plans),
        condition=lambda one: health(settings.rollout, one, now(), probed=bool(settings.health)),
        course=course(deployment.origin, settings),
        horizon=Horizon.ALL if rule.asked else Horizon.WAVE,
    )


def _reasons(waiting: Wait) -> tuple[str, ...]:
    return tuple(r.reason for r in waiting.verdict.open)


def _ending(deployment: Deployment, result: Result, reasons: tuple[str, ...]) -> dict[str, object]:
    payload: dict[str, object] = {"result": result, "reasons": list(reasons)}
    tagged = deployment.last(Step.TAG)
    if tagged is not None and tagged.result == "succeeded":
        payload["tag"] = tagged.detail["tag"]
    return payload


def gates_say(crew: Crew, history: History, deployment: Deployment, plans: tuple[StepRecord, ...]) -> Verdict:
    """What the gates say to the plans of one wave, with the approvals given so far."""
    seen = facts(crew, history, deployment.environment, deployment.commit, deployment.origin)
    return consent(
        crew.config,
        crew.config.environment(deployment.environment),
        subjects(crew, history, deployment, plans),
        approvals(crew, history, deployment),
        # Who asked for it, not who happens to drive it now.
        replace(seen, requester=deployment.requester),
        crew.clock(),
        tuple(_objection(record.stack, one) for record in plans for one in record.detail.get("objections", ())),
        deployment.agreed,
        _absorbed(history, deployment, plans),
    )


def _absorbed(history: History, deployment: Deployment, plans: tuple[StepRecord, ...]) -> tuple[Absorbed, ...]:
    """What applying these plans would take over from outside about security, and who answers for it."""
    given = acknowledgements(history, deployment.environment)
    found = []
    for record in plans:
        for seen in swallowed(record) if not record.detail["empty"] else ():
            who = answered(given, seen, seen.kept)
            found.append(Absorbed(record.stack, seen.address, seen.kept, who.by if who else ""))
    return tuple(found)


def _objection(stack: str, told: Mapping[str, str]) -> Objection:
    return Objection(told["rule"], stack, told["address"], told["why"], Weight(told["weight"]))


def subjects(crew: Crew, history: History, deployment: Deployment, plans: Iterable[StepRecord]) -> tuple[Subject, ...]:
    """What an approval of these plans binds to; plans that do nothing need none."""
    return tuple(
        Subject(
            ledger=history.ledger_id,
            environment=deployment.environment,
            stack=record.stack,
            commit=deployment.commit,
            digest=record.detail["digest"],
            policy=crew.policy,
            lineage=record.detail["lineage"],
        )
        for record in plans
        if not record.detail["empty"]
    )


def approvals(crew: Crew, history: History, deployment: Deployment) -> tuple[Approval, ...]:
    """The answers given to a deployment, each with how its author is known now."""
    return tuple(
        Approval(
            actor=signed.actor,
            role=signed.role,
            answer="approve" if signed.answer == "approve" else "reject",
            subjects=signed.subjects,
            at=signed.at,
            proof=crew.proof(signed),
            comment=signed.comment,
        )
        for signed in folds.approvals(history, deployment.id)
    )


Map = Callable[[Callable[[StepRecord], StepRecord], tuple[StepRecord, ...]], Iterable[StepRecord]]


def _perform(journal: Journal, ground: Ground, tasks: tuple[Task, ...], spread: Map) -> None:
    """Write the intents, act, and note the results; independent tasks side by side.

    Where somebody else wrote since this was decided, nothing is done: it has to be decided again.
    """
    fresh = [task for task in tasks if task.resumes is None]
    if not journal.intend([Intent(t.step, t.stack, ground.crew.new_id(), _intent(ground, t)) for t in fresh]):
        return
    ground.deployment = journal.deployment
    begun = []
    for task in tasks:
        record = task.resumes or ground.deployment.last(task.step, task.stack)
        assert record is not None, "its intent was just written"
        begun.append(record)
        ground.crew.watcher.step(ground.deployment, record)

    def one(record: StepRecord) -> StepRecord:
        try:
            ended = _act(ground, record)
        except Interrupted:
            return record
        done = replace(
            record,
            result=ended.result,
            message=ended.message,
            detail={**record.detail, **ended.detail},
            ended_at=ground.crew.clock(),
        )
        ground.crew.watcher.step(ground.deployment, done)
        return done

    ended = list(spread(one, tuple(begun)))
    for record in ended:
        if not record.open:
            journal.end(record)
    results = {record.attempt: record for record in ended}
    seen = tuple(results.get(record.attempt, record) for record in ground.deployment.steps)
    # What was just done counts at once; it reaches the ledger together with the next intent.
    ground.deployment = replace(ground.deployment, steps=seen)
    if any(record.open for record in ended):
        journal.note(kinds.LEASE_RELEASED, {})
        journal.flush()
        raise Interrupted(
            f"interrupted: deployment {ground.deployment.id} stands where it is",
            hint=f"`terrace resume {ground.deployment.environment}` goes on",
        )


def _intent(ground: Ground, task: Task) -> dict[str, object]:
    """What an apply is about to do, written down before it begins."""
    if task.step is not Step.APPLY:
        return {}
    hand = ground.hand_for(task.stack)
    assert hand is not None, "an apply is asked for only with a plan in hand"
    return {
        "place": ground.crew.applier.place,
        "host": ground.crew.leases.holder(ground.crew.actor).host,
        "terraform": ground.crew.terraform.version,
        "sha256": hand.made.sha256,
        "digest": hand.plan.digest.value,
        "lineage": hand.state.lineage,
        "serial": hand.state.serial,
    }


def _act(ground: Ground, record: StepRecord) -> Ended:
    try:
        match record.step:
            case Step.PLAN:
                return steps.plan(ground, record.stack, record.attempt)
            case Step.BACKUP:
                return steps.backup(ground, record.stack)
            case Step.APPLY:
                return steps.apply(ground, record)
            case Step.SNAPSHOT:
                return steps.snapshot(ground, record.stack)
            case Step.BASELINE:
                return closing.baseline(ground)
            case Step.SMOKE:
                return closing.smoke(ground)
            case Step.HEALTH:
                return closing.health(ground)
            case Step.TAG:
                return closing.tag(ground)
            case Step.REVERT:
                return closing.revert(ground)
    except Interrupted:
        raise
    except TerraceError as error:
        return steps.failure(error)
