"""Comparison of a state with what the ledger knows: the last deployment of its stack, and removed stacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from terrace.config.naming import quote_word
from terrace.ledger.model import History
from terrace.pipelines.context import Context, readable
from terrace.plans.model import Action, Plan
from terrace.plans.ports import StateSnapshot
from terrace.stacks.backends import backend_locations
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack
from terrace.states.backup_status import BackupStatus, backup_statuses, release_of
from terrace.states.removed_stacks import Recreation, recreations, removed_stacks
from terrace.states.state_checks import UNWRITTEN, judge
from terrace.states.state_file import holds_nothing


def wrong_state(history: History, environment: str, key: str, state: StateSnapshot, moved: str = "") -> str:
    """Returns why a plan on this state may create everything again, with the fix; "" where the state is right.

    `moved` is from where to where the address of the state changed since the last deployment, "" where it did not. Then
    neither a restore nor an acceptance is proposed: the state at the new address may be another stack's.
    """
    status = backup_statuses(history).get(key) or BackupStatus(key, environment)
    finding, reason = judge(status, state)
    if finding != "alarm":
        return ""
    if moved:
        word = quote_word(key)
        if not state.content or holds_nothing(state.content):
            return (
                f"the address of its state changed {moved}, and no state is there yet. Once the change is on the "
                f"protected branch, `terrace state adopt {word}` moves the state there"
            )
        return (
            f"the address of its state changed {moved}, and another state is there ({reason}). Give {key} an "
            f"unused address; once that is merged, `terrace state adopt {word}` moves its state there"
        )
    accept = f"terrace state backup {quote_word(environment)} --accept {quote_word(key)}"
    if reason == UNWRITTEN:
        return f"{reason}: push the newer state to the backend or import the resources, or accept it (`{accept}`)"
    return f"{reason}: restore it (`terrace state restore {quote_word(key)}`), or accept it as it is (`{accept}`)"


def moved_state(context: Context, history: History, inventory: Inventory, stack: Stack) -> str:
    """Returns from where to where the address of the state of a stack changed since it was last deployed or adopted; ""
    where it did not, or where that is unknown."""
    last = release_of(history, stack.environment, stack.key)
    if last is None or last.commit == inventory.commit:
        return ""
    inventory_then = readable(context.survey, last.commit)
    if inventory_then is None or all(other.key != stack.key for other in inventory_then.stacks):
        return ""
    former = backend_locations(inventory_then.stack(stack.key), inventory_then.graph)
    now = backend_locations(stack, inventory.graph)
    if not former or not now or any(location.is_same(other) for location in former for other in now):
        return ""
    return f"from {former[0]} to {now[0]}" if str(former[0]) != str(now[0]) else ""


def creations_of(plan: Plan) -> tuple[str, ...]:
    """Returns the addresses that a plan creates; imported resources exist already."""
    return tuple(change.address for change in plan.changes if change.action is Action.CREATE and not change.importing)


def find_recreated(
    history: History, inventory: Inventory, environment: str, creations: Mapping[str, Iterable[str]]
) -> Mapping[str, Recreation]:
    """Returns the stacks that create again what a stack of the same environment still has that this commit removes.

    `creations` is what each stack of the environment creates, as far as that is known.
    """
    return recreations(creations, removed_stacks(history, environment, {stack.key for stack in inventory.stacks}))
