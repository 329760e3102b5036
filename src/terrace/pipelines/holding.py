"""An environment is held, or let go, because somebody says so."""

from __future__ import annotations

from typing import Literal

from terrace.ledger import folds, kinds
from terrace.ledger.model import Draft, History, Ledger
from terrace.pipelines.journal import append


def hold(
    ledger: Ledger,
    environment: str,
    actor: str,
    reason: str,
    kind: Literal["environment.held", "environment.unheld"],
) -> History:
    """Write that it is held or let go, and return the history. What stands already is not written again."""

    def decide(history: History) -> tuple[Draft, ...]:
        now = folds.hold(history, environment)
        # One that came with a deployment ends with it: what people hold stays, and so is written all the same.
        is_held = now is not None and not now.deployment
        already = is_held if kind == kinds.ENVIRONMENT_HELD else now is None
        return () if already else (Draft(kind, environment, actor, {"reason": reason}),)

    return append(ledger, ledger.read(), decide)
