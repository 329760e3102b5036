"""Adoption of stacks that another tool deployed: the found state, the effect of the adoption, and the result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from terrace.drift.model import ResourceDrift
from terrace.errors import TerraceError
from terrace.plans.ports import StateSnapshot
from terrace.stacks.model import Stack
from terrace.states.checkout_states import LeftState


@dataclass(frozen=True, slots=True)
class Adoption:
    """A state that can become, or stay, the state of a stack.

    `source` and `target` are where it is and where it is moved; where both are one, `in_place`, nothing is moved.
    `left` is its file, where it is one. `done` is whether the target already has it: an earlier adoption was
    interrupted. `creates`, `changes` and `deletes` are the addresses that a plan of `commit` on it would act on,
    `outputs` the number of outputs that it would set. `accepted` differs between the cloud and the state and is adopted
    as it is, `outside` differs and has to be acknowledged. `providers` are those of the plan, with their versions.
    """

    stack: Stack
    commit: str
    source: str
    target: str
    state: StateSnapshot
    objects: tuple[str, ...]
    creates: tuple[str, ...]
    changes: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    outputs: int = 0
    accepted: tuple[ResourceDrift, ...] = ()
    outside: tuple[ResourceDrift, ...] = ()
    engine: str = ""
    providers: tuple[str, ...] = ()
    left: LeftState | None = None
    done: bool = False
    in_place: bool = False

    @property
    def same(self) -> bool:
        """Returns whether a plan on the state changes nothing: then the commit is the deployed one."""
        return not (self.creates or self.changes or self.deletes or self.outputs)


@dataclass(frozen=True, slots=True)
class Settled:
    """A stack with nothing to adopt: it was adopted or deployed before, at that commit. `same` is whether a plan
    changed nothing then. `target` is where its state is."""

    stack: Stack
    how: Literal["adopted", "deployed"]
    commit: str
    by: str
    at: datetime
    target: str
    same: bool = True


@dataclass(frozen=True, slots=True)
class Adopted:
    """The result of an adoption: the state in the target, its backup, and where the old file is now ("": no file)."""

    adoption: Adoption
    state: StateSnapshot
    backup: str
    put_aside: str


Result = Literal["ready", "later", "adopted", "settled", "refused"]
"""The result for a stack: its state can be adopted, can be adopted after that of another one, was adopted now, or needs
no adoption; or the reason why it cannot.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One of several stacks whose states are adopted: the state that was found, and the result.

    `adoption` is missing if that is unknown, or nothing was found. `after` are the stacks whose states a plan
    needs first. `why`, `hint` and `place` are the reason why it cannot be adopted.
    """

    stack: str
    environment: str
    path: str
    result: Result
    adoption: Adoption | None = None
    settled: Settled | None = None
    done: Adopted | None = None
    after: tuple[str, ...] = ()
    why: str = ""
    hint: str = ""
    place: str = ""

    def refused(self, error: TerraceError) -> Row:
        """Returns the row of a stack whose state cannot be adopted, because of an error."""
        return replace(
            self,
            result="refused",
            why=error.message,
            hint=error.hint or "",
            place=str(error.place) if error.place is not None else "",
        )


def without_shared_states(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Returns the rows; refuses those that would adopt one state for several stacks."""
    every = tuple(rows)
    owners: dict[str, list[str]] = {}
    for row in every:
        if row.adoption is not None and row.result == "ready":
            owners.setdefault(row.adoption.state.lineage, []).append(row.stack)
    separate = []
    for row in every:
        keys = owners.get(row.adoption.state.lineage, []) if row.adoption is not None and row.result == "ready" else []
        if len(keys) > 1:
            others = ", ".join(key for key in keys if key != row.stack)
            assert row.adoption is not None, "only a found state has a lineage"
            row = replace(
                row,
                result="refused",
                why=f"{row.adoption.source} is also the state of {others} (lineage {row.adoption.state.lineage}), but "
                "each stack needs its own state",
                hint="adopt it for the stack that owns it (`terrace state adopt STACK`), and give the other one "
                "its own state, or remove it from terrace.yaml",
            )
        separate.append(row)
    return tuple(separate)
