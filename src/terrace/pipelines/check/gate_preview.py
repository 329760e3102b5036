"""A preview of the gates and the risk of a change, for each environment that it impacts."""

from __future__ import annotations

from dataclasses import replace

from terrace.assess.model import Assessment
from terrace.assess.risk import Risk, risk
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.model import Subject, Verdict
from terrace.gates.verdict import decide
from terrace.ledger.model import History
from terrace.pipelines.check.environment_facts import environment_facts
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gate_facts import facts
from terrace.plans.model import Plan
from terrace.stacks.model import Impact, Manual


def preview_gates(context: Context, history: History, assessment: Assessment) -> tuple[Verdict, ...]:
    """Returns the verdict of the gates of each impacted environment, as if the change were deployed there now."""
    verdicts = []
    for environment in context.config.environments:
        touched = [i for i in assessment.change_set.impacts if i.stack.environment == environment.name]
        if not touched:
            continue
        known = facts(context, history, environment.name, assessment.change_set.head, Manual(context.actor))
        subjects = _subjects(context, history, assessment, touched)
        at_stake = _risk_there(context, history, assessment, environment.name) if subjects else None
        keys = (impact.stack.key for impact in touched)
        unknown = tuple(key for key in keys if not _is_told(assessment.plans.get(key)))
        plans = Plans(subjects, risk=at_stake, unplanned=unknown)
        verdicts.append(decide(Request(Moment.CHECK, context.config, environment, known, context.clock(), plans)))
    return tuple(verdicts)


def change_risk(context: Context, history: History, assessment: Assessment) -> Risk:
    """Returns the risk of a change. An environment that the trust root does not know has no history to consider."""
    names = {environment.name for environment in context.config.environments}
    touched = {impact.stack.environment for impact in assessment.change_set.impacts} & names
    return risk(assessment, environment_facts(context.config, history, sorted(touched), context.clock()))


def _risk_there(context: Context, history: History, assessment: Assessment, environment: str) -> Risk:
    """Returns the risk of the part of a change that concerns one environment."""
    impacts = tuple(i for i in assessment.change_set.impacts if i.stack.environment == environment)
    keys = {impact.stack.key for impact in impacts}
    in_environment = Assessment(
        replace(assessment.change_set, impacts=impacts, removed=()),
        {key: plan for key, plan in assessment.plans.items() if key in keys},
        {key: why for key, why in assessment.unplanned.items() if key in keys},
        tuple(finding for finding in assessment.findings if finding.stack in keys),
    )
    return risk(in_environment, environment_facts(context.config, history, (environment,), context.clock()))


def _is_told(plan: Plan | None) -> bool:
    """Returns whether a plan is complete: one that failed or was postponed says nothing about the rest."""
    return plan is not None and not plan.errored and plan.complete


def _subjects(context: Context, history: History, assessment: Assessment, impacts: list[Impact]) -> tuple[Subject, ...]:
    subjects = []
    for impact in impacts:
        plan = assessment.plans.get(impact.stack.key)
        if plan is not None and not plan.is_empty:
            subjects.append(
                Subject(
                    ledger=history.ledger_id,
                    environment=impact.stack.environment,
                    stack=impact.stack.key,
                    commit=plan.commit,
                    digest=plan.digest.value,
                    policy=context.policy,
                    lineage="",
                )
            )
    return tuple(subjects)
