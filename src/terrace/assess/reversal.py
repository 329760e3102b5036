"""Objections to plans of rollbacks, recoveries and destructions.

A rollback may make updates in place without a question, and delete resources without data that the undone releases
created. Everything else needs a person's decision; a change that can lose data needs the address, by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from terrace.assess.model import Objection, Weight
from terrace.clouds.stateful import is_stateful
from terrace.plans.addresses import block_of
from terrace.plans.model import Action, Plan, ResourceChange


@dataclass(frozen=True, slots=True)
class Undone:
    """The releases that a plan undoes: the addresses that they `created` in this stack, those that they `let_go` of
    without destroying them (as their module writes them), the stacks that read its outputs, and how its providers
    differ ("" when they do not)."""

    created: Collection[str]
    let_go: Collection[str] = ()
    readers: tuple[str, ...] = ()
    providers: str = ""


def reversal(plan: Plan, undone: Undone) -> tuple[Objection, ...]:
    """Returns the objections to a plan of a rollback; none when it is safe."""
    return tuple(_objections(plan, undone))


def recovery(plan: Plan, imported: Collection[str]) -> tuple[Objection, ...]:
    """Returns the objections to a plan that would recreate resources which were just imported: only by name."""
    why = "was imported, and would be recreated: not all of its attributes can be imported"
    return tuple(
        Objection("imported", plan.stack.key, c.address, why, Weight.NAME)
        for c in plan.effective
        if c.address in imported and c.action in (Action.REPLACE, Action.DELETE)
    )


def destruction(plan: Plan) -> tuple[Objection, ...]:
    """Returns the data that is lost permanently when a stack is destroyed. The requester named the stack, and so
    decided."""
    return tuple(
        Objection("stateful", plan.stack.key, c.address, "is deleted, and its data is lost", Weight.SAY)
        for c in plan.effective
        if c.action is Action.DELETE and is_stateful(c.type)
    )


def _within(address: str, places: Collection[str]) -> bool:
    """Returns whether a resource is one of these places, or inside one, as their module writes them: without index."""
    bare = block_of(address)
    return any(f".{place}." in f".{bare}." for place in places)


def _objections(plan: Plan, undone: Undone) -> Iterator[Objection]:
    key = plan.stack.key
    for change in plan.effective:
        objection = _weigh(change, undone)
        if objection is not None:
            rule, why, weight = objection
            yield Objection(rule, key, change.address, why, weight)
    if undone.readers:
        readers = ", ".join(undone.readers)
        for output in plan.outputs:
            if output.action not in (Action.NO_OP, Action.CREATE):
                word = "is removed" if output.action is Action.DELETE else "changes"
                yield Objection("output", key, f"output.{output.name}", f"{word}, and {readers} read it", Weight.SAY)
    if undone.providers and plan.effective:
        yield Objection("provider", key, "providers", undone.providers, Weight.SAY)


def _weigh(change: ResourceChange, undone: Undone) -> tuple[str, str, Weight] | None:
    stateful = is_stateful(change.type)
    match change.action:
        case Action.DELETE if stateful:
            return "stateful", "is deleted, and its data is lost", Weight.NAME
        case Action.REPLACE if stateful:
            return "stateful", "is replaced, and its data is lost", Weight.NAME
        case Action.DELETE if change.deposed is not None:
            return "delete", "has a leftover that is deleted", Weight.SAY
        case Action.DELETE if change.address not in undone.created:
            return "delete", "is deleted, and the undone releases did not create it", Weight.SAY
        case Action.REPLACE:
            return "replace", "is replaced", Weight.SAY
        case Action.CREATE if _within(change.address, undone.let_go):
            return "let-go", "was forgotten and still exists: it would be created a second time; import it", Weight.NAME
        case Action.CREATE if stateful:
            return "create", "is recreated, empty: its data is not restored", Weight.SAY
        case Action.CREATE:
            return "create", "is recreated", Weight.SAY
        case Action.FORGET:
            return "forget", "is forgotten: it remains, and nothing manages it", Weight.SAY
        case Action.UNKNOWN:
            return "unknown", "has an action that this version of Terrace does not know", Weight.NAME
    if change.importing:
        return "import", "is imported", Weight.SAY
    return None
