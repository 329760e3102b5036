"""Stacks that something else deployed, and what taking them over found, would mean, or meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from terrace.drift.model import Sighting
from terrace.errors import TerraceError
from terrace.plans.terraform import StateSnapshot
from terrace.stacks.model import Stack
from terrace.states.checkout_states import LeftState


@dataclass(frozen=True, slots=True)
class Adoption:
    """A state that may become, or stay, the one of a stack.

    `source` and `target` say where it is and where it goes; where both are one, `in_place`, nothing is moved. `left` is
    its file, where it is one. `done` is whether the target holds it already: an adoption before was cut short.
    `creates`, `changes` and `deletes` are the addresses that a plan of `commit` on it would act on, `outputs` how many
    outputs it would set. `accepted` differs between the cloud and the state and is taken as it is, `outside` differs
    and has to be answered for. `providers` are those that planned, with their versions.
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
    accepted: tuple[Sighting, ...] = ()
    outside: tuple[Sighting, ...] = ()
    engine: str = ""
    providers: tuple[str, ...] = ()
    left: LeftState | None = None
    done: bool = False
    in_place: bool = False

    @property
    def same(self) -> bool:
        """Whether a plan on the state changes nothing: then the commit is what is deployed."""
        return not (self.creates or self.changes or self.deletes or self.outputs)


@dataclass(frozen=True, slots=True)
class Settled:
    """A stack of which nothing is to be taken over: it was adopted or deployed before, at that commit. `same` is
    whether a plan changed nothing then. `target` is where its state is."""

    stack: Stack
    how: Literal["adopted", "deployed"]
    commit: str
    by: str
    at: datetime
    target: str
    same: bool = True


@dataclass(frozen=True, slots=True)
class Adopted:
    """How an adoption ended: the state as the target has it, its copy, and where the old file is now ("": no file)."""

    adoption: Adoption
    state: StateSnapshot
    backup: str
    put_aside: str


Result = Literal["ready", "later", "adopted", "settled", "refused"]
"""Whether a stack can be taken over, can once another one was, was now, or needs nothing; or why it cannot."""


@dataclass(frozen=True, slots=True)
class Row:
    """One stack of several that are taken over: what was found, and how it ended.

    `found` is missing where that is not known yet, or was not found. `after` are the stacks whose states a plan needs
    first. `why`, `hint` and `place` say why it cannot be taken over.
    """

    stack: str
    environment: str
    path: str
    result: Result
    found: Adoption | None = None
    settled: Settled | None = None
    done: Adopted | None = None
    after: tuple[str, ...] = ()
    why: str = ""
    hint: str = ""
    place: str = ""

    def refused(self, error: TerraceError) -> Row:
        """The row of a stack that cannot be taken over, because of an error."""
        return replace(
            self,
            result="refused",
            why=error.message,
            hint=error.hint or "",
            place=str(error.place) if error.place is not None else "",
        )


def without_shared_states(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows, with those refused that would take over one state for several stacks: a state is one stack's."""
    told = tuple(rows)
    owners: dict[str, list[str]] = {}
    for row in told:
        if row.found is not None and row.result == "ready":
            owners.setdefault(row.found.state.lineage, []).append(row.stack)
    found = []
    for row in told:
        mine = owners.get(row.found.state.lineage, []) if row.found is not None and row.result == "ready" else []
        if len(mine) > 1:
            others = ", ".join(key for key in mine if key != row.stack)
            assert row.found is not None, "only a found state has a lineage"
            row = replace(
                row,
                result="refused",
                why=f"{row.found.source} is the state of {others} too (lineage {row.found.state.lineage}): a state is "
                "one stack's",
                hint="adopt it for the stack whose it is (`terrace state adopt STACK`), and give the other one a state "
                "of its own, or take it out of terrace.yaml",
            )
        found.append(row)
    return tuple(found)
