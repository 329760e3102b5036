"""Finds the stacks that read outputs of impacted stacks, and removed outputs that a stack still reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from terrace.hcl.facts import OutputUse
from terrace.stacks.graph import Graph
from terrace.stacks.model import Dependent, LostOutput, Stack
from terrace.stacks.order import Edge

if TYPE_CHECKING:
    from terrace.stacks.inventory import Inventory


def find_dependents(touched: Collection[str], edges: tuple[Edge, ...]) -> tuple[Dependent, ...]:
    """Returns the stacks that read outputs of these stacks; `edges` are the edges between all stacks of a commit."""
    by_pair: dict[tuple[str, str], Dependent] = {}
    for edge in edges:
        if edge.owner in touched:
            dependent = Dependent(edge.reader, edge.owner, edge.certain, edge.path, edge.line)
            by_pair.setdefault((edge.reader, edge.owner), dependent)
    return tuple(by_pair[key] for key in sorted(by_pair))


def find_lost_outputs(before: Inventory, after: Inventory, edges: tuple[Edge, ...]) -> tuple[LostOutput, ...]:
    """Returns the outputs that were removed although another stack still reads them."""
    earlier = {stack.key: stack for stack in before.stacks}
    now = {stack.key: stack for stack in after.stacks}
    lost: dict[str, dict[str, tuple[str, int]]] = {}
    for key in {edge.owner for edge in edges} & earlier.keys():
        had, has = _outputs(before.graph, earlier[key]), _outputs(after.graph, now[key])
        lost[key] = {name: place for name, place in had.items() if name not in has}
    reported = set()
    for edge in edges:
        for file, use in _uses(after.graph, now[edge.reader], edge) if lost.get(edge.owner) else ():
            for name in sorted(lost[edge.owner]):
                if use.output in ("", name):
                    certain = edge.certain and bool(use.output)
                    reported.add(LostOutput(edge.owner, name, edge.reader, certain, file, use.line))
    return tuple(sorted(reported))


def _outputs(graph: Graph, stack: Stack) -> dict[str, tuple[str, int]]:
    folder = graph.folders.get(stack.path)
    if folder is None:
        return {}
    return {
        name: (path, line)
        for path, facts in zip(folder.files, folder.facts, strict=True)
        for name, line in facts.outputs.items()
    }


def _uses(graph: Graph, reader: Stack, edge: Edge) -> Iterator[tuple[str, OutputUse]]:
    """Yields the references to a data source, with their files. They are in the module of the data source."""
    for path in graph.find_reached(reader):
        folder = graph.folders.get(path)
        if folder is not None and edge.path in folder.files:
            for file, facts in zip(folder.files, folder.facts, strict=True):
                yield from ((file, use) for use in facts.output_uses if use.state == edge.state)
