"""The gate for changes from outside that an apply would write into the state, so that no later plan shows them."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.config.naming import quote_text
from terrace.gates.gate import Request, passes, waits
from terrace.gates.model import GateResult


def check_absorption(request: Request) -> Iterator[GateResult]:
    """A person acknowledged each of these changes by name."""
    for absorbed in request.plans.absorbed:
        change = f"{absorbed.stack}: {absorbed.address} was changed outside ({', '.join(absorbed.paths)})"
        if absorbed.by:
            yield passes(f"{change}, which {absorbed.by} acknowledged")
            continue
        ack = f"terrace drift ack {request.environment.name} {quote_text(absorbed.address)} --reason WHY"
        how = f"revert it, or run `{ack}`"
        yield waits(f"{change}, and an apply would hide the change permanently: {how}", how)
