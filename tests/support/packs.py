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


def evaluate_pack(plan: Plan) -> tuple[Finding, ...]:
    """What the pack says of a plan."""
    ran = Opa({"PATH": str(opa().parent)}).evaluate(PACK.parent, [PACK.name], view(plan))
    assert not ran.breakages
    return findings(ran.data, plan.stack.key)


def statuses_by_rule(findings_of_pack: Sequence[Finding]) -> dict[str, dict[str, str]]:
    """Findings as a test writes them down: rule -> address -> status."""
    statuses: dict[str, dict[str, str]] = {}
    for finding in sorted(findings_of_pack, key=lambda f: (f.rule, f.address or "", f.status.value)):
        statuses.setdefault(finding.rule, {}).setdefault(finding.address or "", finding.status.value)
    return statuses
