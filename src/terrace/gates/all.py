"""All gates, in the order in which they are evaluated and shown.

To add one, write a function from a `Request` to results, and add it to `GATES`.
"""

from __future__ import annotations

from typing import Final

from terrace.gates.adopted_drift import check_absorption
from terrace.gates.approvals.gate import check_approvals, check_rejections
from terrace.gates.commit import check_forward, check_promotion, check_protected_branch, check_reviews, check_soak
from terrace.gates.deployment import check_clock, check_newer_deployment, check_opening, check_reach, check_state
from terrace.gates.environment import (
    check_hold,
    check_other_work,
    check_protection,
    check_remediation,
    check_unread_events,
)
from terrace.gates.gate import ALL_ORIGINS, RELEASES, Gate, Moment
from terrace.gates.model import GateResult
from terrace.gates.objections import check_objections, check_policy
from terrace.gates.risk import check_risk
from terrace.stacks.model import Destruction, Remediation

_CHECK, _ENTRY, _PLAN, _APPLY = Moment.CHECK, Moment.ENTRY, Moment.PLAN, Moment.APPLY

HELD: Final = Gate("held", check_hold, frozenset({_CHECK, _ENTRY, _APPLY}), RELEASES | {Remediation})
APPROVALS: Final = Gate("approvals", check_approvals, frozenset({_CHECK, _APPLY}))
OPENING: Final = Gate("opening", check_opening, frozenset({_PLAN}))
POLICY: Final = Gate("policy", check_policy, frozenset({_APPLY}))
OBJECTIONS: Final = Gate("objections", check_objections, frozenset({_APPLY}))

HEALTH: Final = Gate("health", lambda request: (), frozenset())
"""Evaluated by the rollout itself, once the plans are applied."""

GATES: tuple[Gate, ...] = (
    HELD,
    Gate("held", check_unread_events, frozenset({_CHECK, _ENTRY, _APPLY})),
    Gate("clock", check_clock, frozenset({_CHECK, _ENTRY, _PLAN}), delays_planning=True),
    OPENING,
    Gate("busy", check_other_work, frozenset({_CHECK, _ENTRY, _PLAN})),
    Gate("protected-branch", check_protected_branch, frozenset({_ENTRY, _PLAN, _APPLY}), delays_planning=True),
    Gate("rejected", check_rejections, frozenset({_ENTRY}), RELEASES | {Remediation}),
    Gate("forward", check_forward, frozenset({_CHECK, _ENTRY, _PLAN}), RELEASES),
    Gate("reviewed", check_reviews, frozenset({_CHECK, _ENTRY, _PLAN}), RELEASES),
    Gate("protected", check_protection, frozenset({_CHECK, _ENTRY, _PLAN, _APPLY}), frozenset({Destruction})),
    Gate("remediation", check_remediation, frozenset({_CHECK, _ENTRY, _PLAN}), frozenset({Remediation})),
    Gate("promotion", check_promotion, frozenset({_CHECK, _ENTRY, _PLAN}), RELEASES),
    Gate("soak", check_soak, frozenset({_CHECK, _ENTRY, _PLAN}), RELEASES),
    Gate("overtaken", check_newer_deployment, frozenset({_ENTRY})),
    Gate("state", check_state, frozenset({_PLAN})),
    POLICY,
    OBJECTIONS,
    Gate("absorption", check_absorption, frozenset({_APPLY}), ALL_ORIGINS - {Destruction}),
    Gate("risk", check_risk, frozenset({_CHECK, _APPLY})),
    APPROVALS,
    Gate("reach", check_reach, frozenset({_APPLY})),
    HEALTH,
)
"""The gates of Terrace."""


def is_of(result: GateResult, gate: Gate) -> bool:
    """Returns whether a gate of this name gave a result."""
    return result.gate == gate.name
