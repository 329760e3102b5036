"""The leftovers of an apply of unknown outcome, and the facts that a recovery needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from terrace.errors import StateLock
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.plans.ports import LoggedLeftovers, Recorded
from terrace.stacks.additions import Import

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of a backend may be from ours."""


@dataclass(frozen=True, slots=True)
class Stale:
    """An address of which the state has another object than the one that the attempt made."""

    address: str
    recorded: str
    made: str


@dataclass(frozen=True, slots=True)
class StackRecovery:
    """The actions for one stack, and the resources that a person has to check first.

    `imports` exist and the state lacks them; before that `forgets` leave the state, because their resource no longer
    exists. Those in `open` may or may not exist; of those in `unfinished` the state has them, and their
    provisioners may not have ended; for `stale` ones it is unknown whether the resource in the state still exists.
    """

    imports: tuple[Import, ...] = ()
    forgets: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    stale: tuple[Stale, ...] = ()


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of people about an attempt: ids that they found, absent addresses, existing and intact addresses,
    addresses whose recorded resource no longer exists, addresses that may be created again nevertheless, the reason why
    the process has terminated, and the id of its lock if the backend does not report the owner.
    """

    named: Mapping[str, str] = field(default_factory=dict)
    absent: Collection[str] = ()
    whole: Collection[str] = ()
    gone: Collection[str] = ()
    again: Collection[str] = ()
    dead: str = ""
    unlock: str = ""


def creations(deployment: Deployment, apply: StepRecord) -> Mapping[str, str] | None:
    """The addresses that an apply was to make, each with its action (create or replace).

    None if the ledger does not list all of them (an older Terrace recorded the first 500 changes only), so that a
    person cannot be asked about each.
    """
    plan = _plan_of(deployment, apply)
    if plan is None:
        return None
    created = [(address, action) for action, address in plan.detail.changes or () if action in ("create", "replace")]
    counts = plan.detail.create, plan.detail.replace
    if counts != tuple(sum(1 for _, action in created if action == kind) for kind in ("create", "replace")):
        return None
    return dict(created)


def planned_changes(deployment: Deployment, stack: str) -> frozenset[str]:
    """Returns every address that the applies of unknown outcome of a stack were to change.

    Empty where no outcome is unknown, or where the ledger does not name all changes.
    """
    plans = [_plan_of(deployment, apply) for apply in deployment.in_doubt if apply.stack == stack]
    if any(plan is None for plan in plans):
        return frozenset()
    return frozenset(address for plan in plans if plan for _, address in plan.detail.changes or ())


def _plan_of(deployment: Deployment, apply: StepRecord) -> StepRecord | None:
    """Returns the plan that an apply carried out; None where the ledger does not name all of its changes."""
    before = deployment.steps[: deployment.steps.index(apply)]
    plans = [record for record in before if record.step is Step.PLAN and record.stack == apply.stack]
    plan = next((plan for plan in reversed(plans) if plan.detail.digest == apply.detail.digest), None)
    return None if plan is None or "changes" in plan.incomplete else plan


def plan_recovery(
    stack: str,
    autopsy: LoggedLeftovers | None,
    planned: Mapping[str, str],
    recorded: Mapping[str, Recorded],
    statements: Statements,
) -> StackRecovery:
    """Returns the actions for a stack. `planned` are the addresses that were to be made, each with its action (create
    or replace); `recorded` is what its state has.

    The log of the attempt is trusted. Without a log, or with an incomplete one, every planned resource that is not in
    the state may exist.
    """
    known_log = autopsy or LoggedLeftovers()
    created = {address: made_id for address, made_id in known_log.created if made_id}
    unended = {*known_log.in_flight, *(address for address, made_id in known_log.created if not made_id)}
    doubtful = set(unended) if known_log.whole else {*unended, *planned}
    gone = {*known_log.destroyed, *statements.gone}
    created |= {
        address: made_id for address, made_id in statements.named.items() if address in doubtful or address in planned
    }
    imports: list[Import] = []
    forgets: list[str] = []
    opened: list[str] = []
    unfinished: list[str] = []
    stale: list[Stale] = []
    for address in sorted(doubtful | created.keys()):
        in_state, made_id = recorded.get(address), created.get(address)
        if in_state is not None and address not in gone:
            if made_id is not None and in_state.id != made_id:
                stale.append(Stale(address, in_state.id, made_id))
            elif made_id is None and address not in statements.absent and planned.get(address) == "replace":
                # The state has the previous resource; the new one may exist next to it.
                opened.append(address)
            elif made_id is None and address in unended and not in_state.tainted and address not in statements.whole:
                unfinished.append(address)
        elif made_id is None and address not in statements.absent:
            opened.append(address)
        elif made_id is not None and address not in statements.absent and (in_state is None or in_state.id != made_id):
            imports.append(Import(stack, address, made_id))
            forgets += [address] if in_state is not None else []
    return StackRecovery(tuple(imports), tuple(forgets), tuple(opened), tuple(unfinished), tuple(stale))


def is_ours(lock: StateLock, autopsy: LoggedLeftovers, until: datetime) -> bool:
    """Returns whether a lock was taken by that attempt: by its user on its machine, for an apply, and while it ran.

    Age alone proves nothing, and doubt is not proof.
    """
    created = _moment(lock.created)
    if created is None or autopsy.began is None or not autopsy.who or lock.who != autopsy.who:
        return False
    return lock.operation == "Apply" and autopsy.began - CLOCK_SKEW <= created <= until + CLOCK_SKEW


def _moment(text: str) -> datetime | None:
    """A time as Terraform writes it: `2026-01-05 12:00:00.123456789 +0000 UTC`, or ISO 8601."""
    words = text.replace("Z", "+00:00").split()
    if len(words) >= 3 and words[2][1:].isdigit():
        words = [f"{words[0]}T{words[1][:15]}{words[2]}"]
    try:
        moment = datetime.fromisoformat(words[0]) if words else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
