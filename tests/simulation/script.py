"""Bad luck by script: something happens at one exact moment of a history."""

from __future__ import annotations

from collections.abc import Callable

from simulation.choices import Choices
from simulation.people import People
from simulation.process import Process

When = Callable[[Process], bool]
"""Whether a moment is the one that is meant."""


class Script:
    """Has things happen at moments that are called like "before ledger.append": each once, and nothing else ever."""

    def __init__(self) -> None:
        self._due: list[tuple[str, When, Callable[[Process], object]]] = []

    def at(self, moment: str, what: Callable[[Process], object], when: When = lambda process: True) -> None:
        """Have something happen at the first such moment at which `when` holds."""
        self._due.append((moment, when, what))

    def before(self, process: Process, what: str) -> None:
        """What is due before that."""
        self._happen(f"before {what}", process)

    def after(self, process: Process, what: str) -> None:
        """What is due after that."""
        self._happen(f"after {what}", process)

    def _happen(self, moment: str, process: Process) -> None:
        for one in self._due:
            if one[0] == moment and one[1](process):
                self._due.remove(one)
                one[2](process)
                return


def staged(given: bytes = b"") -> tuple[People, Script]:
    """A world in which nothing happens that is not in the script."""
    script = Script()
    return People(Choices(given), script), script


def kill(process: Process) -> None:
    """kill -9."""
    process.kill()
