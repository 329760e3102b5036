"""Resources of stacks that a commit no longer has: a renamed stack would create them again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from terrace.ledger import folds
from terrace.ledger.deployment import Step
from terrace.ledger.events.states import StateBackedUp, StateRestoreEnded
from terrace.ledger.model import History
from terrace.stacks.model import Destruction
from terrace.words import join_some


@dataclass(frozen=True, slots=True)
class RemovedStack:
    """Resources that applies left in a removed stack. `again` is what stacks that are there created of it since, by
    stack: each so little that it was not refused.
    """

    addresses: frozenset[str]
    again: Mapping[str, frozenset[str]] = field(default_factory=dict)


def removed_stacks(history: History, environment: str, present: Collection[str]) -> Mapping[str, RemovedStack]:
    """Returns each stack of an environment that is not among the present ones, and in which applies left something.

    A destroyed stack has none, and neither has a stack whose empty state a person accepted, unless something was
    applied since. Resources that an apply of unknown or failed outcome was to create are included.
    """
    held, began = _held_resources(history, environment)
    emptied = _emptied_at(history)
    removed = {}
    for key, addresses in held.items():
        if key in present or not addresses or (key in emptied and emptied[key] > began[key]):
            continue
        again = {
            other: frozenset(
                a for a, since in addresses_since.items() if a in addresses and since is not None and since > began[key]
            )
            for other, addresses_since in held.items()
            if other in present
        }
        removed[key] = RemovedStack(frozenset(addresses), {other: some for other, some in again.items() if some})
    return removed


def _held_resources(
    history: History, environment: str
) -> tuple[dict[str, dict[str, datetime | None]], dict[str, datetime]]:
    """The resources of each stack, with the time of their creation by an apply, and the time of the last apply."""
    held: dict[str, dict[str, datetime | None]] = {}
    began: dict[str, datetime] = {}
    for deployment in folds.of_environment(history, environment):
        for key in deployment.stacks:
            if isinstance(deployment.origin, Destruction) and deployment.is_done(key):
                held.pop(key, None)
                continue
            planned, applied = deployment.last(Step.PLAN, key), deployment.last(Step.APPLY, key)
            if planned is None or applied is None:
                continue
            addresses = held.setdefault(key, {})
            began[key] = applied.began_at
            for action, address in planned.detail.changes or ():
                if action in ("delete", "forget") and applied.result == "succeeded":
                    addresses.pop(address, None)
                elif action == "create":
                    addresses[address] = applied.began_at
                else:
                    addresses.setdefault(address, None)
    return held, began


def _emptied_at(history: History) -> dict[str, datetime]:
    """The time when each state was last found intentionally empty, except for states that were restored since."""
    emptied: dict[str, datetime] = {}
    for event, record in history.of(StateBackedUp, StateRestoreEnded):
        if isinstance(record, StateBackedUp) and record.finding == "none":
            emptied[event.subject] = event.time
        elif isinstance(record, StateRestoreEnded) and record.result == "restored":
            emptied.pop(event.subject, None)
    return emptied


@dataclass(frozen=True, slots=True)
class Recreation:
    """A removed stack whose resources are created again by the stacks `by`: one, or several that it was split into."""

    removed: str
    by: tuple[str, ...]


def recreations(
    creations: Mapping[str, Iterable[str]], removed: Mapping[str, RemovedStack]
) -> Mapping[str, Recreation]:
    """Returns for each stack that creates objects of a removed one again which one that is.

    `creations` is what each stack creates. A stack that alone creates enough is reported alone. Several stacks that
    create at least half of the resources of a removed stack are reported together, however many others each of them
    creates, including stacks that did so in an earlier deployment.
    """
    created = {key: frozenset(addresses) for key, addresses in creations.items()}
    recreated = {}
    for key, addresses in created.items():
        alone = recreated_stack(addresses, removed)
        if alone:
            recreated[key] = Recreation(alone, (key,))
    for name, stack in sorted(removed.items()):
        now = {key: addresses & stack.addresses for key, addresses in created.items() if addresses & stack.addresses}
        parts = [*now.values(), *stack.again.values()]
        by = tuple(sorted({*now, *stack.again}))
        if len(by) > 1 and 2 * len(frozenset().union(*parts)) >= len(stack.addresses):
            for key in now:
                recreated.setdefault(key, Recreation(name, by))
    return recreated


def recreated_stack(creations: Iterable[str], removed: Mapping[str, RemovedStack]) -> str:
    """Returns the removed stack whose objects a plan creates again, "" where there is none.

    It is one that holds at least half of what is created, or of which at least half is created.
    """
    created = frozenset(creations)
    for key, stack in sorted(removed.items()):
        shared = len(created & stack.addresses)
        if shared and (2 * shared >= len(created) or 2 * shared >= len(stack.addresses)):
            return key
    return ""


def explanation(environment: str, key: str, recreation: Recreation) -> tuple[str, str]:
    """Returns the problem of a stack that creates the resources of a removed one again, and the hint."""
    removed = recreation.removed
    gone = f"`terrace state backup {environment} --accept {removed}`"
    destroy = f"To remove {removed}: `terrace destroy {environment} {removed} --reason WHY` first"
    if len(recreation.by) > 1:
        others = join_some(recreation.by, 5)
        return (
            f"{others} together create the resources of {removed}, which was removed from the configuration and not "
            "destroyed: everything would exist twice",
            f"if {removed} was split, move its resources first: `terraform state pull` at the old commit, `terraform "
            "state mv -state=OLD -state-out=NEW ADDRESS ADDRESS` for each, `terraform state push` of both; then "
            f"{gone} confirms that it is empty. {destroy}",
        )
    return (
        f"{key} creates the resources of {removed}, which was removed from the configuration and not destroyed: "
        "everything would exist twice",
        f"if {removed} was renamed, move its state to {key} first: for a local state of Terrace, move the folder "
        f"of {removed} in the data folder (`terrace doctor` shows it); otherwise keep the old address in "
        "the backend block or in `backend_config`, or `terraform state pull` at the old commit and "
        f"`terraform state push` at the new one. {destroy}. If {removed} is empty, because it was "
        f"destroyed by hand or its resources were moved: {gone}",
    )
