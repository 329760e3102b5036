"""A state that exists elsewhere and may become, or became, the state of a stack."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.plans.left_states import LeftState
from terrace.plans.terraform import StateSnapshot
from terrace.stacks.model import Stack


@dataclass(frozen=True, slots=True)
class Adoption:
    """A state that may become the one of a stack.

    `source` and `target` say where it is and where it goes. `left` is its file, where it is one. `done` is whether the
    target holds it already: an adoption before was cut short. `creates` is what a plan on it would create.
    """

    stack: Stack
    commit: str
    source: str
    target: str
    state: StateSnapshot
    objects: tuple[str, ...]
    creates: tuple[str, ...]
    changes: int
    left: LeftState | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Adopted:
    """How an adoption ended: the state as the target has it, its copy, and where the old file is now ("": no file)."""

    adoption: Adoption
    state: StateSnapshot
    backup: str
    put_aside: str
