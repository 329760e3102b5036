"""What the rules say of a plan that a deployment made: what speaks against it, and how risky it is.

A pull request was checked, perhaps by rules of then, perhaps not at all; this is asked of the very plan that will be
applied, by the rules of now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import UNSET

from terrace.assess.model import Assessment, Finding, Objection, Status, Weight
from terrace.assess.risk import UNTOLD, Counted, Evidence, Risk, evidence, together, weigh
from terrace.ledger.deployment import StepRecord
from terrace.ledger.events.steps import Detail
from terrace.ledger.model import History
from terrace.pipelines.check.surroundings import surroundings
from terrace.pipelines.crew import Crew
from terrace.plans.model import Plan
from terrace.stacks.model import ChangeSet

SHOWN = 50
"""How many findings of a plan are written down one by one; the others as one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found in one plan, and what it counts for."""

    findings: tuple[Finding, ...]
    evidence: Evidence

    @property
    def objections(self) -> tuple[Objection, ...]:
        """What holds it, as objections. None is left out silently."""
        held = list(dict.fromkeys(_objection(finding) for finding in self.findings if finding.blocks))
        if len(held) <= SHOWN:
            return tuple(held)
        rest = held[SHOWN:]
        more = Objection(rest[0].rule, rest[0].stack, f"{len(rest)} more places", "are held as well", Weight.HOLD)
        return (*held[:SHOWN], more)

    def detail(self) -> Detail:
        """Returns the part of a plan's detail that says what was found."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            word = "advisory" if finding.advisory and finding.status is Status.FAIL else finding.status.value
            counts[word] = counts.get(word, 0) + 1
        risk = {name: (one.number, tuple(what[:200] for what in one.first)) for name, one in self.evidence.items()}
        return Detail(findings=dict(sorted(counts.items())), risk=risk)


def judged(crew: Crew, history: History, plan: Plan) -> Judged:
    """Ask the rules of now. A plan that does nothing is asked nothing: nobody is asked to let it in."""
    if plan.is_empty:
        return Judged((), {})
    findings = crew.judge(plan)
    alone = Assessment(ChangeSet(plan.commit, plan.commit, (), ()), {plan.stack.key: plan}, {}, findings)
    around = surroundings(crew.config, history, (plan.stack.environment,), crew.clock())
    return Judged(findings, evidence(alone, around))


def risk_of(plans: Iterable[StepRecord]) -> Risk | None:
    """How risky plans are together, by their records; None where none of them does anything.

    A record that does not say (an older Terrace wrote it) counts as the worst.
    """
    parts = {record.stack: _evidence(record.detail) for record in plans if not record.detail.empty}
    return weigh(together(parts)) if parts else None


def _evidence(detail: Detail) -> Evidence:
    if detail.risk is UNSET:
        return UNTOLD
    return {factor: Counted(number, first) for factor, (number, first) in detail.risk.items()}


def _objection(finding: Finding) -> Objection:
    doubt = "cannot be told: " if finding.status is Status.UNKNOWN else ""
    where = finding.address or finding.path or "the plan"
    return Objection(finding.rule, finding.stack or "", where, f"{doubt}{finding.message}", Weight.HOLD)
