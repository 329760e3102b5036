"""What must hold at every moment, checked against the truth and the events, never against the code under test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations, permutations

from simulation import naive
from simulation.cloud import Change
from simulation.naive import Events
from simulation.site import KEYS, STACKS, Branch
from simulation.world import Applied, World, signature
from terrace.clouds.stateful import is_stateful
from terrace.config.model import ApprovalRule, Config
from terrace.ledger import folds, holds, kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import verify
from terrace.ledger.event import Event
from terrace.ledger.model import History
from terrace.report.words import state_word

WAYS_OUT = ("rollback", "automatic-rollback", "recovery", "destruction")


def broken(world: World, since: int = 0) -> list[str]:
    """Every law that does not hold; `since` is how many applies were looked at before."""
    found = [f"made twice: {what}" for what in world.cloud.twice]
    for number, applied in enumerate(world.applied[since:], since):
        found += _apply(world, applied, world.applied[:number])
    events = world.ledger.events
    found += [*_folds(world, events), *_truth(world, events)]
    history = History(events, key=NO_KEY)
    for environment in world.holds:
        if holds.hold(history, environment) is None:
            found.append(f"{environment} is let go, and a person holds it")
    return found


def unfinished(world: World) -> list[str]:
    """What has no end although everybody did their part."""
    events = world.ledger.events
    found = []
    for event in naive.opened(events):
        ended = naive.result(events, event.subject)
        if ended is None and not naive.waiting(events, event.subject):
            found.append(f"{event.subject} in {event.payload['environment']} has no end and waits for nobody")
        for begun in (e for e in events if e.kind == kinds.STEP_BEGUN and e.subject == event.subject):
            step, stack, attempt = (str(begun.payload[name]) for name in ("step", "stack", "attempt"))
            later = naive.begun(events, event.subject, step, stack)[-1].payload["attempt"] != attempt
            if naive.end(events, attempt) is None and (step == "apply" or not (later or ended)):
                found.append(f"the {step} {attempt} of {stack} has no end")
    if not verify(events).ok:
        found.append("the chain of the ledger does not hold")
    return found


# --- one apply -------------------------------------------------------------------------------------------------------


def _apply(world: World, applied: Applied, before: list[Applied]) -> Iterator[str]:
    events, attempt = applied.events, applied.run.attempt
    intents = [e for e in events if e.kind == kinds.STEP_BEGUN and e.payload["attempt"] == attempt]
    if len(intents) != 1:
        yield f"{attempt} was begun without an intent"
        return
    intent = intents[0]
    name = f"{attempt} of {applied.plan.stack}"
    if (
        intent.payload["detail"]["digest"] != applied.digest
        or intent.payload["detail"]["sha256"] != applied.plan.sha256
    ):
        yield f"{name} applies another plan than its intent says"
    if any(a.run.attempt == attempt or a.plan.sha256 == applied.plan.sha256 for a in before):
        yield f"{name} was applied before"
    environment = applied.plan.stack.partition("/")[0]
    kind = naive.origin(events, intent.subject)["kind"]
    if naive.held(events[: intent.position], environment) and kind not in WAYS_OUT:
        yield f"{name} ({kind}) enters {environment}, which is held"
    yield from _after_unknown(world, applied, before, intent, kind)
    yield from _allowed(world, applied, intent, kind)


def _after_unknown(world: World, applied: Applied, before: list[Applied], intent: Event, kind: str) -> Iterator[str]:
    environment = applied.plan.stack.partition("/")[0]
    dead = [a for a in before if a.run.unknown and a.plan.stack.partition("/")[0] == environment]
    if not dead:
        return
    since = dead[-1].events[-1].position
    mine = naive.begun(applied.events, intent.subject, "apply")
    settled = any(
        e.position > since
        and (
            e.kind in (kinds.RECOVERY_SETTLED, kinds.RECOVERY_BEGUN)
            or (
                e.kind == kinds.DEPLOYMENT_OPENED
                and e.payload["environment"] == environment
                and e.payload["origin"]["kind"] in ("recovery", "destruction")
            )
        )
        for e in applied.events
    )
    neighbour = dead[-1].run.attempt in {e.payload["attempt"] for e in mine} and any(
        e.payload["attempt"] == dead[-1].run.attempt and e.position >= intent.position - 8 for e in mine
    )
    if not settled and not neighbour:
        yield f"{applied.run.attempt} ({kind}) follows {dead[-1].run.attempt}, of which nobody knows what it did"


def _allowed(world: World, applied: Applied, intent: Event, kind: str) -> Iterator[str]:
    environment = applied.plan.stack.partition("/")[0]
    settings = applied.config.environment(environment)
    if kind == "automatic-rollback":
        if settings.on_failure != "rollback":
            yield f"{intent.subject} goes back by itself, and nobody agreed to that"
        for change in applied.plan.changes:
            if not _safe(world, applied, intent, change):
                yield f"{intent.subject} goes back by itself, and {change.action} of {change.address} is not safe"
        return
    rule = (settings.rollback if kind == "rollback" else None) or settings.approvals
    if not rule.requires_any:
        return
    voices = _voices(world, applied, intent, rule)
    if not _enough(applied.config, rule, voices):
        yield f"{applied.run.attempt} of {applied.plan.stack} ({kind}) has only the approvals of {voices}"


def _safe(world: World, applied: Applied, intent: Event, change: Change) -> bool:
    if change.action in ("no-op", "update"):
        return True
    if change.action != "delete" or is_stateful(change.address.partition(".")[0]):
        return False
    mine = [a for a in world.applied if a.plan.stack == applied.plan.stack and len(a.events) <= intent.position]
    return any(c.action == "create" and c.address == change.address for a in mine for c in a.plan.changes)


def _voices(world: World, applied: Applied, intent: Event, rule: ApprovalRule) -> dict[str, str]:
    """Person -> role, of everybody whose yes to exactly this plan held when its intent was written."""
    events = applied.events[: intent.position]
    opening = next(e for e in naive.opened(events) if e.subject == intent.subject)
    environment = applied.plan.stack.partition("/")[0]
    subject = {
        "ledger": events[0].id,
        "environment": environment,
        "stack": applied.plan.stack,
        "commit": opening.payload["commit"],
        "digest": applied.digest,
        "policy": applied.policy,
        "lineage": applied.plan.lineage,
    }
    good = naive.good(events, environment)
    base = good[-1].payload["commit"] if good else None
    authors = {c.author.name for c in world.branch.between(base, opening.payload["commit"])}
    repairing = opening.payload["origin"]["kind"] in ("rollback", "automatic-rollback", "recovery", "destruction")
    found: dict[str, str] = {}
    against: dict[str, str] = {}
    for event in events:
        said = event.payload
        if event.kind == kinds.REJECTION_WITHDRAWN and event.subject == environment:
            if said["declaration"]["signature"] == signature(event.actor):
                against.pop(event.actor, None)
            continue
        if event.kind != kinds.APPROVAL_GIVEN or said["signature"] != signature(said["actor"]):
            continue
        if said["answer"] == "reject":
            about = [one for one in said["subjects"] if one["environment"] == environment]
            same = [
                one
                for one in about
                if (one["stack"], one["digest"]) == (subject["stack"], subject["digest"])
                or (one["commit"] == subject["commit"] and not repairing)
            ]
            if same:
                found.pop(said["actor"], None)
                against[said["actor"]] = said["comment"]
        elif event.subject == said["deployment"] == intent.subject and subject in said["subjects"]:
            fresh = intent.time - datetime.fromisoformat(said["at"]) < rule.expires
            found.pop(said["actor"], None)
            if fresh and said["actor"] not in authors | {opening.actor}:
                found[said["actor"]] = said["role"]
    return {} if against else found


def _enough(config: Config, rule: ApprovalRule, voices: dict[str, str]) -> bool:
    if len(voices) < rule.count:
        return False
    slots = [role for role, number in rule.roles.items() for _ in range(number)]

    def fits(who: str, role: str) -> bool:
        return who in config.teams[role] and voices[who] in ("", role)

    return any(
        all(fits(who, role) for who, role in zip(order, slots, strict=True))
        for few in combinations(voices, len(slots))
        for order in permutations(few)
    )


# --- the views -------------------------------------------------------------------------------------------------------


def _folds(world: World, events: Events) -> Iterator[str]:
    history = History(tuple(events), key=NO_KEY)
    every = folds.deployments(history)
    if [(d.id, d.result) for d in every] != [
        (e.subject, naive.result(events, e.subject)) for e in naive.opened(events)
    ]:
        yield "the deployments of the fold are not those of the events"
    for deployment in every:
        for record in deployment.steps:
            told = naive.end(events, record.attempt)
            if record.result != (told["result"] if told else None):
                yield f"the fold says that {record.attempt} ended {record.result}, and the events {told}"
    for environment in STACKS:
        if (holds.hold(history, environment) is not None) != naive.held(events, environment):
            yield f"the fold and the events say different things of the hold on {environment}"
        good = [e.subject for e in naive.good(events, environment)]
        if [d.id for d in folds.releases(history, environment)] != good:
            yield f"the good releases of {environment} are {good} by the events"


def _truth(world: World, events: Events) -> Iterator[str]:
    history = History(tuple(events), key=NO_KEY)
    running = {run.plan.stack for run in world.shared.runs.values() if run.phase == "running"}
    for environment in STACKS:
        live = folds.live_deployments(history, environment)
        for key, deployment in live.items():
            if key not in running and not _is(world, world.branch, key, deployment.commit):
                yield f"{key} is said to be at {deployment.commit[:7]} (deployment {deployment.id}), and is not"
        latest, good = folds.latest(history, environment), folds.last_good(history, environment)
        if state_word(latest, holds.hold(history, environment)) == "deployed" and good is not None:
            for key in (k for k in KEYS if k.startswith(f"{environment}/")):
                if not _is(world, world.branch, key, good.commit):
                    yield f"{environment} is said to be deployed with {good.commit[:7]}, and {key} is not"


def _is(world: World, branch: Branch, key: str, commit: str) -> bool:
    estate = world.cloud.estates[key]
    if estate.tampered:
        return True
    return {a: t.value for a, t in estate.things.items()} == dict(branch.commit(commit).wanted(key).things)
