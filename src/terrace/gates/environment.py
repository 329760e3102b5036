"""Gates about the environment: its hold, its protection, other work in progress there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from terrace.gates.gate import Moment, Request, blocks, passes, waits
from terrace.gates.model import GateResult


def check_hold(request: Request) -> Iterator[GateResult]:
    """The environment is not on hold."""
    environment, facts = request.environment.name, request.facts
    if facts.held is None:
        yield passes(f"{environment} accepts deployments")
        return
    how = f"`terrace unhold {environment} --reason WHY` once this is resolved"
    if facts.unsettled:
        how = (
            f"`terrace resume {environment}` examines the leftovers of deployment {facts.unsettled} and recovers it."
            " The hold cannot be released before that"
        )
    yield _waits_when_open(request)(f"{environment} is on hold: {facts.held}", how)


def check_unread_events(request: Request) -> Iterator[GateResult]:
    """No invalid ledger event may be about the environment: it could be a rejection, or an unknown outcome."""
    if request.facts.unread is not None:
        problem, how = request.facts.unread
        yield _waits_when_open(request)(f"{request.environment.name} is on hold: {problem}", how)


def _waits_when_open(request: Request) -> Callable[[str, str], GateResult]:
    """An open deployment waits for the end of a hold; others are not opened during one."""
    return waits if request.moment is Moment.APPLY else blocks


def check_other_work(request: Request) -> Iterator[GateResult]:
    """Nothing else is in progress in the environment."""
    environment, work = request.environment.name, request.facts.busy
    if work is not None:
        how = (
            f"wait until it has finished, or run `terrace resume {environment}` if its process is no longer running"
            " (with --dead WHY if this machine cannot verify that)"
        )
        yield waits(f"{environment} is busy: {work}", how)
    elif request.moment is not Moment.PLAN:
        yield passes("no other work is in progress")


def check_protection(request: Request) -> Iterator[GateResult]:
    """A protected environment is never destroyed."""
    name = request.environment.name
    if request.environment.protected:
        how = f"to allow it, merge `environments.{name}.protected: false` in terrace.yaml"
        yield blocks(f"{name} is protected and cannot be destroyed", how)
    else:
        yield passes(f"{name} can be destroyed")


def check_remediation(request: Request) -> Iterator[GateResult]:
    """terrace.yaml allows Terrace to revert drift in the environment."""
    name = request.environment.name
    if request.environment.drift.remediate is not None:
        yield passes(f"{name} allows Terrace to revert drift")
    else:
        how = f"allow it in terrace.yaml: `environments.{name}.drift.remediate`"
        yield blocks(f"remediation is off in {name}", how)
