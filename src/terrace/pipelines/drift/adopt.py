"""Adoption of drift into the configuration: finds the edit, and does not write it yet."""

from __future__ import annotations

import re
from dataclasses import dataclass

from terrace.config.naming import unknown_name_error
from terrace.drift.adopt import BY_PROVIDER, Adoption, Left, Wanted, adopt_changes, value_text
from terrace.drift.checks import newest
from terrace.drift.detection import changed_paths
from terrace.errors import BadInput
from terrace.hcl.tree import Tree
from terrace.pipelines.context import Context
from terrace.pipelines.drift.detect import plan_deployed
from terrace.plans.model import UNKNOWN, Action, Plan, ResourceChange
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack

_STEP = re.compile(r"module\.([^.\[]+)(\[[^\]]*\])?")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A file of the working tree with the edit in it. No files were changed."""

    stack: str
    path: str
    adoption: Adoption


def adopt(context: Context, environment: str, address: str, stack: str | None) -> Proposed:
    """Finds the edit after which the working tree matches the live resource at an address.

    Raises BadInput when there is no drift, or when the block is not found.
    """
    key = _stack_of(context, environment, address, stack)
    plan = plan_deployed(context, environment, key)
    drift = next((change for change in plan.drift if change.address == address and changed_paths(change)), None)
    if drift is None or drift.action is Action.DELETE:
        gone = drift is not None or any(d.address == address for d in plan.drift if d.action is Action.DELETE)
        if gone:
            raise BadInput(
                f"{address} was deleted", hint="remove its block from the configuration, or deploy again to recreate it"
            )
        raise BadInput(f"{address} is as it was deployed", hint=f"`terrace drift {environment}` shows the differences")
    inventory = context.survey(context.repository.snapshot())
    tree = context.repository.tree(inventory.commit)
    return propose_edit(inventory, tree, _stack(inventory, key), drift, _find_changes(plan, drift))


def _stack_of(context: Context, environment: str, address: str, stack: str | None) -> str:
    """Returns the stack that has the address, according to the newest check."""
    context.config.environment(environment)
    if stack is not None:
        return stack
    last = newest(context.ledger.read(), environment)
    resources = last.resources if last is not None else ()
    stacks = sorted({resource.stack for resource in resources if resource.address == address})
    if not stacks:
        addresses = ", ".join(sorted({resource.address for resource in resources})) or "nothing"
        raise BadInput(f"no drift is known at {address} in {environment}", hint=f"drift was detected at: {addresses}")
    if len(stacks) > 1:
        raise BadInput(f"{address} has drift in {', '.join(stacks)}", hint="pass --stack STACK")
    return stacks[0]


def _stack(inventory: Inventory, key: str) -> Stack:
    stacks_by_key = {stack.key: stack for stack in inventory.stacks}
    if key not in stacks_by_key:
        raise unknown_name_error("stack", key, stacks_by_key)
    return stacks_by_key[key]


def _find_changes(plan: Plan, drift: ResourceChange) -> tuple[Wanted, ...]:
    change = next((c for c in plan.effective if c.address == drift.address), None)
    mended = {path.partition(".")[0] for path in changed_paths(change)} if change is not None else set()
    names = sorted({path.partition(".")[0] for path in changed_paths(drift)} - BY_PROVIDER)
    before, after = drift.before or {}, drift.after or {}
    # A value that is known only after apply cannot be written.
    mended -= {name for name in mended if change is not None and (change.after or {}).get(name) is UNKNOWN}
    return tuple(Wanted(name, before.get(name), after.get(name), name in mended) for name in names)


def propose_edit(
    inventory: Inventory, tree: Tree, stack: Stack, drift: ResourceChange, changes: tuple[Wanted, ...]
) -> Proposed:
    """Returns the edit of the file with the block of a resource that makes it match the resource.

    Writes nothing of a block that other resources share. Raises BadInput where no file of its folder has the block.
    """
    folder, is_repeated = _folder_of(inventory, stack, drift)
    module = inventory.graph.folders.get(folder)
    for path in module.files if module is not None else ():
        content = tree.read(path)
        adoption = adopt_changes(path, content, drift.type, drift.name, changes)
        if adoption is None:
            continue
        why = _not_alone(inventory, stack, folder, drift, is_repeated=is_repeated)
        if why:
            not_written = (Left(w.attribute, w.line, w.old, w.new, why) for w in adoption.written)
            adoption = Adoption(content, (), (*not_written, *adoption.left))
        return Proposed(stack.key, path, adoption)
    raise BadInput(
        f"the block of {drift.address} is not in {folder}",
        hint="write the change into the block: " + ", ".join(f"{w.attribute} = {value_text(w.after)}" for w in changes),
    )


def _folder_of(inventory: Inventory, stack: Stack, drift: ResourceChange) -> tuple[str, bool]:
    """Returns the folder of the module of an address, and whether that module has several instances."""
    folder, is_repeated = stack.path, False
    for name, index in _STEP.findall(drift.module):
        module = inventory.graph.folders.get(folder)
        targets = [call.target for call in (module.calls if module else ()) if call.call.name == name]
        if not targets:
            raise BadInput(
                f"{drift.address} is in a module outside this repository",
                hint="change the module at its source, or its arguments",
            )
        folder, is_repeated = targets[0], is_repeated or bool(index)
    return folder, is_repeated


def _not_alone(inventory: Inventory, stack: Stack, folder: str, drift: ResourceChange, *, is_repeated: bool) -> str:
    """Returns why the block does not belong to this resource alone; "" when it does."""
    if is_repeated or drift.index is not None:
        return "its block has several instances, and all of them would change"
    graph = inventory.graph
    others = [other.key for other in inventory.stacks if other.key != stack.key and folder in graph.find_reached(other)]
    if others:
        return f"{folder} is also used by {', '.join(others)}, which would change too"
    calls = [call for path in graph.find_reached(stack) for call in graph.folders[path].calls if call.target == folder]
    return f"{folder} is called {len(calls)} times, and all of its instances would change" if len(calls) > 1 else ""
