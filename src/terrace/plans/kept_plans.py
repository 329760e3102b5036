"""The plans of deployments, kept so that approvers and `terrace show` see what changes; the Protocol of their store.

The ledger has addresses only: values would be readable there forever. A kept plan has its sensitive values masked, is
encrypted, and is removed after a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from terrace.plans.model import Plan, ResourceChange

KEPT_DAYS = 30
"""Days for which a plan is kept."""


@dataclass(frozen=True, slots=True)
class PlanName:
    """Names the plan of one plan step of a deployment."""

    environment: str
    deployment: str
    attempt: str


class KeptPlans(Protocol):
    """Stores plans by name."""

    def keep(self, name: PlanName, plan: Plan) -> None:
        """Stores a plan, and removes those that are older than `KEPT_DAYS`. Raises NotReady where it cannot."""
        ...

    def find(self, name: PlanName) -> Plan | None:
        """Returns a plan; None where it is not kept. Raises NotReady without the key or the store, Corrupt where it was
        changed."""
        ...


class NoKeptPlans:
    """Keeps nothing."""

    def keep(self, name: PlanName, plan: Plan) -> None:
        """Does nothing."""

    def find(self, name: PlanName) -> Plan | None:
        """Returns None."""
        return None


@dataclass(frozen=True, slots=True)
class PlannedChanges:
    """The kept plans of a deployment by the stack's key, and for the others why they cannot be shown."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


def reduce(plan: Plan) -> Plan:
    """Returns the part of a masked plan that people read: what it changes, and what was said about it."""
    return replace(
        plan,
        changes=tuple(_reduce(change) for change in plan.effective),
        drift=(),
        links=(),
        references=(),
        moving=(),
        origins={},
        shown=b"",
        unmarked=(),
        secrets=(),
    )


def _reduce(change: ResourceChange) -> ResourceChange:
    return replace(change, documents={}, taken={}, filled=(), evaluated={})
