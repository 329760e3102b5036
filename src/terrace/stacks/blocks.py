"""Locates blocks in configuration files: the line of an address, and the block around a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from terrace.hcl.blocks import read_blocks
from terrace.hcl.tree import Tree
from terrace.stacks.inventory import Inventory

_STEP = re.compile(r"module\.([^.\[]+)")


class Block(NamedTuple):
    """A block of a file, with its first and last line; `name` is its address in its module: `aws_s3_bucket.logs`."""

    path: str
    first: int
    last: int
    name: str


class Blocks:
    """The blocks of the stacks of one commit. A folder is read on first use."""

    def __init__(self, tree: Tree, inventory: Inventory) -> None:
        self._tree = tree
        self._inventory = inventory
        self._files: dict[str, tuple[Block, ...]] = {}

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {stack.key: stack.path for stack in self._inventory.stacks}

    def at(self, path: str, line: int) -> tuple[str, int]:
        """Returns the file and first line of the block around a line; the line itself where there is no block."""
        for block in self._of_file(path):
            if block.first <= line <= block.last:
                return path, block.first
        return path, line

    def of(self, stack: str, address: str) -> tuple[str, int] | None:
        """Returns the file and first line of the block with an address, which must not have index keys; None where the
        block is not found. A module call has an address too.
        """
        path = self._paths.get(stack)
        if path is None:
            return None
        for name in _STEP.findall(address):
            if address == f"module.{name}":
                break
            if not address.startswith(f"module.{name}."):
                return None
            address = address.removeprefix(f"module.{name}.")
            folder = self._inventory.graph.folders.get(path)
            calls = {call.call.name: call.target for call in folder.calls} if folder else {}
            if name not in calls:
                return None
            path = calls[name]
        return self._in_folder(path, address)

    def _in_folder(self, path: str, name: str) -> tuple[str, int] | None:
        folder = self._inventory.graph.folders.get(path)
        for file in folder.files if folder else ():
            for block in self._of_file(file):
                if block.name == name:
                    return file, block.first
        return None

    def _of_file(self, path: str) -> tuple[Block, ...]:
        if path not in self._files:
            self._files[path] = tuple(self._read(path))
        return self._files[path]

    def _read(self, path: str) -> Iterator[Block]:
        if path.endswith(".json") or path not in self._tree.entries:
            return
        for block in read_blocks(path, self._tree.read(path)).root.blocks():
            words = block.labels if block.type == "resource" else (block.type, *block.labels)
            yield Block(path, block.line, block.last_line, ".".join(words))
