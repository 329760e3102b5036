"""Output of the commands that change an environment or show its deployments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from msgspec import UNSET, UnsetType

from terrace.assess.model import Objection, Weight
from terrace.gates.model import Approval, Outcome, Verdict, Witness
from terrace.ledger.deployment import Deployment
from terrace.ledger.origins import origin_word
from terrace.plans.kept_plans import PlannedChanges
from terrace.plans.model import Plan
from terrace.report.json.checks import PlanJson, plan_json
from terrace.report.json.environments import pending_conditions
from terrace.report.json.parts import GatePart, PlanSummary, RefusedStack, gate_parts, plan_summary, refused_stacks
from terrace.report.json.record import JsonRecord, format_optional_time, format_time
from terrace.report.json.steps import StepPart, step_part
from terrace.report.leftovers import ApplyLeftovers
from terrace.report.next_steps import next_steps
from terrace.report.words import ResultWord, StateWord, result_word, state_word
from terrace.rollout.next_step import Wait
from terrace.rollout.situation import Situation
from terrace.stacks.refusals import Refusal


class WitnessPart(JsonRecord):
    """Place on a forge where an approval was given."""

    kind: Literal["comment", "review", "environment", "box"]
    """Kind of the statement."""
    id: str
    """Id of the comment, review or run at the forge."""
    number: str
    """Number of the pull request or issue, or id of the run."""
    login: str
    """Account of the person."""


class ApprovalPart(JsonRecord):
    """An approval or a rejection."""

    actor: str
    """Person who gave it."""
    role: str
    """Team that the person approved as; empty where none was named."""
    answer: Literal["approve", "reject"]
    """Answer of the person."""
    proof: str
    """Proof of the person: `ssh`, `unsigned` or `invalid`, or the proof of a forge."""
    at: str
    """Time at which it was given."""
    comment: str
    """Comment of the person."""
    witness: WitnessPart | UnsetType = UNSET
    """Place on a forge where it was given; only of approvals on a forge."""


class SettledStack(JsonRecord):
    """A stack whose unknown result persons accepted."""

    stack: str
    """Key of the stack."""
    by: tuple[str, ...]
    """Persons who accepted the result."""


class ImportedResource(JsonRecord):
    """A resource that exists and is missing in the state."""

    address: str
    """Address of the resource."""
    id: str
    """Id of the resource."""


class StaleResource(JsonRecord):
    """A resource that was created a second time."""

    address: str
    """Address of the resource."""
    recorded: str
    """Id in the state."""
    made: str
    """Id of the new resource."""


class LockPart(JsonRecord):
    """The lock of a state."""

    id: str
    """Id of the lock."""
    who: str
    """Process or person that holds the lock; empty where unknown."""
    ours: bool
    """True if the crashed attempt holds the lock."""


class AttemptLeftovers(JsonRecord):
    """Leftovers of an apply with an unknown result in one stack."""

    stack: str
    """Key of the stack."""
    attempt: str
    """Id of the attempt."""
    dead: bool
    """True if the process of the attempt is proven to be no longer running."""
    serial: int
    """Serial of the state; negative where there is no state."""
    imports: tuple[ImportedResource, ...]
    """Resources that exist and that recovery imports."""
    open: tuple[str, ...]
    """Addresses of resources whose existence is unknown."""
    unfinished: tuple[str, ...]
    """Addresses of resources in the state that may be incomplete."""
    forgets: tuple[str, ...]
    """Addresses of deleted resources that recovery removes from the state."""
    stale: tuple[StaleResource, ...]
    """Resources that were created a second time."""
    lock: LockPart | None
    """Lock of the state, or null."""
    unsaved: int | None
    """Serial of a state that could not be written and that recovery pushes, or null."""


class FollowingRollback(JsonRecord, kw_only=True):
    """The rollback that followed a failed deployment. A paused one has only `result` and `reasons`."""

    schema: str | UnsetType = UNSET
    """`terrace/rollback@1`."""
    deployment: str | UnsetType | None = UNSET
    """Id of the deployment; null where the gates blocked it."""
    environment: str | UnsetType = UNSET
    """Environment."""
    commit: str | UnsetType = UNSET
    """Commit."""
    result: ResultWord | Literal["paused"]
    """Result of the rollback, or `paused`."""
    reasons: tuple[str, ...]
    """Reasons for the result."""
    steps: tuple[StepPart, ...] | UnsetType = UNSET
    """Steps of the deployment."""
    gates: tuple[GatePart, ...] | UnsetType = UNSET
    """Gates of the environment; only where they blocked the rollback."""
    tag: str | UnsetType | None = UNSET
    """Git tag of the deployment, or null."""


class DeploymentJson(JsonRecord):
    """A deployment, or the gates that blocked it."""

    deployment: str | None
    """Id of the deployment; null where the gates blocked it."""
    environment: str
    """Environment."""
    commit: str
    """Commit."""
    result: ResultWord
    """Result of the deployment; `settled` only where `terrace resume` accepted the results of stacks."""
    reasons: tuple[str, ...]
    """Reasons for the result."""
    steps: tuple[StepPart, ...]
    """Steps of the deployment."""
    gates: tuple[GatePart, ...] | UnsetType = UNSET
    """Gates of the environment; where they blocked the deployment, and where `show` evaluated them now."""
    tag: str | UnsetType | None = UNSET
    """Git tag of the deployment, or null; left out where the gates blocked it."""
    rollback: FollowingRollback | UnsetType = UNSET
    """Rollback that followed; only after a failure."""
    refused: tuple[RefusedStack, ...] | UnsetType = UNSET
    """Stacks of the environment that Terrace refuses."""
    plans: tuple[PlanJson, ...] = ()
    """Newest plans with their values, as far as they are kept; sensitive values are hidden."""
    plans_missing: Mapping[str, str] = {}
    """Reasons why the values of a plan cannot be shown, by the stack's key."""


class DeployJson(DeploymentJson, tag_field="schema", tag="terrace/deploy@1"):
    """Output of `terrace deploy`."""


class PromoteJson(DeploymentJson, tag_field="schema", tag="terrace/promote@1"):
    """Output of `terrace promote`."""


class RollbackJson(DeploymentJson, tag_field="schema", tag="terrace/rollback@1"):
    """Output of `terrace rollback`."""


class DestroyJson(DeploymentJson, tag_field="schema", tag="terrace/destroy@1"):
    """Output of `terrace destroy`."""


class DriftDeployment(DeploymentJson, tag_field="schema", tag="terrace/drift@1"):
    """A deployment that remediates drift."""


class ResumeJson(DeploymentJson, tag_field="schema", tag="terrace/resume@1"):
    """Output of `terrace resume`. Its result can also be `settled`."""

    remains: tuple[AttemptLeftovers, ...] | UnsetType = UNSET
    """Leftovers of applies with an unknown result; only while the result is unknown."""
    settled: tuple[SettledStack, ...] | UnsetType = UNSET
    """Stacks whose result was accepted; only with `--settled`."""


class ShowJson(DeploymentJson, tag_field="schema", tag="terrace/show@1", kw_only=True):
    """Output of `terrace show`."""

    approvals: tuple[ApprovalPart, ...]
    """Approvals and rejections."""
    next: tuple[str, ...] = ()
    """Next steps, as sentences with commands; only of the newest deployment of an environment."""
    url: str = ""
    """URL of the environment in terrace.yaml; only of its newest deployment, and empty without one."""


class ExplainDeploymentJson(JsonRecord, tag_field="schema", tag="terrace/explain-deployment@1"):
    """Output of `terrace explain` for an environment or a deployment."""

    environment: str
    """Environment."""
    state: StateWord
    """State of the environment, as in `terrace status`."""
    live: str | None
    """Commit that runs there, or null."""
    deployment: str | None
    """Id of the newest deployment, or null."""
    commit: str | None
    """Commit of that deployment, or null."""
    requester: str | None
    """Person who started it, or null."""
    result: ResultWord | None
    """Its result, as in `terrace show`, or null."""
    reasons: tuple[str, ...]
    """Reasons why it waits now, or why it ended."""
    gates: tuple[GatePart, ...]
    """Gates of the open deployment, evaluated now."""
    problem: str | None
    """Reason why the gates could not be evaluated now, or null."""
    steps: tuple[StepPart, ...]
    """Steps that failed, with the messages of Terraform."""
    next: tuple[str, ...]
    """Next steps, as sentences with commands."""


_DEPLOYMENTS: Mapping[str, type[DeploymentJson]] = {
    "deploy": DeployJson,
    "promote": PromoteJson,
    "resume": ResumeJson,
    "rollback": RollbackJson,
    "destroy": DestroyJson,
    "drift": DriftDeployment,
}
"""The output of each command that ends with a deployment."""


def deployment_json(
    command: str,
    deployment: Deployment,
    *,
    rollback: FollowingRollback | UnsetType = UNSET,
    refusals: Mapping[str, Refusal] | None = None,
    changes: PlannedChanges | None = None,
) -> DeploymentJson:
    """Returns the output of a command that ends with a deployment, and with the rollback that followed. `changes` are
    the kept plans of the deployment."""
    planned = changes or PlannedChanges()
    undone = rollback is not UNSET and rollback.result == "succeeded"
    return _DEPLOYMENTS[command](
        deployment=deployment.id,
        environment=deployment.environment,
        commit=deployment.commit,
        result="rolled_back" if undone else result_word(deployment),
        reasons=tuple(deployment.reasons or deployment.waiting),
        steps=tuple(map(step_part, deployment.steps)),
        tag=deployment.tag,
        rollback=rollback,
        refused=refused_stacks(refusals) if refusals is not None else UNSET,
        plans=tuple(map(plan_json, planned.plans.values())),
        plans_missing=dict(planned.missing),
    )


def blocked_json(
    command: str, commit: str, verdict: Verdict, refusals: Mapping[str, Refusal] | None = None
) -> DeploymentJson:
    """Returns the output of the same command where the gates blocked the deployment."""
    return _DEPLOYMENTS[command](
        deployment=None,
        environment=verdict.environment,
        commit=commit,
        result="waiting" if verdict.outcome is Outcome.WAIT else "blocked",
        reasons=tuple(result.reason for result in verdict.open),
        steps=(),
        gates=gate_parts(verdict),
        refused=refused_stacks(refusals) if refusals is not None else UNSET,
    )


def following_rollback(record: DeploymentJson) -> FollowingRollback:
    """Returns the rollback that followed a failed deployment."""
    return FollowingRollback(
        schema="terrace/rollback@1",
        deployment=record.deployment,
        environment=record.environment,
        commit=record.commit,
        result=record.result,
        reasons=record.reasons,
        steps=record.steps,
        gates=record.gates,
        tag=record.tag,
    )


def show_json(
    deployment: Deployment,
    approvals: Iterable[Approval],
    situation: Situation | None = None,
    changes: PlannedChanges | None = None,
) -> ShowJson:
    """Returns the output of `terrace show`. `situation` is that of its environment, if it is the newest there;
    `changes` are the kept plans of the deployment."""
    planned = changes or PlannedChanges()
    return ShowJson(
        deployment=deployment.id,
        environment=deployment.environment,
        commit=deployment.commit,
        result=result_word(deployment),
        reasons=tuple(deployment.reasons or (pending_conditions(situation) if situation else deployment.waiting)),
        steps=tuple(map(step_part, deployment.steps)),
        tag=deployment.tag,
        gates=gate_parts(situation.step.verdict) if situation and isinstance(situation.step, Wait) else UNSET,
        next=next_steps(situation) if situation else (),
        url=situation.url if situation else "",
        approvals=tuple(map(approval_part, approvals)),
        plans=tuple(map(plan_json, planned.plans.values())),
        plans_missing=dict(planned.missing),
    )


def explain_json(situation: Situation) -> ExplainDeploymentJson:
    """Returns the output of `terrace explain ENV`."""
    latest, live = situation.latest, situation.live
    failed = [step for step in latest.steps if step.result in ("failed", "unknown")] if latest is not None else []
    return ExplainDeploymentJson(
        environment=situation.environment,
        state=state_word(latest, situation.hold),
        live=live.commit if live is not None else None,
        deployment=latest.id if latest is not None else None,
        commit=latest.commit if latest is not None else None,
        requester=latest.requester if latest is not None else None,
        result=result_word(latest) if latest is not None else None,
        reasons=situation.waits_for,
        gates=gate_parts(situation.step.verdict) if isinstance(situation.step, Wait) else (),
        problem=situation.problem or None,
        steps=tuple(map(step_part, failed)),
        next=next_steps(situation),
    )


def recovery_json(deployment: Deployment, rows: Sequence[ApplyLeftovers], obstacles: Sequence[str]) -> ResumeJson:
    """Returns the output of `terrace resume` where the result of an apply is unknown and nothing was changed."""
    return ResumeJson(
        deployment=deployment.id,
        environment=deployment.environment,
        commit=deployment.commit,
        result="unknown",
        reasons=tuple(obstacles),
        steps=(),
        remains=tuple(map(_attempt_leftovers, rows)),
    )


def settled_json(deployment: Deployment, accepted: Mapping[str, Sequence[str]], missing: Sequence[str]) -> ResumeJson:
    """Returns the output of `terrace resume --settled STACK`: the persons who accepted the result of each stack."""
    return ResumeJson(
        deployment=deployment.id,
        environment=deployment.environment,
        commit=deployment.commit,
        result="unknown" if missing else "settled",
        reasons=tuple(missing),
        steps=(),
        remains=(),
        settled=tuple(SettledStack(stack=stack, by=tuple(persons)) for stack, persons in accepted.items()),
    )


def _attempt_leftovers(row: ApplyLeftovers) -> AttemptLeftovers:
    return AttemptLeftovers(
        stack=row.stack,
        attempt=row.attempt,
        dead=row.dead,
        serial=row.serial,
        imports=tuple(ImportedResource(address=address, id=id_) for address, id_ in row.imports),
        open=row.open,
        unfinished=row.unfinished,
        forgets=row.forgets,
        stale=tuple(StaleResource(address=a, recorded=recorded, made=new_id) for a, recorded, new_id in row.stale),
        lock=LockPart(id=row.lock.id, who=row.lock.who, ours=row.ours) if row.lock else None,
        unsaved=row.unsaved,
    )


def approval_part(approval: Approval) -> ApprovalPart:
    """Returns an approval or a rejection."""
    return ApprovalPart(
        actor=approval.actor,
        role=approval.role,
        answer=approval.answer,
        proof=approval.proof,
        at=format_time(approval.at),
        comment=approval.comment,
        witness=_witness_part(approval.witness) if approval.witness is not None else UNSET,
    )


def _witness_part(witness: Witness) -> WitnessPart:
    return WitnessPart(kind=witness.kind, id=witness.id, number=witness.number, login=witness.login)


class RollbackObjection(JsonRecord):
    """An objection to a plan of the rollback."""

    rule: str
    """Rule of the objection."""
    stack: str
    """Key of the stack."""
    address: str
    """Address of the resource or output."""
    why: str
    """Reason."""
    weight: Weight
    """Requirement: `say` needs a decision, `name` needs `--allow ADDRESS`, `hold` blocks a release."""


class RollbackPlanJson(JsonRecord, tag_field="schema", tag="terrace/rollback-plan@1"):
    """Output of `terrace rollback ENV --plan-only`: a preview of the rollback."""

    environment: str
    """Environment."""
    commit: str
    """Commit that would be deployed again."""
    target: str
    """Id of the deployment that would be restored."""
    undoes: tuple[str, ...]
    """Ids of the deployments that would be undone."""
    safe: bool
    """True if there is no objection."""
    plans: tuple[PlanSummary, ...]
    """Plans of the rollback."""
    objections: tuple[RollbackObjection, ...]
    """Objections to the plans."""
    left: tuple[str, ...]
    """Stacks that the target does not know and that stay deployed."""
    took_seconds: int
    """Seconds that the applies of the target took."""
    verdict: Outcome
    """Verdict of the gates."""
    gates: tuple[GatePart, ...]
    """Gates of the environment."""


def rollback_plan_json(
    target: Deployment,
    undone: tuple[Deployment, ...],
    plans: Mapping[str, Plan],
    objections: tuple[Objection, ...],
    remaining: tuple[str, ...],
    took: timedelta,
    verdict: Verdict,
) -> RollbackPlanJson:
    """Returns the output of `terrace rollback ENV --plan-only`."""
    return RollbackPlanJson(
        environment=target.environment,
        commit=target.commit,
        target=target.id,
        undoes=tuple(deployment.id for deployment in undone),
        safe=not objections,
        plans=tuple(map(plan_summary, plans.values())),
        objections=tuple(
            RollbackObjection(rule=o.rule, stack=o.stack, address=o.address, why=o.why, weight=o.weight)
            for o in objections
        ),
        left=remaining,
        took_seconds=round(took.total_seconds()),
        verdict=verdict.outcome,
        gates=gate_parts(verdict),
    )


class DecisionJson(JsonRecord):
    """Gates of an environment after an approval or a rejection."""

    deployment: str
    """Id of the deployment."""
    environment: str
    """Environment."""
    verdict: Outcome
    """Verdict of the gates."""
    gates: tuple[GatePart, ...]
    """Gates of the environment."""
    plans: tuple[PlanJson, ...] = ()
    """Approved or rejected plans with their values, as far as they are kept; sensitive values are hidden."""
    plans_missing: Mapping[str, str] = {}
    """Reasons why the values of a plan cannot be shown, by the stack's key."""


class ApproveJson(DecisionJson, tag_field="schema", tag="terrace/approve@1"):
    """Output of `terrace approve`."""


class RejectJson(DecisionJson, tag_field="schema", tag="terrace/reject@1"):
    """Output of `terrace reject`."""


def decision_json(command: str, deployment: Deployment, verdict: Verdict, changes: PlannedChanges) -> DecisionJson:
    """Returns the output of `terrace approve` or `terrace reject`. `changes` are the kept plans of the deployment."""
    kind = RejectJson if command == "reject" else ApproveJson
    return kind(
        deployment=deployment.id,
        environment=deployment.environment,
        verdict=verdict.outcome,
        gates=gate_parts(verdict),
        plans=tuple(map(plan_json, changes.plans.values())),
        plans_missing=dict(changes.missing),
    )


class WithdrawJson(JsonRecord, tag_field="schema", tag="terrace/withdraw@1"):
    """Output of `terrace reject ENV --withdraw --comment WHY`."""

    environment: str
    """Environment."""
    withdrawn: tuple[str, ...]
    """Ids of rejections that no longer block."""
    standing: tuple[str, ...]
    """Ids of rejections that still block."""


class PastDeployment(JsonRecord):
    """A deployment in the history."""

    id: str
    """Id of the deployment."""
    environment: str
    """Environment."""
    commit: str
    """Commit."""
    origin: str
    """Origin of the deployment, for example `manual`, `promotion` or `rollback`."""
    result: ResultWord
    """Result of the deployment."""
    reasons: tuple[str, ...]
    """Reasons for the result."""
    started_at: str
    """Time at which it started."""
    ended_at: str | None
    """Time at which it finished, or null."""
    approvals: tuple[ApprovalPart, ...]
    """Approvals and rejections."""
    tag: str | None
    """Git tag of the deployment, or null."""


class HistoryJson(JsonRecord, tag_field="schema", tag="terrace/history@1"):
    """Output of `terrace history`."""

    deployments: tuple[PastDeployment, ...]
    """Deployments, the newest first."""


def history_json(rows: Iterable[tuple[Deployment, tuple[Approval, ...]]]) -> HistoryJson:
    """Returns the output of `terrace history`: deployments with their approvals."""
    return HistoryJson(
        deployments=tuple(
            PastDeployment(
                id=deployment.id,
                environment=deployment.environment,
                commit=deployment.commit,
                origin=origin_word(deployment.origin),
                result=result_word(deployment),
                reasons=tuple(deployment.reasons),
                started_at=format_time(deployment.opened_at),
                ended_at=format_optional_time(deployment.ended_at),
                approvals=tuple(map(approval_part, approvals)),
                tag=deployment.tag,
            )
            for deployment, approvals in rows
        )
    )
