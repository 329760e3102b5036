"""Finds the stacks that require another version of Terraform than the one in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.errors import BadInput, Place
from terrace.plans.versions import allows, parse
from terrace.stacks.inventory import Inventory


@dataclass(frozen=True, slots=True)
class WrongVersion:
    """A `required_version` of a stack, or of a module that it reaches, that the version in use does not meet."""

    stack: str
    constraint: str
    place: Place


def wrong_versions(inventory: Inventory, version: str) -> Iterator[WrongVersion]:
    """Yields each file of each stack that asks for another version. Invalid constraints are left to Terraform."""
    ours = parse(version)
    for stack in inventory.stacks:
        for path in inventory.graph.find_reached(stack):
            folder = inventory.graph.folders.get(path)
            for file, facts in zip(folder.files, folder.facts, strict=True) if folder is not None else ():
                for constraint in facts.required_version:
                    try:
                        fits = allows(constraint, ours)
                    except BadInput:
                        continue
                    if not fits:
                        yield WrongVersion(stack.key, constraint, Place(file))
