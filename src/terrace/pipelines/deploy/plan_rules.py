"""Evaluation of a plan that is about to be applied, by the policies and the secret scan of the trust root.

A pull request may have been checked by older rules, or not at all. Here the current rules evaluate the very plan that
will be applied: what objects to it, and how risky is it?
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial

from msgspec import UNSET

from terrace.assess.model import Assessment, Finding, Objection, Status, Weight
from terrace.assess.risk import UNRECORDED, Counted, Evidence, Risk, evidence, together, weigh
from terrace.checks.base import Policies
from terrace.checks.secrets.masking import masked_findings
from terrace.checks.secrets.plan import find_exposed
from terrace.config.model import Config
from terrace.hcl.tree import Tree
from terrace.ledger.deployment import StepRecord
from terrace.ledger.events.steps import Detail
from terrace.ledger.model import History
from terrace.pipelines.check.enforcement import enforce
from terrace.pipelines.check.environment_facts import environment_facts
from terrace.pipelines.context import Context
from terrace.plans.model import Plan
from terrace.stacks.model import ChangeSet
from terrace.waivers.committed import valid_waivers
from terrace.waivers.content import contents
from terrace.waivers.judging import Waivers, waive


class PlanEvaluator:
    """Evaluates plans by the rules in `tree`, the tree of the trust root."""

    def __init__(self, config: Config, tree: Tree, policies: Policies, clock: Callable[[], datetime]) -> None:
        self._config = config
        self._tree = tree
        self._policies = policies
        self._clock = clock

    def __call__(self, plan: Plan) -> tuple[Finding, ...]:
        plans = {plan.stack.key: plan}
        checks: Mapping[str, Callable[[], tuple[Finding, ...]]] = {
            "policy": partial(self._policies.evaluate, self._config, plans),
            "plan-secrets": partial(find_exposed, plans),
        }
        enabled = {name: look for name, look in checks.items() if self._config.level(name) != "off"}
        findings = [finding for name, look in enabled.items() for finding in enforce(self._config, name, look)]
        known_checks, today = self._config.known_checks, self._clock().date()
        waived = waive(masked_findings(findings, plans), self._waivers, today, known_checks, contents(self._tree))
        if not self._waivers.unread:
            return waived
        why = f"(no waiver is applied: {' '.join(self._waivers.unread.split())})"
        return tuple(replace(f, message=f"{f.message} {why}") if f.blocks else f for f in waived)

    @cached_property
    def _waivers(self) -> Waivers:
        return valid_waivers(self._tree, self._config)


SHOWN = 50
"""Maximum number of findings of a plan that are recorded one by one; the rest is recorded as one."""


@dataclass(frozen=True, slots=True)
class PlanFindings:
    """The findings in one plan, and the evidence for its risk."""

    findings: tuple[Finding, ...]
    evidence: Evidence

    @property
    def objections(self) -> tuple[Objection, ...]:
        """The blocking findings as objections. None is left out silently."""
        held = list(dict.fromkeys(_objection(finding) for finding in self.findings if finding.blocks))
        if len(held) <= SHOWN:
            return tuple(held)
        rest = held[SHOWN:]
        more = Objection(rest[0].rule, rest[0].stack, f"{len(rest)} more places", "are blocked as well", Weight.HOLD)
        return (*held[:SHOWN], more)

    def detail(self) -> Detail:
        """Returns the findings and the risk for the record of the plan step."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            word = "advisory" if finding.advisory and finding.status is Status.FAIL else finding.status.value
            counts[word] = counts.get(word, 0) + 1
        risk = {
            name: (counted.number, tuple(message[:200] for message in counted.first))
            for name, counted in self.evidence.items()
        }
        return Detail(findings=dict(sorted(counts.items())), risk=risk)


def evaluate(context: Context, history: History, plan: Plan) -> PlanFindings:
    """Evaluates a plan by the current rules. An empty plan is not evaluated: it needs no approval."""
    if plan.is_empty:
        return PlanFindings((), {})
    findings = context.judge(plan)
    alone = Assessment(ChangeSet(plan.commit, plan.commit, (), ()), {plan.stack.key: plan}, {}, findings)
    around = environment_facts(context.config, history, (plan.stack.environment,), context.clock())
    return PlanFindings(findings, evidence(alone, around))


def risk_of(plans: Iterable[StepRecord]) -> Risk | None:
    """Returns the risk of several plans together, by their records; None where all of them are empty.

    A record without risk, written by an older Terrace, gets the highest risk.
    """
    parts = {record.stack: _evidence(record.detail) for record in plans if not record.detail.empty}
    return weigh(together(parts)) if parts else None


def _evidence(detail: Detail) -> Evidence:
    if detail.risk is UNSET:
        return UNRECORDED
    return {factor: Counted(number, first) for factor, (number, first) in detail.risk.items()}


def _objection(finding: Finding) -> Objection:
    doubt = "unknown: " if finding.status is Status.UNKNOWN else ""
    where = finding.address or finding.path or "the plan"
    return Objection(finding.rule, finding.stack or "", where, f"{doubt}{finding.message}", Weight.HOLD)
