"""`moved` and `import` blocks that Terrace adds to a private checkout, so that an old configuration fits the state.

They are recorded with the deployment, so that they are visible and a resumed deployment adds the same ones.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from terrace.errors import BadInput
from terrace.hcl.addresses import parse_address, parse_resource
from terrace.hcl.literals import quote

FILE = "zz_terrace_additions.tf"
"""The name of the file in each folder with additions. No file of a repository has this name."""


@dataclass(frozen=True, slots=True, order=True)
class Move:
    """A `moved` block for the module in `folder`: the resource at `source` moves to `target`."""

    folder: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """An `import` block for the stack with the key `stack`: the cloud resource `id` is imported to `address`."""

    stack: str
    address: str
    id: str


@dataclass(frozen=True, slots=True)
class Additions:
    """All additions of one deployment."""

    moves: tuple[Move, ...] = ()
    imports: tuple[Import, ...] = ()

    def files(self, folders: Mapping[str, str], existing: Container[str]) -> dict[str, str]:
        """Returns the text of each file to write, by path. `folders` are the folders of stacks by key, `existing`
        are all configuration folders of the commit.

        The text is made from parsed addresses, never from raw text. Raises BadInput for an addition to another folder,
        and for an invalid address.
        """
        blocks: dict[str, list[str]] = {}
        for move in self.moves:
            block = f"moved {{\n  from = {_address(move.source)}\n  to   = {_address(move.target)}\n}}\n"
            blocks.setdefault(_folder(move.folder, existing), []).append(block)
        for addition in self.imports:
            if addition.stack not in folders:
                raise BadInput(f"cannot import into {addition.stack!a}: it is not a stack of this deployment")
            block = f"import {{\n  to = {_object(addition.address)}\n  id = {quote(addition.id)}\n}}\n"
            blocks.setdefault(folders[addition.stack], []).append(block)
        return {f"{folder}/{FILE}" if folder else FILE: "\n".join(lines) for folder, lines in blocks.items()}


NOTHING = Additions()
"""No additions."""


def _folder(folder: str, existing: Container[str]) -> str:
    if folder not in existing:
        raise BadInput(f"cannot add blocks to {folder!a}: it is not a configuration folder of this commit")
    return folder


def _address(text: str) -> str:
    parsed = parse_address(text)
    if parsed is None:
        raise BadInput(f"{text[:200]!a} is not a valid resource or module address")
    return str(parsed)


def _object(text: str) -> str:
    parsed = parse_resource(text)
    if parsed is None:
        raise BadInput(f"{text[:200]!a} is not a valid resource address")
    return str(parsed)
