"""Decides which drift Terrace is allowed to revert: once by the checks, and again by the plan that would be applied.

Fails closed: a stack is reverted only when every single change of its plan is allowed.
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
from terrace.drift.detection import changed_paths
from terrace.drift.issues import drift_by_stack
from terrace.drift.model import DriftKind, Observation, ResourceDrift
from terrace.ledger import folds, holds
from terrace.ledger.model import History
from terrace.plans.model import Action, Plan, ResourceChange
from terrace.stacks.model import Remediation

IN_A_ROW = 2
"""Number of checks in a row that must find a difference: drift that disappears on its own needs no remediation."""

ATTEMPTS = 2
"""Maximum number of attempts. Drift that returns every time has a cause that a person must find."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Stacks that may be reverted to `commit`, because of what the check found there."""

    check: str
    commit: str
    stacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why drift is not reverted. Without a `stack` it concerns the whole environment."""

    stack: str
    reason: str


@dataclass(frozen=True, slots=True)
class RemediationProposals:
    """The drift that may be reverted, one proposal for each commit, and the drift that may not."""

    proposals: tuple[Proposal, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def proposals(environment: Environment, history: History, now: datetime) -> RemediationProposals:
    """Returns what of the newest check of an environment may be reverted."""
    looks = checks(history, environment.name)
    if not looks or looks[-1].status != "drifted":
        return RemediationProposals()
    rule = environment.drift.remediate
    general = tuple(_in_general(environment, history))
    if rule is None or general:
        return RemediationProposals((), tuple(Refusal("", reason) for reason in general))
    ready: dict[str, list[str]] = {}
    refusals = []
    flapping = {record.stack for record in drift_by_stack(looks) if record.flapping(now)}
    for observation in looks[-1].observations:
        if observation.status != "drifted":
            continue
        against = list(_against(rule, observation, looks, history, environment.name))
        if observation.stack in flapping:
            against.append("it returns after each attempt: two actors set it to different values")
        refusals += [Refusal(observation.stack, reason) for reason in against]
        if not against:
            ready.setdefault(observation.commit, []).append(observation.stack)
    proposals = tuple(Proposal(looks[-1].id, commit, tuple(stacks)) for commit, stacks in ready.items())
    return RemediationProposals(proposals, tuple(refusals))


def objections(plan: Plan, looks: tuple[Check, ...], of: str, rule: Remediate) -> tuple[Objection, ...]:
    """Returns the objections to a plan that reverts drift: everything that the check `of` did not find in exactly this
    form."""
    check = next((look for look in looks if look.id == of), None)
    observation = check.of(plan.stack.key) if check is not None else None
    expected = {resource.address: resource for resource in observation.resources} if observation is not None else {}
    objects = sum(1 for change in plan.changes if change.mode == "managed")
    differing = [(c.address, why) for c in plan.effective for why in _unlike(c, expected.get(c.address), rule)]
    differing += [(f"output.{o.name}", "would change") for o in plan.outputs if o.action is not Action.NO_OP]
    if len(plan.effective) > _most(rule, objects):
        differing.append(("plan", _too_many(len(plan.effective), rule, objects)))
    return tuple(Objection("remediation", plan.stack.key, address, why, Weight.NAME) for address, why in differing)


# --- results of checks -------------------------------------------------------------------------------------------


def _in_general(environment: Environment, history: History) -> Iterator[str]:
    name = environment.name
    if environment.drift.remediate is None:
        yield f"remediation is off in {name} (terrace.yaml: environments.{name}.drift.remediate)"
    held = holds.hold(history, name)
    if held is not None:
        yield f"{name} is on hold: {held.reason}"
    latest = folds.latest(history, name)
    if latest is not None and latest.open:
        yield f"deployment {latest.id} is open there"


def _against(
    rule: Remediate, observed: Observation, looks: tuple[Check, ...], history: History, environment: str
) -> Iterator[str]:
    """Returns why one stack is not reverted."""
    acting = [
        resource for resource in observed.resources if resource.kind is not DriftKind.UNMANAGED or resource.inputs
    ]
    if not acting:
        yield "no deployment would revert it"
    for resource in acting:
        if resource.inputs:
            yield f"{resource.address} would also change {', '.join(resource.inputs)}, which was not changed outside"
        elif resource.kind is not DriftKind.ACTIONABLE:
            yield f"{resource.address} is {resource.kind.value} drift: only changes from outside are reverted"
        elif resource.undo is not Action.UPDATE:
            yield f"{resource.address} requires {resource.undo.value}, but only updates in place are allowed"
        elif not_allowed := _not_allowed(rule, resource.type, resource.paths, resource.kept):
            yield f"{resource.address}: {', '.join(not_allowed)} is not allowed to be reverted automatically (`allow`)"
        elif in_a_row(looks, resource) < IN_A_ROW:
            yield f"{resource.address} was found by one check, but {IN_A_ROW} checks in a row must find it"
        elif _tries(resource, looks, history, environment) >= ATTEMPTS:
            how = f"`terrace drift ack {environment} {quote_text(resource.address)} --reason WHY` allows more attempts"
            yield f"{resource.address} was reverted {ATTEMPTS} times and drifted again: {how}"
    if len(acting) > _most(rule, observed.objects):
        yield _too_many(len(acting), rule, observed.objects)


def _tries(resource: ResourceDrift, looks: tuple[Check, ...], history: History, environment: str) -> int:
    """Returns the number of attempts since the first check in a row that found it, or since it was acknowledged."""
    ids = [look.id for look in looks if (o := look.of(resource.stack)) is not None and o.status != "unknown"]
    check_ids = set(ids[len(ids) - in_a_row(looks, resource) :])
    answers = [a.at for a in acknowledgements(history, environment) if a.fingerprint == resource.fingerprint]
    return sum(
        1
        for deployment in folds.deployments(history)
        if isinstance(deployment.origin, Remediation)
        and deployment.origin.of in check_ids
        and resource.stack in deployment.stacks
        and all(deployment.opened_at > at for at in answers)
    )


def _not_allowed(rule: Remediate, type_: str, paths: tuple[str, ...], kept: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Returns the paths that are not allowed to be changed; a path that stays as it is needs no permission."""
    allowed = [name for glob, names in rule.allow.items() if fnmatchcase(type_, glob) for name in names]
    return tuple(
        path
        for path in paths
        if path not in kept and not any(path == name or path.startswith(f"{name}.") for name in allowed)
    )


def _most(rule: Remediate, objects: int) -> int:
    """Returns why too many resources would change at once. One may always change, or else no small stack could be
    reverted."""
    return min(rule.at_most, max(1, objects * rule.share // 100))


def _too_many(count: int, rule: Remediate, objects: int) -> str:
    return f"{count} of {objects} resources at once are more than {rule.at_most} or {rule.share}%"


# --- what the plan says ------------------------------------------------------------------------------------------


def _unlike(change: ResourceChange, expected: ResourceDrift | None, rule: Remediate) -> Iterator[str]:
    """Returns how a change differs from the proposed one."""
    if expected is None or expected.kind is not DriftKind.ACTIONABLE:
        yield "was not found to be changed outside"
        return
    if change.action is not Action.UPDATE or change.previous_address or change.importing:
        yield f"requires {change.action.value}, but only updates in place are allowed"
        return
    paths = changed_paths(change)
    outside = [path for path in expected.paths if path not in expected.inputs]
    beyond = [p for p in paths if not any(p == q or p.startswith(f"{q}.") for q in outside)]
    if beyond:
        yield f"would also change {', '.join(beyond)}, which was not changed outside"
    elif not_allowed := _not_allowed(rule, change.type, paths):
        yield f"would change {', '.join(not_allowed)}, which is not allowed"
    names = {path.partition(".")[0] for path in paths}
    moved = sorted(name for name in names if change.before_marks.get(name, "") != expected.observed.get(name))
    if moved and not beyond:
        yield f"was changed again since the check: {', '.join(moved)}"
