"""The current work of Terraform in one stack, from its progress messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terrace.plans.ports import Progress


@dataclass(frozen=True, slots=True)
class RunningChange:
    """One resource that is being changed. `since` is a moment in seconds, on the clock of `Activity.add`."""

    address: str
    action: str
    since: float


class Activity:
    """The numbers of one run of Terraform, and the changes that have begun. `read`, `planned` and `changed` are numbers
    of resources, `failed` the number of failed changes.
    """

    def __init__(self) -> None:
        self._read: set[str] = set()
        self._running: dict[str, RunningChange] = {}
        self.planned = 0
        self.changed = 0
        self.failed = 0

    def add(self, progress: Progress, now: float) -> None:
        """Takes the next message, which arrived at `now` (seconds of a monotonic clock)."""
        address = progress.address
        match progress.phase:
            case "refresh":
                self._read.add(address)
            case "plan":
                self.planned += 1
            case "start":
                self._running[address] = RunningChange(address, progress.action, now)
            case "progress":
                since = now - progress.seconds
                self._running.setdefault(address, RunningChange(address, progress.action, since))
            case "done" | "failed":
                self._running.pop(address, None)
                self.changed += progress.phase == "done"
                self.failed += progress.phase == "failed"

    @property
    def read(self) -> int:
        """The number of resources that were read."""
        return len(self._read)

    @property
    def running(self) -> tuple[RunningChange, ...]:
        """The changes that have begun and not ended, the oldest first."""
        return tuple(sorted(self._running.values(), key=lambda change: (change.since, change.address)))
