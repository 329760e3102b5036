"""The verdicts of an environment's gates on a commit and on a deployment: may it start, be planned, be applied?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from terrace.assess.model import Objection, Weight
from terrace.drift.absorption import swallowed
from terrace.drift.acknowledgements import acknowledgements, answered
from terrace.errors import NotReady
from terrace.gates.absorption import Absorbed
from terrace.gates.decide import (
    Facts,
    Situation,
    admission,
    consent,
    continuation,
    question,
    refusals,
    rule_for,
)
from terrace.gates.model import GateResult, Outcome, Subject, Verdict
from terrace.ledger import folds
from terrace.ledger.dates import no_earlier
from terrace.ledger.declared import opened
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.events.steps import ObjectionRecord
from terrace.ledger.model import History
from terrace.pipelines.approvals.decisions import said_about
from terrace.pipelines.approvals.declarations import is_proven
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gate_facts import continuing, facts, review_status, timed, with_openers
from terrace.pipelines.deploy.plan_rules import risk_of
from terrace.pipelines.states.state_owners import foreign_addresses
from terrace.rollout.bake import health
from terrace.rollout.course import course
from terrace.rollout.next_step import Asked, Horizon
from terrace.stacks.model import Automatic, Origin

HANDED_OVER = "planned by a run that does not apply"
"""Reason for a deployment that waits for nothing but a run that is allowed to apply."""


def entry(
    context: Context, history: History, environment: str, commit: str, origin: Origin, settles: str = ""
) -> Verdict:
    """Returns whether an environment accepts a commit now."""
    settings = context.config.environment(environment)
    seen = with_openers(context, history, environment, facts(context, history, environment, commit, origin, settles))
    said = said_about(history, question(settings, seen, ()), "", context.proof)
    seen = timed(context, history, replace(seen, rejections=refusals(context.config, settings, seen, said)))
    return admission(
        settings, replace(seen, reviewed=review_status(context, history, environment, commit)), context.clock()
    )


def busy(context: Context, history: History, environment: str, commit: str, origin: Origin) -> Verdict:
    """Returns the verdict for an environment in which another process is working at this moment."""
    seen = facts(context, history, environment, commit, origin)
    latest = folds.latest(history, environment)
    who = f"run by {latest.lease.holder.who}" if latest and latest.lease else "another process on this machine"
    blocked = replace(seen, busy=seen.busy or f"deployment {latest.id if latest else ''}, {who}")
    return admission(context.config.environment(environment), blocked, context.clock())


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
    rule = rule_for(settings, deployment.origin)
    known: dict[str, Facts] = {}

    def seen(at: History) -> Facts:
        # Both verdicts of one step use the same history, so its facts are collected once.
        if at.head not in known:
            known[at.head] = continuing(context, at, deployment)
        return known[at.head]

    def consented(plans: tuple[StepRecord, ...]) -> Verdict:
        at = history()
        return gates_say(context, at, deployment, plans, seen(at))

    def admitted() -> Verdict:
        at = history()
        return may_be_planned(context, at, deployment, seen(at))

    return Asked(
        consent=consented,
        condition=lambda one: health(settings.rollout, one, now(), probed=bool(settings.health)),
        course=course(deployment.origin, settings),
        horizon=Horizon.ALL if rule.asked or settings.risk or context.reach == "plan" else Horizon.WAVE,
        entry=admitted,
    )


def may_be_planned(context: Context, history: History, deployment: Deployment, seen: Facts) -> Verdict:
    """Returns whether an open deployment is allowed to be planned.

    A gate that only waits does not prevent planning, with two exceptions: a commit that may not be on the protected
    branch, and a clock that cannot be trusted, since the same clock measures the bake period.
    """
    settings = context.config.environment(deployment.environment)
    verdict = continuation(settings, timed(context, history, seen), context.clock())
    waits = (r for r in verdict.results if r.outcome is Outcome.WAIT and r.gate not in ("protected-branch", "clock"))
    planned_all_the_same = {result.gate for result in waits}
    kept = tuple(r for r in verdict.results if r.gate not in planned_all_the_same)
    return replace(verdict, results=(*kept, *_states(context, history, deployment)))


def _states(context: Context, history: History, deployment: Deployment) -> tuple[GateResult, ...]:
    """Returns the results of the gate `state`, which blocks stacks that would be planned on another one's state."""
    how = "give it its own backend address and merge that; if both stacks use one state on purpose, make them one stack"
    try:
        foreign = foreign_addresses(context, history, deployment)
    except NotReady as error:
        return (
            GateResult(
                "state",
                Outcome.BLOCK,
                f"Terrace cannot determine which stack owns the state: {error}",
                "run the command again",
            ),
        )
    return tuple(GateResult("state", Outcome.BLOCK, one, how) for one in foreign)


def gates_say(
    context: Context,
    history: History,
    deployment: Deployment,
    plans: tuple[StepRecord, ...],
    seen: Facts | None = None,
) -> Verdict:
    """Returns the verdict on the plans of one wave, with the approvals given so far.

    `seen` are the facts of this history, where they are already collected.
    """
    known = timed(context, history, seen or continuing(context, history, deployment))
    at = situation(context, history, deployment, plans, known)
    verdict = consent(
        context.config,
        at.environment,
        at.subjects,
        at.answers.given,
        at.facts,
        no_earlier(history, context.clock()),
        tuple(_objection(record.stack, one) for record in plans for one in record.detail.objections or ()),
        deployment.agreed,
        _absorbed(context, history, deployment, plans),
        at.risk,
        at.answers.withdrawn,
    )
    again = tuple(r for r in continuation(at.environment, known, context.clock()).open if r not in verdict.results)
    return replace(verdict, results=(*again, *verdict.results, *_handed_over(context, deployment)))


def situation(
    context: Context,
    history: History,
    deployment: Deployment,
    plans: tuple[StepRecord, ...],
    known: Facts | None = None,
) -> Situation:
    """Returns what an approval of these plans decides on, with the decisions given so far."""
    settings = context.config.environment(deployment.environment)
    seen = replace(
        known or continuing(context, history, deployment), origin=deployment.origin, deployment=deployment.id
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
    said = said_about(history, question(settings, seen, bound), deployment.id, context.proof)
    return Situation(settings, seen, bound, said, risk_of(plans))


def _handed_over(context: Context, deployment: Deployment) -> tuple[GateResult, ...]:
    """Returns what blocks a deployment that this run must hand over to another run."""
    if context.reach == "apply":
        return ()
    how = f"`terrace resume {deployment.environment}` in a run that is allowed to apply"
    return (GateResult("reach", Outcome.WAIT, HANDED_OVER, how),)


def _absorbed(
    context: Context, history: History, deployment: Deployment, plans: tuple[StepRecord, ...]
) -> tuple[Absorbed, ...]:
    """Returns the security-related drift that applying these plans would adopt, with the person who acknowledged it."""
    given = acknowledgements(history, deployment.environment)
    found = []
    for record in plans:
        for seen in swallowed(record) if not record.detail.empty else ():
            mine = [one for one in given if any(one.covers(seen, path) for path in seen.kept)]
            who = answered([one for one in mine if is_proven(context, one.declared)], seen, seen.kept)
            found.append(Absorbed(record.stack, seen.address, seen.kept, who.by if who else ""))
    return tuple(found)


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
            lineage=record.detail.lineage or "",
        )
        for record in plans
        if not record.detail.empty
    )
