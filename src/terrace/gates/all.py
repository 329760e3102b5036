"""All gates, in the order in which they are evaluated and shown.

To add one, write a function from a `Request` to results, and add it to `GATES`.
"""

from __future__ import annotations

from typing import Final

from terrace.gates.adopted_drift import absorption
from terrace.gates.approvals.gate import approvals, rejected
from terrace.gates.commit import forward, promotion, protected_branch, reviewed, soak
from terrace.gates.deployment import clock, opening, overtaken, reach, state
from terrace.gates.environment import busy, held, protected, remediation, unread
from terrace.gates.gate import ALL_ORIGINS, RELEASES, Gate, Moment
from terrace.gates.model import GateResult
from terrace.gates.objections import objections, policy
from terrace.gates.risk import risk
from terrace.stacks.model import Destruction, Remediation

_CHECK, _ENTRY, _PLAN, _APPLY = Moment.CHECK, Moment.ENTRY, Moment.PLAN, Moment.APPLY

HELD: Final = Gate("held", held, frozenset({_CHECK, _ENTRY, _APPLY}), RELEASES | {Remediation})
APPROVALS: Final = Gate("approvals", approvals, frozenset({_CHECK, _APPLY}))
OPENING: Final = Gate("opening", opening, frozenset({_PLAN}))
POLICY: Final = Gate("policy", policy, frozenset({_APPLY}))
OBJECTIONS: Final = Gate("objections", objections, frozenset({_APPLY}))

HEALTH: Final = Gate("health", lambda request: (), frozenset())
"""Evaluated by the rollout itself, once the plans are applied."""

GATES: tuple[Gate, ...] = (
    HELD,
    Gate("held", unread, frozenset({_CHECK, _ENTRY, _APPLY})),
    Gate("clock", clock, frozenset({_CHECK, _ENTRY, _PLAN}), delays_planning=True),
    OPENING,
    Gate("busy", busy, frozenset({_CHECK, _ENTRY, _PLAN})),
    Gate("protected-branch", protected_branch, frozenset({_ENTRY, _PLAN, _APPLY}), delays_planning=True),
    Gate("rejected", rejected, frozenset({_ENTRY}), RELEASES | {Remediation}),
    Gate("forward", forward, frozenset({_CHECK, _ENTRY, _PLAN}), RELEASES),
    Gate("reviewed", reviewed, frozenset({_CHECK, _ENTRY, _PLAN}), RELEASES),
    Gate("protected", protected, frozenset({_CHECK, _ENTRY, _PLAN, _APPLY}), frozenset({Destruction})),
    Gate("remediation", remediation, frozenset({_CHECK, _ENTRY, _PLAN}), frozenset({Remediation})),
    Gate("promotion", promotion, frozenset({_CHECK, _ENTRY, _PLAN}), RELEASES),
    Gate("soak", soak, frozenset({_CHECK, _ENTRY, _PLAN}), RELEASES),
    Gate("overtaken", overtaken, frozenset({_ENTRY})),
    Gate("state", state, frozenset({_PLAN})),
    POLICY,
    OBJECTIONS,
    Gate("absorption", absorption, frozenset({_APPLY}), ALL_ORIGINS - {Destruction}),
    Gate("risk", risk, frozenset({_CHECK, _APPLY})),
    APPROVALS,
    Gate("reach", reach, frozenset({_APPLY})),
    HEALTH,
)
"""The gates of Terrace."""


def is_of(result: GateResult, gate: Gate) -> bool:
    """Returns whether a gate of this name gave a result."""
    return result.gate == gate.name
