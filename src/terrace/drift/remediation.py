"""May drift be taken back by Terrace itself? Asked of what the checks saw, and again of the plan that would be applied.

Fail closed: a stack is taken back only when every single thing that its plan would do may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from terrace.assess.model import Objection, Weight
from terrace.config.model import Environment, Remediate
from terrace.config.naming import quote_text
from terrace.drift.acknowledgements import acknowledgements
from terrace.drift.checks import Check, checks, in_a_row
from terrace.drift.issues import living
from terrace.drift.model import Observation, Quadrant, Sighting
from terrace.drift.sightings import changed_paths
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.plans.model import Action, Plan, ResourceChange
from terrace.stacks.model import Remediation

IN_A_ROW = 2
"""How often in a row a difference must have been seen: what comes and goes by itself needs no help."""

ATTEMPTS = 2
"""How often it is tried. What comes back every time has a cause that a person must find."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """These stacks may go back to `commit`, because of what the check saw there."""

    check: str
    commit: str
    stacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why drift is left as it is. No `stack`: of the whole environment."""

    stack: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What may be taken back, one proposal a commit, and what may not."""

    proposals: tuple[Proposal, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def proposals(environment: Environment, history: History, now: datetime) -> Answer:
    """What of the newest check of an environment may be taken back."""
    looks = checks(history, environment.name)
    if not looks or looks[-1].status != "drifted":
        return Answer()
    rule = environment.drift.remediate
    general = tuple(_in_general(environment, history))
    if rule is None or general:
        return Answer((), tuple(Refusal("", reason) for reason in general))
    ready: dict[str, list[str]] = {}
    refusals = []
    flapping = {record.stack for record in living(looks) if record.flapping(now)}
    for seen in looks[-1].observations:
        if seen.status != "drifted":
            continue
        against = list(_against(rule, seen, looks, history, environment.name))
        if seen.stack in flapping:
            against.append("it comes and goes: two are at odds over it")
        refusals += [Refusal(seen.stack, reason) for reason in against]
        if not against:
            ready.setdefault(seen.commit, []).append(seen.stack)
    found = tuple(Proposal(looks[-1].id, commit, tuple(stacks)) for commit, stacks in ready.items())
    return Answer(found, tuple(refusals))


def objections(plan: Plan, looks: tuple[Check, ...], of: str, rule: Remediate) -> tuple[Objection, ...]:
    """What speaks against a plan that takes drift back: everything that the check `of` did not see just so."""
    check = next((look for look in looks if look.id == of), None)
    seen = check.of(plan.stack.key) if check is not None else None
    expected = {one.address: one for one in seen.sightings} if seen is not None else {}
    objects = sum(1 for change in plan.changes if change.mode == "managed")
    found = [(c.address, why) for c in plan.effective for why in _unlike(c, expected.get(c.address), rule)]
    found += [(f"output.{o.name}", "would change") for o in plan.outputs if o.action is not Action.NO_OP]
    if len(plan.effective) > _most(rule, objects):
        found.append(("plan", _too_many(len(plan.effective), rule, objects)))
    return tuple(Objection("remediation", plan.stack.key, address, why, Weight.NAME) for address, why in found)


# --- what the checks say -----------------------------------------------------------------------------------------


def _in_general(environment: Environment, history: History) -> Iterator[str]:
    name = environment.name
    if environment.drift.remediate is None:
        yield f"remediation is off in {name} (terrace.yaml: environments.{name}.drift.remediate)"
    held = folds.hold(history, name)
    if held is not None:
        yield f"{name} is held: {held.reason}"
    latest = folds.latest(history, name)
    if latest is not None and latest.open:
        yield f"deployment {latest.id} is open there"


def _against(
    rule: Remediate, seen: Observation, looks: tuple[Check, ...], history: History, environment: str
) -> Iterator[str]:
    """Why one stack is left as it is."""
    acting = [one for one in seen.sightings if one.quadrant is not Quadrant.UNMANAGED or one.inputs]
    if not acting:
        yield "no deployment would change it back"
    for one in acting:
        if one.inputs:
            yield f"{one.address} would change {', '.join(one.inputs)} too, which was not changed outside"
        elif one.quadrant is not Quadrant.ACTIONABLE:
            yield f"{one.address} is {one.quadrant.value} drift: only what was changed outside is changed back"
        elif one.undo is not Action.UPDATE:
            yield f"{one.address} would meet {one.undo.value}: only updates in place are made"
        elif not_allowed := _not_allowed(rule, one.type, one.paths, one.kept):
            yield f"{one.address}: {', '.join(not_allowed)} may not be changed back by itself (`allow`)"
        elif in_a_row(looks, one) < IN_A_ROW:
            yield f"{one.address} was seen once; {IN_A_ROW} checks in a row must see it"
        elif _tries(one, looks, history, environment) >= ATTEMPTS:
            how = f"`terrace drift ack {environment} {quote_text(one.address)} --reason WHY` allows more"
            yield f"{one.address} was taken back {ATTEMPTS} times and is as it was: {how}"
    if len(acting) > _most(rule, seen.objects):
        yield _too_many(len(acting), rule, seen.objects)


def _tries(sighting: Sighting, looks: tuple[Check, ...], history: History, environment: str) -> int:
    """How often this was tried since it was first seen in a row, or since somebody answered for it."""
    ids = [look.id for look in looks if (o := look.of(sighting.stack)) is not None and o.status != "unknown"]
    mine = set(ids[len(ids) - in_a_row(looks, sighting) :])
    answers = [a.at for a in acknowledgements(history, environment) if a.fingerprint == sighting.fingerprint]
    return sum(
        1
        for deployment in folds.deployments(history)
        if isinstance(deployment.origin, Remediation)
        and deployment.origin.of in mine
        and sighting.stack in deployment.stacks
        and all(deployment.opened_at > at for at in answers)
    )


def _not_allowed(rule: Remediate, type_: str, paths: tuple[str, ...], kept: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The paths that nobody allowed to change back; what stays as it is needs no leave."""
    allowed = [name for glob, names in rule.allow.items() if fnmatchcase(type_, glob) for name in names]
    return tuple(
        path
        for path in paths
        if path not in kept and not any(path == name or path.startswith(f"{name}.") for name in allowed)
    )


def _most(rule: Remediate, objects: int) -> int:
    """How many objects at once: one always may, or else no small stack ever could."""
    return min(rule.at_most, max(1, objects * rule.share // 100))


def _too_many(count: int, rule: Remediate, objects: int) -> str:
    return f"{count} of {objects} objects at once are more than {rule.at_most} or {rule.share}%"


# --- what the plan says ------------------------------------------------------------------------------------------


def _unlike(change: ResourceChange, expected: Sighting | None, rule: Remediate) -> Iterator[str]:
    """In what a change is not the one that was proposed."""
    if expected is None or expected.quadrant is not Quadrant.ACTIONABLE:
        yield "was not seen to be changed outside"
        return
    if change.action is not Action.UPDATE or change.previous_address or change.importing:
        yield f"would meet {change.action.value}, and only updates in place are made"
        return
    paths = changed_paths(change)
    outside = [path for path in expected.paths if path not in expected.inputs]
    beyond = [p for p in paths if not any(p == q or p.startswith(f"{q}.") for q in outside)]
    if beyond:
        yield f"would change {', '.join(beyond)} too, which was not changed outside"
    elif not_allowed := _not_allowed(rule, change.type, paths):
        yield f"would change {', '.join(not_allowed)}, which is not allowed"
    names = {path.partition(".")[0] for path in paths}
    moved = sorted(name for name in names if change.before_marks.get(name, "") != expected.observed.get(name))
    if moved and not beyond:
        yield f"was changed again since it was seen: {', '.join(moved)}"
