"""The words and colors of outcomes and results in a terminal."""

from __future__ import annotations

from terrace.gates.model import Outcome

OUTCOMES = {Outcome.PASS: ("pass ", "green"), Outcome.WAIT: ("wait ", "yellow"), Outcome.BLOCK: ("block", "red")}

RESULT_STYLES = {
    "succeeded": "green",
    "deployed": "green",
    "waiting": "yellow",
    "deploying": "yellow",
    "held": "yellow",
    "failed": "red",
    "unknown": "red",
    "blocked": "red",
    "clean": "green",
    "drifted": "red",
}
