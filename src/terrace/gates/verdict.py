"""The verdict of all gates on a request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.gates.all import GATES
from terrace.gates.gate import Gate, Moment, Request
from terrace.gates.model import GateResult, Outcome, Verdict


def decide(request: Request, gates: Iterable[Gate] = GATES) -> Verdict:
    """Returns the results of every gate that applies to a request, so that all reasons are shown together.

    Before an apply, gates that passed at the entry are shown again only when they do not pass.
    """
    return Verdict(request.environment.name, tuple(_results(request, gates)))


def planning(request: Request, gates: Iterable[Gate] = GATES) -> Verdict:
    """Returns whether an open deployment can be planned at all.

    A gate that only waits does not delay planning, except one with `delays_planning`.
    """
    results = (
        result
        for gate in gates
        for result in gate.results(request)
        if gate.delays_planning or result.outcome is not Outcome.WAIT
    )
    return Verdict(request.environment.name, tuple(results))


def _results(request: Request, gates: Iterable[Gate]) -> Iterator[GateResult]:
    for gate in gates:
        again = request.moment is Moment.APPLY and Moment.ENTRY in gate.at
        yield from (result for result in gate.results(request) if not (again and result.outcome is Outcome.PASS))
