"""The verdicts of an environment's gates on a commit and on a deployment: may it start, be planned, be applied?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from terrace.assess.model import Objection, Weight
from terrace.drift.acknowledgements import acknowledgements, answered
from terrace.drift.adopted_drift import plan_absorptions
from terrace.errors import NotReady
from terrace.gates.approvals.gate import approval_rule, question
from terrace.gates.decide import decide, planning
from terrace.gates.facts import Facts
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.model import Absorbed, Subject, Verdict
from terrace.ledger import folds
from terrace.ledger.dates import no_earlier
from terrace.ledger.declared import opened
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.events.steps import ObjectionRecord
from terrace.ledger.model import History
from terrace.pipelines.approvals.decisions import decisions_about
from terrace.pipelines.approvals.declarations import is_proven
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gate_facts import add_openers, facts, facts_of_open_deployment, review_status, timed
from terrace.pipelines.deploy.plan_rules import risk_of
from terrace.pipelines.states.state_owners import foreign_addresses
from terrace.rollout.environment_steps import environment_steps
from terrace.rollout.health import health
from terrace.rollout.next_step import Asked, Horizon
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
    seen = add_openers(context, history, environment, facts(context, history, environment, commit, origin, settles))
    decisions = decisions_about(history, question(settings, seen, ()), "", context.proof)
    reviewed = review_status(context, history, environment, commit)
    seen = replace(timed(context, history, seen), reviewed=reviewed, overtaken_by=overtaken_by)
    return decide(Request(Moment.ENTRY, context.config, settings, seen, context.clock(), Plans(decisions=decisions)))


def busy(context: Context, history: History, environment: str, commit: str, origin: Origin) -> Verdict:
    """Returns the verdict for an environment in which another process is working at this moment."""
    seen = facts(context, history, environment, commit, origin)
    latest = folds.latest(history, environment)
    who = f"run by {latest.lease.holder.who}" if latest and latest.lease else "another process on this machine"
    blocked = replace(seen, busy=seen.busy or f"deployment {latest.id if latest else ''}, {who}")
    settings = context.config.environment(environment)
    return decide(Request(Moment.ENTRY, context.config, settings, blocked, context.clock()))


def asked(
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

    def seen(at: History) -> Facts:
        # Both verdicts of one step use the same history, so its facts are collected once.
        if at.head not in facts_of:
            facts_of[at.head] = facts_of_open_deployment(context, at, deployment)
        return facts_of[at.head]

    def consented(plans: tuple[StepRecord, ...]) -> Verdict:
        at = history()
        return decide_plans(context, at, deployment, plans, seen(at))

    def admitted() -> Verdict:
        at = history()
        return decide_planning(context, at, deployment, seen(at))

    return Asked(
        consent=consented,
        condition=lambda deployment: health(settings.rollout, deployment, now(), probed=bool(settings.health)),
        environment_steps=environment_steps(deployment.origin, settings),
        horizon=Horizon.ALL if rule.requires_any or settings.risk or context.reach == "plan" else Horizon.WAVE,
        entry=admitted,
    )


def decide_planning(context: Context, history: History, deployment: Deployment, seen: Facts) -> Verdict:
    """Returns whether an open deployment is allowed to be planned."""
    settings, seen = context.config.environment(deployment.environment), timed(context, history, seen)
    try:
        seen = replace(seen, foreign_states=foreign_addresses(context, history, deployment))
    except NotReady as error:
        seen = replace(seen, owner_unknown=f"{error}")
    return planning(Request(Moment.PLAN, context.config, settings, seen, context.clock()))


def decide_plans(
    context: Context,
    history: History,
    deployment: Deployment,
    plans: tuple[StepRecord, ...],
    seen: Facts | None = None,
) -> Verdict:
    """Returns the verdict on the plans of one wave, with the approvals given so far.

    `seen` are the facts of this history, where they are already collected.
    """
    facts = timed(context, history, seen or facts_of_open_deployment(context, history, deployment))
    request = situation(context, history, deployment, plans, facts)
    about_plans = replace(
        request.plans,
        objections=tuple(
            _objection(record.stack, objection) for record in plans for objection in record.detail.objections or ()
        ),
        agreed=deployment.agreed,
        absorbed=_absorbed(context, history, deployment, plans),
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
    seen = replace(
        facts or facts_of_open_deployment(context, history, deployment),
        origin=deployment.origin,
        deployment=deployment.id,
    )
    request = opened(history, deployment.id)
    identity = context.proof(request.declared) if request is not None else None
    if identity is not None and identity.proven:
        seen = replace(seen, requested_by=identity.by)
    # A deployment that a schedule started has no requester, where the protected branch allows automatic deployments.
    elif context.signers and not (isinstance(deployment.origin, Automatic) and settings.deploy == "automatic"):
        run = request.run if request is not None else ""
        # The opening event says that a CI run started the deployment. Only the forge can prove that.
        why = context.unproven_run(run, deployment.requester, deployment.opened_at) if run else ""
        doubt = f"{run}: {why}" if why else ""
        seen = replace(seen, requester_unproven=not run or bool(why), run_unproven=doubt)
    bound = subjects(context.policy, history, deployment, plans)
    decisions = decisions_about(history, question(settings, seen, bound), deployment.id, context.proof)
    seen = replace(seen, may_apply=context.reach == "apply")
    about_plans = Plans(bound, decisions, risk=risk_of(plans))
    return Request(Moment.APPLY, context.config, settings, seen, no_earlier(history, context.clock()), about_plans)


def _absorbed(
    context: Context, history: History, deployment: Deployment, plans: tuple[StepRecord, ...]
) -> tuple[Absorbed, ...]:
    """Returns the security-related drift that applying these plans would adopt, with the person who acknowledged it."""
    acknowledged = acknowledgements(history, deployment.environment)
    absorbed = []
    for record in plans:
        for seen in plan_absorptions(record) if not record.detail.empty else ():
            mine = [
                acknowledgement
                for acknowledgement in acknowledged
                if any(acknowledgement.covers(seen, path) for path in seen.kept)
            ]
            who = answered(
                [acknowledgement for acknowledgement in mine if is_proven(context, acknowledgement.declared)],
                seen,
                seen.kept,
            )
            absorbed.append(Absorbed(record.stack, seen.address, seen.kept, who.by if who else ""))
    return tuple(absorbed)


def _objection(stack: str, record: ObjectionRecord) -> Objection:
    return Objection(record.rule, stack, record.address, record.why, Weight(record.weight))


def subjects(policy: str, history: History, deployment: Deployment, plans: Iterable[StepRecord]) -> tuple[Subject, ...]:
    """Returns what an approval of these plans binds to, under this version of the rules; empty plans need none."""
    return tuple(
        Subject(
            ledger=history.ledger_id,
            environment=deployment.environment,
            stack=record.stack,
            commit=deployment.commit,
            digest=record.detail.digest or "",
            policy=policy,
            # A run without the right to write plans before the workspace exists: its approval must hold afterwards.
            lineage="" if record.detail.new_state is True else record.detail.lineage or "",
        )
        for record in plans
        if not record.detail.empty
    )
