"""The verdicts of an environment's gates on a commit and on a deployment: may it start, be planned, be applied?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from terrace.assess.model import Objection, Weight
from terrace.drift.acknowledgements import acknowledgements, find_acknowledgement
from terrace.drift.adopted_drift import plan_absorptions
from terrace.errors import NotReady
from terrace.gates.approvals.gate import approval_rule, question
from terrace.gates.facts import Facts
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.model import Absorbed, Verdict
from terrace.gates.verdict import decide, planning
from terrace.ledger import folds
from terrace.ledger.dates import no_earlier
from terrace.ledger.declared import opening_of
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.events.steps import ObjectionRecord
from terrace.ledger.model import History
from terrace.pipelines.approvals.decisions import decisions_about
from terrace.pipelines.approvals.declarations import is_proven
from terrace.pipelines.approvals.pending import subjects
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gate_facts import add_clock, add_openers, facts, facts_of_open_deployment, review_status
from terrace.pipelines.deploy.plan_rules import risk_of
from terrace.pipelines.states.state_owners import foreign_addresses
from terrace.rollout.health import health
from terrace.rollout.next_step import Asked, Horizon
from terrace.rollout.steps_by_origin import environment_steps
from terrace.stacks.model import Automatic, Origin


def entry(
    context: Context,
    history: History,
    environment: str,
    commit: str,
    origin: Origin,
    settles: str = "",
    overtaken_by: str = "",
) -> Verdict:
    """Returns whether an environment accepts a commit now.

    `overtaken_by` is the deployment that started there while this one was prepared.
    """
    settings = context.config.environment(environment)
    known = add_openers(context, history, environment, facts(context, history, environment, commit, origin, settles))
    decisions = decisions_about(history, question(settings, known, ()), "", context.proof)
    reviewed = review_status(context, history, environment, commit)
    known = replace(add_clock(context, history, known), reviewed=reviewed, overtaken_by=overtaken_by)
    return decide(Request(Moment.ENTRY, context.config, settings, known, context.clock(), Plans(decisions=decisions)))


def busy_verdict(context: Context, history: History, environment: str, commit: str, origin: Origin) -> Verdict:
    """Returns the verdict for an environment in which another process is working at this moment."""
    known = facts(context, history, environment, commit, origin)
    latest = folds.latest(history, environment)
    who = f"run by {latest.lease.holder.who}" if latest and latest.lease else "another process on this machine"
    blocked = replace(known, busy=known.busy or f"deployment {latest.id if latest else ''}, {who}")
    settings = context.config.environment(environment)
    return decide(Request(Moment.ENTRY, context.config, settings, blocked, context.clock()))


def gate_questions(
    context: Context,
    history: Callable[[], History],
    deployment: Deployment,
    clock: Callable[[], datetime] | None = None,
) -> Asked:
    """Returns the callbacks by which an open deployment gets the verdicts of its gates.

    `history` is called for each verdict: the ledger grows while the deployment runs.
    """
    now = clock or context.clock
    settings = context.config.environment(deployment.environment)
    rule = approval_rule(settings, deployment.origin)
    facts_of: dict[str, Facts] = {}

    def facts_at(at: History) -> Facts:
        # Both verdicts of one step use the same history, so its facts are collected once.
        if at.head not in facts_of:
            facts_of[at.head] = facts_of_open_deployment(context, at, deployment)
        return facts_of[at.head]

    def ask_consent(plans: tuple[StepRecord, ...]) -> Verdict:
        at = history()
        return decide_plans(context, at, deployment, plans, facts_at(at))

    def ask_admission() -> Verdict:
        at = history()
        return decide_planning(context, at, deployment, facts_at(at))

    return Asked(
        consent=ask_consent,
        condition=lambda deployment: health(settings.rollout, deployment, now(), probed=bool(settings.health)),
        environment_steps=environment_steps(deployment.origin, settings),
        horizon=Horizon.ALL if rule.requires_any or settings.risk or context.reach == "plan" else Horizon.WAVE,
        entry=ask_admission,
    )


def decide_planning(context: Context, history: History, deployment: Deployment, known: Facts) -> Verdict:
    """Returns whether an open deployment is allowed to be planned."""
    settings, known = context.config.environment(deployment.environment), add_clock(context, history, known)
    try:
        known = replace(known, foreign_states=foreign_addresses(context, history, deployment))
    except NotReady as error:
        known = replace(known, owner_unknown=f"{error}")
    return planning(Request(Moment.PLAN, context.config, settings, known, context.clock()))


def decide_plans(
    context: Context,
    history: History,
    deployment: Deployment,
    plans: tuple[StepRecord, ...],
    known: Facts | None = None,
) -> Verdict:
    """Returns the verdict on the plans of one wave, with the approvals given so far.

    `known` are the facts of this history, where they are already collected.
    """
    facts = add_clock(context, history, known or facts_of_open_deployment(context, history, deployment))
    request = situation(context, history, deployment, plans, facts)
    about_plans = replace(
        request.plans,
        objections=tuple(
            _objection(record.stack, objection) for record in plans for objection in record.detail.objections or ()
        ),
        agreed=deployment.agreed,
        absorbed=_find_absorbed(context, history, deployment, plans),
    )
    verdict = decide(replace(request, plans=about_plans))
    again = decide(replace(request, moment=Moment.PLAN, facts=facts, now=context.clock()))
    still_open = tuple(result for result in again.open if result not in verdict.results)
    return replace(verdict, results=(*still_open, *verdict.results))


def situation(
    context: Context,
    history: History,
    deployment: Deployment,
    plans: tuple[StepRecord, ...],
    facts: Facts | None = None,
) -> Request:
    """Returns the request to apply these plans, with the approvals and rejections so far."""
    settings = context.config.environment(deployment.environment)
    known = replace(
        facts or facts_of_open_deployment(context, history, deployment),
        origin=deployment.origin,
        deployment=deployment.id,
    )
    request = opening_of(history, deployment.id)
    identity = context.proof(request.declared) if request is not None else None
    if identity is not None and identity.proven:
        known = replace(known, requested_by=identity.by)
    # A deployment that a schedule started has no requester, where the protected branch allows automatic deployments.
    elif context.signers and not (isinstance(deployment.origin, Automatic) and settings.deploy == "automatic"):
        run = request.run if request is not None else ""
        # The opening event says that a CI run started the deployment. Only the forge can prove that.
        why = context.unproven_run(run, deployment.requester, deployment.opened_at) if run else ""
        doubt = f"{run}: {why}" if why else ""
        known = replace(known, requester_unproven=not run or bool(why), run_unproven=doubt)
    bound = subjects(context.policy, history, deployment, plans)
    decisions = decisions_about(history, question(settings, known, bound), deployment.id, context.proof)
    known = replace(known, may_apply=context.reach == "apply")
    about_plans = Plans(bound, decisions, risk=risk_of(plans))
    return Request(Moment.APPLY, context.config, settings, known, no_earlier(history, context.clock()), about_plans)


def _find_absorbed(
    context: Context, history: History, deployment: Deployment, plans: tuple[StepRecord, ...]
) -> tuple[Absorbed, ...]:
    """Returns the security-related drift that applying these plans would adopt, with the person who acknowledged it."""
    acknowledged = acknowledgements(history, deployment.environment)
    absorbed = []
    for record in plans:
        for resource in plan_absorptions(record) if not record.detail.empty else ():
            covering = [
                acknowledgement
                for acknowledgement in acknowledged
                if any(acknowledgement.covers(resource, path) for path in resource.kept)
            ]
            who = find_acknowledgement(
                [acknowledgement for acknowledgement in covering if is_proven(context, acknowledgement.declared)],
                resource,
                resource.kept,
            )
            absorbed.append(Absorbed(record.stack, resource.address, resource.kept, who.by if who else ""))
    return tuple(absorbed)


def _objection(stack: str, record: ObjectionRecord) -> Objection:
    return Objection(record.rule, stack, record.address, record.why, Weight(record.weight))
