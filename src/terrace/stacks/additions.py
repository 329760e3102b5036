"""What Terrace adds to a private checkout so that an old configuration fits what is there: moves and imports.

Each is recorded with its deployment, so that everybody sees it and whoever goes on adds the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terrace.stacks.literals import quoted

FILE = "zz_terrace_additions.tf"
"""One in each folder that something is added to. Nobody's own file is called so."""


@dataclass(frozen=True, slots=True, order=True)
class Move:
    """A `moved` block for the module in `folder`: the object at `source` is to be found at `target` from now on."""

    folder: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """An `import` block for the stack of that key: the object `id` of the cloud belongs to `address`."""

    stack: str
    address: str
    id: str


@dataclass(frozen=True, slots=True)
class Additions:
    """Everything that is added for one deployment."""

    moves: tuple[Move, ...] = ()
    imports: tuple[Import, ...] = ()

    def files(self, folders: Mapping[str, str]) -> dict[str, str]:
        """The files to write, path -> text. `folders` gives the folder of each stack by its key."""
        blocks: dict[str, list[str]] = {}
        for move in self.moves:
            block = f"moved {{\n  from = {move.source}\n  to   = {move.target}\n}}\n"
            blocks.setdefault(move.folder, []).append(block)
        for one in self.imports:
            block = f"import {{\n  to = {one.address}\n  id = {quoted(one.id)}\n}}\n"
            blocks.setdefault(folders[one.stack], []).append(block)
        return {f"{folder}/{FILE}": "\n".join(found) for folder, found in blocks.items()}

    def payload(self) -> dict[str, list[list[str]]]:
        """As it stands in an event; `additions_of` reads it back."""
        return {
            "moves": [[m.folder, m.source, m.target] for m in self.moves],
            "imports": [[i.stack, i.address, i.id] for i in self.imports],
        }


NOTHING = Additions()
"""Nothing is added."""


def additions_of(payload: Mapping[str, Iterable[Iterable[str]]]) -> Additions:
    """What `payload` wrote; nothing where an event says nothing."""
    return Additions(
        tuple(Move(*move) for move in payload.get("moves", ())),
        tuple(Import(*one) for one in payload.get("imports", ())),
    )
