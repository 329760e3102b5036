"""Gates about the deployment itself: its opening event, its states, the run and the machine that it uses."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.gates.gate import Request, blocks, passes, waits
from terrace.gates.model import GateResult

HANDED_OVER = "planned by a run that does not apply"
"""The only reason of a deployment that another run can continue immediately."""


def check_clock(request: Request) -> Iterator[GateResult]:
    """The clock of this machine is trusted: soak, bake and expiry depend on it."""
    if request.facts.clock is not None:
        yield waits(*request.facts.clock)


def check_opening(request: Request) -> Iterator[GateResult]:
    """The claims of the opening event follow from facts."""
    if request.facts.unfounded:
        how = (
            "nothing was applied. Find out who wrote the event (`terrace ledger verify`), then start the intended"
            f" deployment with `terrace deploy {request.environment.name}`"
        )
        yield blocks("; ".join(request.facts.unfounded), how)
    else:
        yield passes("its opening event matches the facts")


def check_state(request: Request) -> Iterator[GateResult]:
    """No stack is planned on the state of another one."""
    if request.facts.owner_unknown:
        reason = f"Terrace cannot determine which stack owns the state: {request.facts.owner_unknown}"
        yield blocks(reason, "run the command again")
    for foreign in request.facts.foreign_states:
        how = (
            "give it its own backend address and merge that; if both stacks use one state on purpose, make them one"
            " stack"
        )
        yield blocks(foreign, how)


def check_newer_deployment(request: Request) -> Iterator[GateResult]:
    """No other deployment was opened while this one was prepared."""
    if request.facts.overtaken_by:
        reason = (
            f"deployment {request.facts.overtaken_by} started in {request.environment.name} while this one was being"
            " prepared"
        )
        yield blocks(reason, "see `terrace status`, and run the command again if you still want this deployment")


def check_reach(request: Request) -> Iterator[GateResult]:
    """This run is allowed to apply."""
    if not request.facts.may_apply:
        yield waits(HANDED_OVER, f"`terrace resume {request.environment.name}` in a run that is allowed to apply")
