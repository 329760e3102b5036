"""Leftovers of applies whose result is unknown, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.ledger.deployment import Deployment
from terrace.report.leftovers import ApplyLeftovers
from terrace.report.terminal.screen import Record, Tree, line
from terrace.text import visible


def leftovers_tree(deployment: Deployment, leftovers: Sequence[ApplyLeftovers], obstacles: Sequence[str]) -> Record:
    """Returns the leftovers of a deployment, what recovery will do about each, and what has to be resolved first."""
    head = f"{deployment.environment} {deployment.commit[:7]} ({deployment.id}): the result of its apply is unknown"
    tree = Tree(line(head, style="bold"))
    for stack in leftovers:
        branch = tree.node(line(f"{stack.stack} (attempt {stack.attempt})"))
        for text in _lines(stack):
            branch.node(text)
    for obstacle in obstacles:
        tree.node(line(f"to resolve: {visible(obstacle)}", style="yellow"))
    return tree


def accepted_tree(stack: str, addresses: Sequence[str]) -> Record:
    """Returns everything whose result a person accepts who says that a stack is settled."""
    tree = Tree(line(f"{stack}: its apply was to create or change", style="bold"))
    for address in addresses:
        tree.node(line(address))
    if not addresses:
        tree.node(line("resources that the ledger does not name: check every resource of this stack"))
    return tree


def _lines(stack: ApplyLeftovers) -> list[str]:
    lines = [
        "the process of the apply is no longer running" if stack.dead else "the apply may still be running",
        f"the state has serial {stack.serial}; it is backed up first" if stack.serial >= 0 else "there is no state",
    ]
    if stack.unsaved is not None:
        lines.append(f"a state with serial {stack.unsaved} could not be written: recovery pushes it")
    if stack.lock is not None:
        other = "another process holds the state lock" if stack.lock.who else "the state lock names no holder"
        whose = "the crashed apply holds the state lock: recovery removes it" if stack.ours else other
        lines.append(f"{whose} ({', '.join(visible(word) for word in (stack.lock.who, stack.lock.id) if word)})")
    lines += [f"in the state and deleted, will be removed from the state: {visible(a)}" for a in stack.forgets]
    lines += [f"created a second time beside the resource in the state: {visible(a)}" for a, _, _ in stack.stale]
    lines += [f"created and not in the state, will be imported: {visible(a)}" for a, _ in stack.imports]
    lines += [f"may or may not exist: {visible(a)}" for a in stack.open]
    lines += [f"in the state and possibly incomplete: {visible(a)}" for a in stack.unfinished]
    return lines
