"""The start signal of the process that runs a deployment. It is valid for a few seconds only."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

FRESH_SECONDS = 10.0
"""Maximum time between the start of the last read of the ledger and the start of Terraform, in seconds."""

DRIFT_SECONDS = 2.0
"""Maximum difference between the two clocks. The wall clock of a paused machine jumps."""


def _since_boot() -> float:
    # Includes suspend, and cannot be set.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class StartSignal:
    """The start of the last read of the ledger, by both clocks."""

    since_boot: float
    wall: float

    @staticmethod
    def now() -> StartSignal:
        """Returns the signal of this moment. Called before the ledger is read."""
        return StartSignal(_since_boot(), time.time())

    @staticmethod
    def read(line: bytes) -> StartSignal | None:
        """Decodes the result of `line`; returns None for anything else."""
        try:
            signal = json.loads(line)
            return StartSignal(float(signal["since_boot"]), float(signal["wall"]))
        except (ValueError, TypeError, KeyError):
            return None

    def line(self) -> bytes:
        """Returns it encoded."""
        return json.dumps(asdict(self)).encode() + b"\n"

    def why_stale(self) -> str:
        """Returns why it is too old; "" while it is valid."""
        passed, walled = _since_boot() - self.since_boot, time.time() - self.wall
        if not 0 <= passed <= FRESH_SECONDS:
            return f"the ledger was read {passed:.0f} s ago, too long ago to start an apply"
        if abs(walled - passed) > DRIFT_SECONDS:
            return "the clock was changed or the machine was paused after the ledger was read"
        return ""
