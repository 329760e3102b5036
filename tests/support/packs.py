"""The policy pack over a plan, as a check runs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from support.tools import opa
from terrace.adapters.opa.engine import Opa
from terrace.assess.model import Finding
from terrace.checks.policy.rego import findings
from terrace.checks.policy.view import view
from terrace.plans.model import Plan

PACK = Path(__file__).parents[2] / "src/terrace/checks/policy/pack"


def judged(plan: Plan) -> tuple[Finding, ...]:
    """What the pack says of a plan."""
    ran = Opa({"PATH": str(opa().parent)}).evaluate(PACK.parent, [PACK.name], view(plan))
    assert not ran.breakages
    return findings(ran.data, plan.stack.key)


def told(found: Sequence[Finding]) -> dict[str, dict[str, str]]:
    """Findings as a test writes them down: rule -> address -> status."""
    said: dict[str, dict[str, str]] = {}
    for one in sorted(found, key=lambda f: (f.rule, f.address or "", f.status.value)):
        said.setdefault(one.rule, {}).setdefault(one.address or "", one.status.value)
    return said
