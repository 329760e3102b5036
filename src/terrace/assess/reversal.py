"""What speaks against going back: what an older configuration would do to what is there now.

Safe to undo are updates in place, and deletions of objects that hold nothing and that the undone releases made
themselves. For everything else a person decides; what may lose data needs its address, named.
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
    """What is known of the releases that a plan undoes: the addresses that they created in this stack and those that
    they let go without destroying (as their module writes them), the stacks that read its outputs, and how its
    providers differ ("" when they do not)."""

    created: Collection[str]
    let_go: Collection[str] = ()
    readers: tuple[str, ...] = ()
    providers: str = ""


def reversal(plan: Plan, undone: Undone) -> tuple[Objection, ...]:
    """Everything that speaks against applying a plan that goes back; empty when it is safe."""
    return tuple(_objections(plan, undone))


def recovery(plan: Plan, imported: Collection[str]) -> tuple[Objection, ...]:
    """What a plan would make a second time of what was just found again: only by name."""
    why = "was found again, and would be made anew: not everything about it can be imported"
    return tuple(
        Objection("imported", plan.stack.key, c.address, why, Weight.NAME)
        for c in plan.effective
        if c.address in imported and c.action in (Action.REPLACE, Action.DELETE)
    )


def destruction(plan: Plan) -> tuple[Objection, ...]:
    """What is lost for good when a stack is taken down. Whoever asked for it named the stack, and so decided."""
    return tuple(
        Objection("stateful", plan.stack.key, c.address, "is deleted, and what it holds is lost", Weight.SAY)
        for c in plan.effective
        if c.action is Action.DELETE and is_stateful(c.type)
    )


def _within(address: str, places: Collection[str]) -> bool:
    """Whether an object is, or lies in, one of these places as their module writes them: without any index."""
    bare = block_of(address)
    return any(f".{place}." in f".{bare}." for place in places)


def _objections(plan: Plan, undone: Undone) -> Iterator[Objection]:
    key = plan.stack.key
    for change in plan.effective:
        found = _about(change, undone)
        if found is not None:
            rule, why, weight = found
            yield Objection(rule, key, change.address, why, weight)
    if undone.readers:
        readers = ", ".join(undone.readers)
        for output in plan.outputs:
            if output.action not in (Action.NO_OP, Action.CREATE):
                word = "goes away" if output.action is Action.DELETE else "changes"
                yield Objection("output", key, f"output.{output.name}", f"{word}, and {readers} read it", Weight.SAY)
    if undone.providers and plan.effective:
        yield Objection("provider", key, "providers", undone.providers, Weight.SAY)


def _about(change: ResourceChange, undone: Undone) -> tuple[str, str, Weight] | None:
    stateful = is_stateful(change.type)
    match change.action:
        case Action.DELETE if stateful:
            return "stateful", "is deleted, and what it holds is lost", Weight.NAME
        case Action.REPLACE if stateful:
            return "stateful", "is replaced, and what it holds is lost", Weight.NAME
        case Action.DELETE if change.deposed is not None:
            return "delete", "has a leftover that is deleted", Weight.SAY
        case Action.DELETE if change.address not in undone.created:
            return "delete", "is deleted, and the undone releases did not make it", Weight.SAY
        case Action.REPLACE:
            return "replace", "is replaced", Weight.SAY
        case Action.CREATE if _within(change.address, undone.let_go):
            return "let-go", "was let go and still exists: it would be made a second time; import it", Weight.NAME
        case Action.CREATE if stateful:
            return "create", "is made anew, empty: what it held does not come back", Weight.SAY
        case Action.CREATE:
            return "create", "is made anew", Weight.SAY
        case Action.FORGET:
            return "forget", "is forgotten: it stays, and nobody looks after it", Weight.SAY
        case Action.UNKNOWN:
            return "unknown", "meets something that this version of Terrace does not know", Weight.NAME
    if change.importing:
        return "import", "is taken in", Weight.SAY
    return None
