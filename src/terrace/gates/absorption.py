"""What an apply would write into the state as it is, so that no later plan shows it: somebody must answer for it."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.naming import quote_text
from terrace.gates.model import GateResult, Outcome
from terrace.stacks.model import Destruction, Origin

GATE = "absorption"


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A change from outside, about security, that an apply would take over. `by` answers for it; "": nobody does."""

    stack: str
    address: str
    paths: tuple[str, ...]
    by: str = ""


def absorption(environment: str, origin: Origin, found: tuple[Absorbed, ...]) -> tuple[GateResult, ...]:
    """One answer for each of them: it waits until somebody has acknowledged it by name. What is taken down hides
    nothing."""
    if isinstance(origin, Destruction):
        return ()
    return tuple(_answer(environment, one) for one in found)


def _answer(environment: str, one: Absorbed) -> GateResult:
    what = f"{one.stack}: {one.address} was changed outside ({', '.join(one.paths)})"
    if one.by:
        return GateResult(GATE, Outcome.PASS, f"{what}, which {one.by} acknowledged")
    how = f"change it back, or `terrace drift ack {environment} {quote_text(one.address)} --reason WHY`"
    return GateResult(GATE, Outcome.WAIT, f"{what}, and an apply would hide that for good: {how}", how)
