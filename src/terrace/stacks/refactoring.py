"""`moved` and `removed` blocks of a configuration, and what takes them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from terrace.hcl.addresses import parse_written
from terrace.hcl.blocks import Expression, read_blocks
from terrace.hcl.tree import Tree, read_many
from terrace.stacks.additions import Move
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack


def moves(inventory: Inventory, tree: Tree, stacks: Iterable[Stack]) -> frozenset[Move]:
    """Every `moved` block that these stacks reach."""
    return frozenset(
        move for folder, path, content in _files(inventory, tree, stacks) for move in _moves(folder, path, content)
    )


def let_go(inventory: Inventory, tree: Tree, stacks: Iterable[Stack]) -> frozenset[str]:
    """The addresses, as their module writes them, that `removed` blocks forget without destroying the object."""
    return frozenset(one for _, path, content in _files(inventory, tree, stacks) for one in _removed(path, content))


def taken_back(undone: frozenset[Move], kept: frozenset[Move], inventory: Inventory) -> tuple[Move, ...]:
    """The moves that lead from where undone `moved` blocks brought objects back to where `inventory` has them.

    `kept` are the blocks that it still has itself: those need no way back, and a way back that ends where one of
    them ends begins there, because Terraform takes one move to a place only and follows a chain. What was moved to
    and fro needs none.
    """
    brought = {(move.folder, move.target): move.source for move in kept}
    backwards = {Move(move.folder, move.target, move.source) for move in undone - kept}
    needed = {move for move in backwards if Move(move.folder, move.target, move.source) not in backwards}
    ways = (Move(move.folder, move.source, _begin(move.folder, move.target, brought)) for move in needed)
    return tuple(sorted(move for move in ways if move.folder in inventory.graph.folders))


def _begin(folder: str, place: str, brought: Mapping[tuple[str, str], str]) -> str:
    """Where the chain of moves begins that ends at a place."""
    seen = {place}
    while (before := brought.get((folder, place))) is not None and before not in seen:
        seen.add(before)
        place = before
    return place


def _files(inventory: Inventory, tree: Tree, stacks: Iterable[Stack]) -> Iterator[tuple[str, str, bytes]]:
    """Each file in HCL that stands in a folder which these stacks reach, with that folder."""
    folders = {folder for stack in stacks for folder in inventory.graph.reached(stack)}
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
            source, target = (parse_written(block.attributes[name].source()) for name in ("from", "to"))
            if source is not None and target is not None:
                yield Move(folder, str(source), str(target))


def _removed(path: str, content: bytes) -> Iterator[str]:
    if b"removed" not in content:
        return
    for block in read_blocks(path, content).root.blocks("removed"):
        kept = any(_is_false(lifecycle.attributes.get("destroy")) for lifecycle in block.blocks("lifecycle"))
        if not block.labels and kept and "from" in block.attributes:
            yield block.attributes["from"].source()


def _is_false(expression: Expression | None) -> bool:
    return expression is not None and expression.source() == "false"
