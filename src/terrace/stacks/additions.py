"""What Terrace adds to a private checkout so that an old configuration fits what is there: moves and imports.

Each is recorded with its deployment, so that everybody sees it and whoever goes on adds the same.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from terrace.errors import BadInput
from terrace.hcl.addresses import parse_address, parse_resource
from terrace.hcl.literals import quoted

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

    def files(self, folders: Mapping[str, str], known: Container[str]) -> dict[str, str]:
        """The files to write, path -> text. `folders` gives the folder of each stack by its key, `known` are all
        folders of configuration that the commit has.

        The text is written from parsed addresses, never from text as it was given. Raises BadInput for an addition to
        another folder, and for what is no address.
        """
        blocks: dict[str, list[str]] = {}
        for move in self.moves:
            block = f"moved {{\n  from = {_address(move.source)}\n  to   = {_address(move.target)}\n}}\n"
            blocks.setdefault(_folder(move.folder, known), []).append(block)
        for one in self.imports:
            if one.stack not in folders:
                raise BadInput(f"something is to be imported into {one.stack!a}, which is no stack of this deployment")
            block = f"import {{\n  to = {_object(one.address)}\n  id = {quoted(one.id)}\n}}\n"
            blocks.setdefault(folders[one.stack], []).append(block)
        return {f"{folder}/{FILE}" if folder else FILE: "\n".join(found) for folder, found in blocks.items()}


NOTHING = Additions()
"""Nothing is added."""


def _folder(folder: str, known: Container[str]) -> str:
    if folder not in known:
        raise BadInput(f"something is to be added to {folder!a}, which is no folder of configuration at this commit")
    return folder


def _address(text: str) -> str:
    found = parse_address(text)
    if found is None:
        raise BadInput(f"{text[:200]!a} is no address: nothing is added for it")
    return str(found)


def _object(text: str) -> str:
    found = parse_resource(text)
    if found is None:
        raise BadInput(f"{text[:200]!a} is no address of an object: nothing is added for it")
    return str(found)
