"""The truth: what is really there and what was really done, whatever anybody wrote down about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from terrace.errors import StateLock
from terrace.plans.ports import RunOutcome, StateSnapshot


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of the cloud."""

    id: str
    value: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What an apply does to one address. `action`: create, update, delete, import or no-op."""

    action: str
    address: str
    before: str | None = None
    after: str | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan on disk. `fails`: its last change is going to fail."""

    sha256: str
    stack: str
    lineage: str
    serial: int
    changes: tuple[Change, ...]
    document: bytes
    fails: bool = False


@dataclass
class Estate:
    """One stack: `things` exist, `known` are those that its state has, with the id that it has of them."""

    things: dict[str, Thing] = field(default_factory=dict)
    known: dict[str, Thing] = field(default_factory=dict)
    lineage: str = ""
    serial: int = -1
    lock: StateLock | None = None
    tampered: bool = False

    def state(self) -> StateSnapshot:
        """The state as the backend has it."""
        if not self.lineage:
            return StateSnapshot(b"")
        return StateSnapshot(self.written(self.serial), self.lineage, self.serial, "1.11.4")

    def written(self, serial: int, known: Mapping[str, Thing] | None = None) -> bytes:
        """A state file of what is known, or of something else."""
        resources = [
            {
                "mode": "managed",
                "type": address.partition(".")[0],
                "name": address.partition(".")[2],
                "instances": [{"attributes": {"id": one.id, "input": one.value}}],
            }
            for address, one in sorted((self.known if known is None else known).items())
        ]
        whole = {"version": 4, "serial": serial, "lineage": self.lineage, "outputs": {}, "resources": resources}
        return json.dumps(whole).encode()

    def put(self, content: bytes) -> None:
        """Take a state file for the state."""
        given = json.loads(content)
        known = {}
        for one in given["resources"]:
            attributes = one["instances"][0]["attributes"]
            address = f"{one['type']}.{one['name']}"
            there = self.things.get(address)
            known[address] = there or Thing(attributes["id"], attributes["input"], datetime.min)
        self.known, self.lineage, self.serial = known, given["lineage"], given["serial"]


@dataclass
class Run:
    """An apply in a process of its own. `folder`: it is prepared and was not started; `withdrawn`: it never will be.

    `boot` is the one of its machine that has its permit to start in memory.
    """

    attempt: str
    machine: str
    plan: SavedPlan
    began: datetime
    boot: int = 0
    phase: Literal["folder", "withdrawn", "running", "ended", "dead"] = "folder"
    outcome: RunOutcome | None = None
    made: list[tuple[str, str]] = field(default_factory=list)
    in_flight: list[str] = field(default_factory=list)
    destroyed: list[str] = field(default_factory=list)
    unsaved: bytes = b""

    @property
    def unknown(self) -> bool:
        """Whether nobody can know from its end alone what it did."""
        return self.phase == "dead" or (self.outcome is not None and self.outcome.unsaved_state is not None)


class Cloud:
    """All stacks. `twice` names what was made although it was there; `touched` counts changes."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.estates = {key: Estate() for key in keys}
        self.twice: list[str] = []
        self.touched = 0
        self._made = 0

    def perform(self, stack: str, change: Change, now: datetime) -> str:
        """Do one change for real and return the id of what was made, if anything."""
        self.touched += 1
        things = self.estates[stack].things
        if change.action == "create":
            if change.address in things:
                self.twice.append(f"{stack}: {change.address}")
            self._made += 1
            things[change.address] = Thing(f"id-{self._made}", change.after or "", now)
            return things[change.address].id
        if change.action == "delete":
            things.pop(change.address, None)
        elif change.address in things and change.after != change.before:
            things[change.address] = Thing(things[change.address].id, change.after or "", now)
        return ""

    def record(self, stack: str, changes: Iterable[Change]) -> dict[str, Thing]:
        """What the state knows once it has noted these changes."""
        estate = self.estates[stack]
        known = dict(estate.known)
        for change in changes:
            if change.action == "delete":
                known.pop(change.address, None)
            elif change.address in estate.things:
                known[change.address] = estate.things[change.address]
        return known
