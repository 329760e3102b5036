"""Lists the names that a configuration file declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.hcl.blocks import NAMED, Block, read_blocks
from terrace.hcl.json_syntax import LABELS


@dataclass(frozen=True, slots=True)
class DeclaredName:
    """One name. `kind` is the type of its block (`local` in `locals`), `type` that of a resource or data source, else
    "". `line` counts from 1; it is 0, unknown, in JSON."""

    kind: str
    name: str
    type: str = ""
    line: int = 0


def list_names(path: str, content: bytes) -> tuple[DeclaredName, ...]:
    """Returns the names of a file in its order, as far as it can be read."""
    root = read_blocks(path, content).root
    return tuple(name for block in root.blocks("locals", *NAMED) for name in _names(block))


def _names(block: Block) -> Iterator[DeclaredName]:
    if block.type == "locals":
        yield from (DeclaredName("local", name, line=value.line) for name, value in block.attributes.items())
    elif LABELS[block.type] == len(block.labels):
        type_ = block.labels[0] if len(block.labels) > 1 else ""
        yield DeclaredName(block.type, block.labels[-1], type_, block.line)
