"""The word of the process that drives a deployment: start now. It is good for a few seconds only."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

FRESH_SECONDS = 10.0
"""How long after the last look at the ledger began Terraform may still be started."""

DRIFT_SECONDS = 2.0
"""How far the two clocks may move apart meanwhile. A machine that was paused finds its wall clock moved."""


def _since_boot() -> float:
    # Counts on while the machine sleeps, and cannot be set.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Word:
    """When the last look at the ledger began, by both clocks."""

    since_boot: float
    wall: float

    @staticmethod
    def now() -> Word:
        """Returns the word of this moment; to be taken before the ledger is read."""
        return Word(_since_boot(), time.time())

    @staticmethod
    def read(line: bytes) -> Word | None:
        """Reads what `line` wrote; None when it is something else."""
        try:
            told = json.loads(line)
            return Word(float(told["since_boot"]), float(told["wall"]))
        except (ValueError, TypeError, KeyError):
            return None

    def line(self) -> bytes:
        """Returns it as it is sent."""
        return json.dumps(asdict(self)).encode() + b"\n"

    def stale(self) -> str:
        """Says why it is too old to be acted on; "" while it is good."""
        passed, walled = _since_boot() - self.since_boot, time.time() - self.wall
        if not 0 <= passed <= FRESH_SECONDS:
            return f"the ledger was read {passed:.0f} s ago: too long to start an apply on"
        if abs(walled - passed) > DRIFT_SECONDS:
            return "the clock was set, or the machine was paused, since the ledger was read"
        return ""
