"""What an apply of unknown outcome left behind, for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from terrace.errors import StateLock
from terrace.ledger.deployment import Deployment
from terrace.report.machine import Json
from terrace.report.screen import Record, Tree, line
from terrace.text import visible


@dataclass(frozen=True, slots=True)
class Row:
    """One stack: whether the attempt is proven dead, what the state lacks, what nobody knows, who holds the lock.

    `unsaved` is the serial of a state that could not be written and belongs there.
    """

    stack: str
    attempt: str
    dead: bool
    serial: int
    imports: tuple[tuple[str, str], ...]
    open: tuple[str, ...]
    unfinished: tuple[str, ...]
    forgets: tuple[str, ...]
    stale: tuple[tuple[str, str, str], ...]
    lock: StateLock | None
    ours: bool
    unsaved: int | None


def terminal(deployment: Deployment, rows: Sequence[Row], obstacles: Sequence[str]) -> Record:
    """The findings, what will be done about each, and what has to be settled first."""
    head = f"{deployment.environment} {deployment.commit[:7]} ({deployment.id}): nobody knows how its apply ended"
    tree = Tree(line(head, style="bold"))
    for row in rows:
        branch = tree.node(line(f"{row.stack} (attempt {row.attempt})"))
        for text in _lines(row):
            branch.node(text)
    for obstacle in obstacles:
        tree.node(line(f"to settle: {visible(obstacle)}", style="yellow"))
    return tree


def machine(deployment: Deployment, rows: Sequence[Row], obstacles: Sequence[str]) -> Json:
    """The same as one object. Nothing was changed."""
    return {
        "schema": "terrace/resume@1",
        "deployment": deployment.id,
        "environment": deployment.environment,
        "commit": deployment.commit,
        "result": "unknown",
        "reasons": list(obstacles),
        "steps": [],
        "remains": [
            {
                "stack": row.stack,
                "attempt": row.attempt,
                "dead": row.dead,
                "serial": row.serial,
                "imports": [{"address": address, "id": found} for address, found in row.imports],
                "open": list(row.open),
                "unfinished": list(row.unfinished),
                "forgets": list(row.forgets),
                "stale": [{"address": a, "recorded": recorded, "made": made} for a, recorded, made in row.stale],
                "lock": {"id": row.lock.id, "who": row.lock.who, "ours": row.ours} if row.lock else None,
                "unsaved": row.unsaved,
            }
            for row in rows
        ],
    }


def answered_for(stack: str, addresses: Sequence[str]) -> Record:
    """Everything that a person answers for who says that a stack is settled."""
    tree = Tree(line(f"{stack}: its apply was to make", style="bold"))
    for address in addresses:
        tree.node(line(address))
    if not addresses:
        tree.node(line("things that the ledger does not name: look at all that this stack has"))
    return tree


def settled(deployment: Deployment, said: Mapping[str, Sequence[str]], missing: Sequence[str]) -> Json:
    """Who answered for which stack as one object, in the form of `machine`."""
    return {
        "schema": "terrace/resume@1",
        "deployment": deployment.id,
        "environment": deployment.environment,
        "commit": deployment.commit,
        "result": "unknown" if missing else "settled",
        "reasons": list(missing),
        "steps": [],
        "remains": [],
        "settled": [{"stack": stack, "by": list(who)} for stack, who in said.items()],
    }


def _lines(row: Row) -> list[str]:
    lines = [
        "the apply is proven dead" if row.dead else "the apply may still run",
        f"the state is at serial {row.serial}; a copy is kept first" if row.serial >= 0 else "there is no state",
    ]
    if row.unsaved is not None:
        lines.append(f"a state of serial {row.unsaved} could not be written: it is pushed")
    if row.lock is not None:
        other = "its lock is somebody else's" if row.lock.who else "its lock has no name"
        whose = "its lock was the dead attempt's: it is taken away" if row.ours else other
        lines.append(f"{whose} ({', '.join(visible(word) for word in (row.lock.who, row.lock.id) if word)})")
    lines += [f"recorded and gone, leaves the state: {visible(address)}" for address in row.forgets]
    lines += [f"made anew beside what the state has: {visible(address)}" for address, _, _ in row.stale]
    lines += [f"made and not recorded, is imported: {visible(address)}" for address, _ in row.imports]
    lines += [f"nobody knows whether it exists: {visible(address)}" for address in row.open]
    lines += [f"recorded, and nobody knows whether it is whole: {visible(address)}" for address in row.unfinished]
    return lines
