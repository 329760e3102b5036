"""The gate for changes from outside that an apply would write into the state, so that no later plan shows them."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.config.naming import quote_text
from terrace.gates.gate import Request, passes, waits
from terrace.gates.model import GateResult


def absorption(request: Request) -> Iterator[GateResult]:
    """A person acknowledged each of these changes by name."""
    for one in request.plans.absorbed:
        what = f"{one.stack}: {one.address} was changed outside ({', '.join(one.paths)})"
        if one.by:
            yield passes(f"{what}, which {one.by} acknowledged")
            continue
        how = f"revert it, or run `terrace drift ack {request.environment.name} {quote_text(one.address)} --reason WHY`"
        yield waits(f"{what}, and an apply would hide the change permanently: {how}", how)
