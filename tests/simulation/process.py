"""Processes of the simulation: each may die, break or be overtaken wherever it touches anything outside of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from support.ledgers import MemoryLedger
from terrace.ledger.deployment import Holder
from terrace.ledger.event import Event
from terrace.ledger.model import Draft, History


class Killed(BaseException):
    """kill -9: nothing of the process runs on."""


@dataclass
class Machine:
    """A computer. `locks` are held by processes; a new boot has a new number."""

    name: str
    boot: int = 0
    locks: dict[str, int] = field(default_factory=dict)
    alive: set[int] = field(default_factory=set)


class Mischief(Protocol):
    """What befalls processes."""

    def before(self, process: Process, what: str) -> None:
        """Asked before a process touches something; may raise, and nothing was touched."""
        ...

    def after(self, process: Process, what: str) -> None:
        """Asked after it did; may raise, and it is done all the same."""
        ...


class Calm:
    """Nothing ever happens."""

    def before(self, process: Process, what: str) -> None:
        """Nothing."""

    def after(self, process: Process, what: str) -> None:
        """Nothing."""


@dataclass
class Process:
    """One command that somebody gave on a machine."""

    pid: int
    actor: str
    machine: Machine
    mischief: Mischief
    alive: bool = True

    @contextmanager
    def touching(self, what: str) -> Iterator[None]:
        """Around everything that reaches out of the process."""
        self._live()
        self.mischief.before(self, what)
        self._live()
        yield
        self.mischief.after(self, what)
        self._live()

    def kill(self) -> None:
        """End it at once."""
        self.alive = False
        self.machine.alive.discard(self.pid)
        raise Killed

    def _live(self) -> None:
        # Other threads of it may still run: they touch nothing any more either.
        if not self.alive:
            raise Killed


class QuickLedger(MemoryLedger):
    """A ledger whose chain is not verified at every look, only when it is asked for."""

    def read(self) -> History:
        """All events."""
        return self._known()


class ProcessLedger:
    """The ledger as one process reaches it."""

    def __init__(self, ledger: QuickLedger, process: Process) -> None:
        self._ledger = ledger
        self._process = process

    def read(self) -> History:
        """All events."""
        with self._process.touching("ledger.read"):
            return self._ledger.read()

    def read_unchecked(self) -> tuple[Event, ...]:
        """All events."""
        return self._ledger.read_unchecked()

    def append(self, drafts: Sequence[Draft], *, head: str) -> History:
        """All drafts or none; the answer may get lost."""
        with self._process.touching("ledger.append"):
            return self._ledger.append(drafts, head=head)


class MemoryLeases:
    """Locks of a machine, freed with their process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def holder(self, who: str, environment: str = "") -> Holder:
        """This process."""
        machine = self._process.machine
        return Holder(machine.name, f"boot-{machine.boot}", self._process.pid, who)

    @contextmanager
    def hold(self, environment: str) -> Iterator[bool]:
        """The environment's lock, if it is free."""
        locks = self._process.machine.locks
        if environment in locks:
            yield False
            return
        locks[environment] = self._process.pid
        try:
            yield True
        finally:
            del locks[environment]

    def is_dead(self, holder: Holder, environment: str) -> bool:
        """Only of this very boot of this machine anything can be told."""
        here = self.holder("")
        same = (holder.host, holder.boot) == (here.host, here.boot)
        return same and (holder.pid == here.pid or holder.pid not in self._process.machine.alive)


Clock = Callable[[], datetime]
