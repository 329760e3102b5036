"""An environment is held, or let go, because somebody says so."""

from __future__ import annotations

from typing import Literal

from terrace.errors import BadInput
from terrace.ledger import folds, kinds
from terrace.ledger.model import Draft, History, Ledger
from terrace.pipelines.journal import append


def hold(
    ledger: Ledger,
    environment: str,
    actor: str,
    reason: str,
    kind: Literal["environment.held", "environment.unheld"],
    people: int,
) -> History:
    """Write that it is held or let go, and return the history. What stands already is not written again.

    Raises BadInput where it is to be let go and nobody knows what a deployment did there: so many `people` have to
    answer for that first.
    """

    def decide(history: History) -> tuple[Draft, ...]:
        left = folds.unsettled(history, environment, people) if kind == kinds.ENVIRONMENT_UNHELD else None
        if left is not None:
            raise BadInput(
                f"{environment} stays held: what deployment {left.id} did is not known",
                hint=f"`terrace resume {environment}` looks at what it left and asks what has to be known",
            )
        now = folds.hold(history, environment)
        # One that came with a deployment ends with it: what people hold stays, and so is written all the same.
        is_held = now is not None and not now.deployment
        already = is_held if kind == kinds.ENVIRONMENT_HELD else now is None
        return () if already else (Draft(kind, environment, actor, {"reason": reason}),)

    return append(ledger, ledger.read(), decide)
