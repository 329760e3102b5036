"""Reads `moved` and `removed` blocks of a configuration, and determines the moves that undo them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from terrace.hcl.addresses import parse_reference
from terrace.hcl.blocks import Expression, read_blocks
from terrace.hcl.tree import Tree, read_many
from terrace.stacks.additions import Move
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack


def find_moves(inventory: Inventory, tree: Tree, stacks: Iterable[Stack]) -> frozenset[Move]:
    """Returns every `moved` block in the modules of these stacks."""
    return frozenset(
        move for folder, path, content in _files(inventory, tree, stacks) for move in _moves(folder, path, content)
    )


def find_forgotten(inventory: Inventory, tree: Tree, stacks: Iterable[Stack]) -> frozenset[str]:
    """Returns the addresses in their modules that `removed` blocks forget without destroying the resource."""
    return frozenset(
        address for _, path, content in _files(inventory, tree, stacks) for address in _removed_addresses(path, content)
    )


def reverse_moves(undone: frozenset[Move], kept: frozenset[Move], inventory: Inventory) -> tuple[Move, ...]:
    """Returns the moves that bring resources from the targets of undone `moved` blocks back to where `inventory` has
    them.

    `kept` are the blocks that it still has; they need no reverse move. Terraform allows only one move to an address and
    follows chains, so a reverse move to the target of a kept block goes to the source of that block instead. Resources
    that were moved back and forth need no reverse move.
    """
    brought = {(move.folder, move.target): move.source for move in kept}
    backwards = {Move(move.folder, move.target, move.source) for move in undone - kept}
    needed = {move for move in backwards if Move(move.folder, move.target, move.source) not in backwards}
    ways = (Move(move.folder, move.source, _begin(move.folder, move.target, brought)) for move in needed)
    return tuple(sorted(move for move in ways if move.folder in inventory.graph.folders))


def _begin(folder: str, place: str, brought: Mapping[tuple[str, str], str]) -> str:
    """Returns the first source of the chain of moves that ends at an address."""
    seen = {place}
    while (before := brought.get((folder, place))) is not None and before not in seen:
        seen.add(before)
        place = before
    return place


def _files(inventory: Inventory, tree: Tree, stacks: Iterable[Stack]) -> Iterator[tuple[str, str, bytes]]:
    """Yields the folder, path and content of each file in native syntax in the modules of these stacks."""
    folders = {folder for stack in stacks for folder in inventory.graph.find_reached(stack)}
    paths = {
        path: folder
        for folder in folders
        if folder in inventory.graph.folders
        for path in inventory.graph.folders[folder].files
        if not path.endswith(".json")
    }
    contents = read_many(tree, paths)
    yield from ((folder, path, contents[path]) for path, folder in sorted(paths.items()))


def _moves(folder: str, path: str, content: bytes) -> Iterator[Move]:
    if b"moved" not in content:
        return
    for block in read_blocks(path, content).root.blocks("moved"):
        if not block.labels and block.attributes.keys() >= {"from", "to"}:
            source, target = (parse_reference(block.attributes[name].source()) for name in ("from", "to"))
            if source is not None and target is not None:
                yield Move(folder, str(source), str(target))


def _removed_addresses(path: str, content: bytes) -> Iterator[str]:
    if b"removed" not in content:
        return
    for block in read_blocks(path, content).root.blocks("removed"):
        keeps_object = any(_is_false(lifecycle.attributes.get("destroy")) for lifecycle in block.blocks("lifecycle"))
        if not block.labels and keeps_object and "from" in block.attributes:
            yield block.attributes["from"].source()


def _is_false(expression: Expression | None) -> bool:
    return expression is not None and expression.source() == "false"
