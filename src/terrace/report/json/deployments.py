"""Output of the commands that change an environment or show its deployments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import UNSET, UnsetType

from terrace.assess.model import Objection, Weight
from terrace.drift.checks import EnvironmentDrift
from terrace.drift.model import Status as DriftState
from terrace.errors import Diagnostic, TerraceError
from terrace.gates.model import Approval, Outcome, Verdict, Witness
from terrace.ledger.adoptions import AdoptedStack
from terrace.ledger.deployment import Deployment, Step, StepRecord, StepResult
from terrace.ledger.events.steps import ActionName, ApplyProgressRecord, Detail, RecordedChange
from terrace.ledger.origins import origin_word
from terrace.plans.apply_progress import ChangeState
from terrace.plans.kept_plans import PlannedChanges
from terrace.plans.model import Plan
from terrace.report.json.checks import PlanJson, plan_json
from terrace.report.json.parts import GatePart, PlanSummary, RefusedStack, gate_parts, plan_summary, refused_stacks
from terrace.report.json.record import JsonRecord, when, when_known
from terrace.report.leftovers import ApplyLeftovers
from terrace.report.next_steps import next_steps
from terrace.report.orphans import OrphanedStack
from terrace.report.words import ResultWord, StateWord, result_word, state_word
from terrace.rollout.next_step import Wait
from terrace.rollout.ports import StepLog
from terrace.rollout.release_difference import ReleaseDifference
from terrace.rollout.situation import Situation
from terrace.stacks.refusals import Refusal

MessageSeverity = Literal["error", "warning", "note"]

_SEVERITIES: Mapping[str, MessageSeverity] = {"warning": "warning", "note": "note"}


class StepChange(JsonRecord):
    """A change of one resource in the plan of a step."""

    action: ActionName
    """Action of the plan on the resource; `no-op` where it is imported or moved."""
    address: str
    """Address of the resource."""


class StepBackup(JsonRecord):
    """A state backup that a step made."""

    backup: str
    """Name of the backup."""
    lineage: str
    """Lineage of the state."""
    serial: int
    """Serial of the state."""
    state_sha256: str
    """SHA-256 hash of the state."""
    key_id: str
    """Id of the backup key."""


class DiagnosticPart(JsonRecord):
    """A message of Terraform, masked."""

    severity: MessageSeverity
    """Severity of the message; `note` is a message of Terrace's own."""
    summary: str
    """Title."""
    detail: str
    """Explanation; empty where there is none."""
    path: str | None
    """File in the repository, or null."""
    line: int | None
    """Line in the file, from 1, or null."""
    column: int | None
    """Column in the line, from 1, or null."""
    address: str | None
    """Address of the resource, or null."""
    code: str | None
    """Source lines, or null."""
    code_line: int | None
    """Number of the first source line, or null."""
    context: str | None
    """Start of the block that contains the source lines, or null."""
    values: tuple[str, ...]
    """Values of the expressions in the source lines."""


class ApplyProgressPart(JsonRecord):
    """The changes of an apply that did not succeed, by their state: at most 20 of each.

    A replacement of which only one half was done is listed as its `delete` and its `create`.
    """

    completed: tuple[StepChange, ...]
    """Changes that were completed."""
    failed: tuple[StepChange, ...]
    """Changes that failed; `diagnostics` has the messages of Terraform."""
    in_flight: tuple[StepChange, ...]
    """Changes that were started and whose result is unknown."""
    not_started: tuple[StepChange, ...]
    """Planned changes that were not started; empty where the log of the apply is incomplete."""
    more: dict[ChangeState, int]
    """Number of changes that are left out, by state."""


class StepPart(JsonRecord):
    """A step of a deployment."""

    name: Step
    """Name of the step."""
    stack: str | None
    """Key of the stack; null for a step of the environment."""
    result: StepResult | None
    """Result of the step; null while it runs."""
    message: str
    """Result in words."""
    started_at: str | None
    """Time at which the step started."""
    ended_at: str | None
    """Time at which the step finished."""
    digest: str | UnsetType = UNSET
    """Plan digest; only of a plan."""
    changes: tuple[StepChange, ...] | UnsetType = UNSET
    """Changes; only of a plan."""
    notices: tuple[str, ...] | UnsetType = UNSET
    """Facts that approvers need besides the changes; only of a plan."""
    backup: StepBackup | UnsetType = UNSET
    """State backup; only of a step that made one."""
    diagnostics: tuple[DiagnosticPart, ...] | UnsetType = UNSET
    """Messages of Terraform; only of a step that failed."""
    more_diagnostics: int | UnsetType = UNSET
    """Number of messages that are only in the log of the step; only where some are."""
    hint: str | UnsetType = UNSET
    """How to fix the failure; only where Terrace knows it."""
    progress: ApplyProgressPart | UnsetType = UNSET
    """Changes by their state; only of an apply that did not succeed."""


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


class DifferenceCommit(JsonRecord):
    """A commit of a difference."""

    commit: str
    """Id of the commit."""
    message: str
    """Message of the commit."""
    merge: bool
    """True if it has several parents."""


class DifferencePerson(JsonRecord):
    """An author, committer or co-author."""

    name: str
    """Name."""
    email: str
    """E-mail address."""


class DifferenceValues(JsonRecord):
    """A file of variables that changes."""

    path: str
    """File in the repository."""
    diff: tuple[str, ...]
    """Changed lines, each with `+` or `-`, masked."""


class DifferencePlan(JsonRecord):
    """A pending plan of the target."""

    stack: str
    """Key of the stack."""
    create: int
    """Number of resources to create."""
    update: int
    """Number of resources to update."""
    replace: int
    """Number of resources to replace."""
    delete: int
    """Number of resources to delete."""


class DiffJson(JsonRecord, tag_field="schema", tag="terrace/diff@1"):
    """Output of `terrace diff`."""

    source: str
    """Environment whose release is compared."""
    target: str
    """Environment that would get it."""
    brings: str | None
    """Commit that the source runs, or null."""
    replaces: str | None
    """Commit that the target runs, or null."""
    backwards: bool
    """True if the target runs the newer commit."""
    commits: tuple[DifferenceCommit, ...]
    """Commits between the two, the newest first."""
    people: tuple[DifferencePerson, ...]
    """People who wrote the commits."""
    tickets: tuple[str, ...]
    """Tickets that the messages of the commits name."""
    stacks: tuple[str, ...]
    """Keys of the stacks of the target that change."""
    values: tuple[DifferenceValues, ...]
    """Files of variables of the target that change."""
    deployment: str | None
    """Id of the open deployment of that commit in the target, or null."""
    plans: tuple[DifferencePlan, ...]
    """Plans of that deployment."""
    unknown: str | None
    """Reason why the commits are unknown, or null."""


class LogLinePart(JsonRecord):
    """A line that Terraform printed, masked."""

    at: str
    """Time of the line."""
    text: str
    """The line."""


class StepLogPart(JsonRecord):
    """The output of Terraform in one step."""

    stack: str
    """Key of the stack."""
    step: Step
    """Name of the step."""
    lines: tuple[LogLinePart, ...]
    """Lines in the order in which they were printed."""
    problem: str | None
    """Reason why a part of the output is missing, or null."""


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


class ShowLogJson(JsonRecord, tag_field="schema", tag="terrace/show-log@1"):
    """Output of `terrace show ENV --log`."""

    deployment: str
    """Id of the deployment."""
    environment: str
    """Environment."""
    logs: tuple[StepLogPart, ...]
    """Output of the steps, in their order."""


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
    kept = changes or PlannedChanges()
    undone = rollback is not UNSET and rollback.result == "succeeded"
    return _DEPLOYMENTS[command](
        deployment=deployment.id,
        environment=deployment.environment,
        commit=deployment.commit,
        result="rolled_back" if undone else result_word(deployment),
        reasons=tuple(deployment.reasons or deployment.waiting),
        steps=tuple(map(_step_part, deployment.steps)),
        tag=deployment.tag,
        rollback=rollback,
        refused=refused_stacks(refusals) if refusals is not None else UNSET,
        plans=tuple(map(plan_json, kept.plans.values())),
        plans_missing=dict(kept.missing),
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
    kept = changes or PlannedChanges()
    return ShowJson(
        deployment=deployment.id,
        environment=deployment.environment,
        commit=deployment.commit,
        result=result_word(deployment),
        reasons=tuple(deployment.reasons or (_waiting_for(situation) if situation else deployment.waiting)),
        steps=tuple(map(_step_part, deployment.steps)),
        tag=deployment.tag,
        gates=gate_parts(situation.step.verdict) if situation and isinstance(situation.step, Wait) else UNSET,
        next=next_steps(situation) if situation else (),
        approvals=tuple(map(approval_part, approvals)),
        plans=tuple(map(plan_json, kept.plans.values())),
        plans_missing=dict(kept.missing),
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
        steps=tuple(map(_step_part, failed)),
        next=next_steps(situation),
    )


def difference_json(difference: ReleaseDifference) -> DiffJson:
    """Returns the output of `terrace diff`."""
    brings, replaces, pending = difference.brings, difference.replaces, difference.pending
    return DiffJson(
        source=difference.source,
        target=difference.target,
        brings=brings.commit if brings is not None else None,
        replaces=replaces.commit if replaces is not None else None,
        backwards=difference.backwards,
        commits=tuple(
            DifferenceCommit(commit=commit.id, message=commit.message.strip(), merge=commit.merge)
            for commit in difference.commits
        ),
        people=tuple(DifferencePerson(name=one.name, email=one.email) for one in difference.people),
        tickets=difference.tickets,
        stacks=difference.stacks,
        values=tuple(DifferenceValues(path=one.path, diff=one.diff) for one in difference.values),
        deployment=pending.id if pending is not None else None,
        plans=tuple(
            DifferencePlan(
                stack=plan.stack,
                create=plan.detail.create or 0,
                update=plan.detail.update or 0,
                replace=plan.detail.replace or 0,
                delete=plan.detail.delete or 0,
            )
            for plan in difference.plans
        ),
        unknown=difference.unknown or None,
    )


def logs_json(deployment: Deployment, logs: Iterable[StepLog]) -> ShowLogJson:
    """Returns the output of `terrace show ENV --log`."""
    return ShowLogJson(
        deployment=deployment.id,
        environment=deployment.environment,
        logs=tuple(
            StepLogPart(
                stack=log.stack,
                step=Step(log.step),
                lines=tuple(LogLinePart(at=entry.at, text=entry.text) for entry in log.lines),
                problem=log.problem or None,
            )
            for log in logs
        ),
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
        stale=tuple(StaleResource(address=a, recorded=recorded, made=made) for a, recorded, made in row.stale),
        lock=LockPart(id=row.lock.id, who=row.lock.who, ours=row.ours) if row.lock else None,
        unsaved=row.unsaved,
    )


def _step_part(step: StepRecord) -> StepPart:
    detail = step.detail
    return StepPart(
        name=step.step,
        stack=step.stack or None,
        result=step.result,
        message=step.message,
        started_at=when_known(step.began_at),
        ended_at=when_known(step.ended_at),
        digest=detail.digest or "" if detail.changes is not UNSET else UNSET,
        changes=_step_changes(detail.changes) if detail.changes is not UNSET else UNSET,
        notices=tuple(detail.notices) if detail.notices is not UNSET else UNSET,
        backup=_step_backup(detail),
        diagnostics=tuple(diagnostic_part(one.diagnostic()) for one in detail.diagnostics)
        if detail.diagnostics is not UNSET
        else UNSET,
        more_diagnostics=detail.more_diagnostics,
        hint=detail.hint,
        progress=_progress_part(detail.progress) if detail.progress is not UNSET else UNSET,
    )


def _step_changes(changes: Iterable[RecordedChange]) -> tuple[StepChange, ...]:
    return tuple(StepChange(action=action, address=address) for action, address in changes)


def _progress_part(progress: ApplyProgressRecord) -> ApplyProgressPart:
    return ApplyProgressPart(
        completed=_step_changes(progress.completed),
        failed=_step_changes(progress.failed),
        in_flight=_step_changes(progress.in_flight),
        not_started=_step_changes(progress.not_started),
        more=dict(progress.more),
    )


def diagnostic_part(diagnostic: Diagnostic) -> DiagnosticPart:
    """Returns a message of Terraform."""
    place, snippet = diagnostic.place, diagnostic.snippet
    return DiagnosticPart(
        severity=_SEVERITIES.get(diagnostic.severity, "error"),
        summary=diagnostic.summary,
        detail=diagnostic.detail,
        path=place.path if place else None,
        line=place.line or None if place else None,
        column=place.column or None if place else None,
        address=diagnostic.address,
        code=snippet.code if snippet else None,
        code_line=snippet.line if snippet else None,
        context=(snippet.context or None) if snippet else None,
        values=snippet.values if snippet else (),
    )


def _step_backup(detail: Detail) -> StepBackup | UnsetType:
    if detail.backup is UNSET:
        return UNSET
    return StepBackup(
        backup=detail.backup,
        lineage=detail.lineage or "",
        serial=detail.serial or 0,
        state_sha256=detail.state_sha256 or "",
        key_id=detail.key_id or "",
    )


def approval_part(approval: Approval) -> ApprovalPart:
    """Returns an approval or a rejection."""
    return ApprovalPart(
        actor=approval.actor,
        role=approval.role,
        answer=approval.answer,
        proof=approval.proof,
        at=when(approval.at),
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
    left: tuple[str, ...],
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
        left=left,
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


class ApproveJson(DecisionJson, tag_field="schema", tag="terrace/approve@1"):
    """Output of `terrace approve`."""


class RejectJson(DecisionJson, tag_field="schema", tag="terrace/reject@1"):
    """Output of `terrace reject`."""


def decision_json(command: str, deployment: Deployment, verdict: Verdict) -> DecisionJson:
    """Returns the output of `terrace approve` or `terrace reject`."""
    kind = RejectJson if command == "reject" else ApproveJson
    return kind(
        deployment=deployment.id,
        environment=deployment.environment,
        verdict=verdict.outcome,
        gates=gate_parts(verdict),
    )


class WithdrawJson(JsonRecord, tag_field="schema", tag="terrace/withdraw@1"):
    """Output of `terrace reject ENV --withdraw --comment WHY`."""

    environment: str
    """Environment."""
    withdrawn: tuple[str, ...]
    """Ids of rejections that no longer block."""
    standing: tuple[str, ...]
    """Ids of rejections that still block."""


class HoldJson(JsonRecord, tag_field="schema", tag="terrace/hold@1"):
    """Output of `terrace hold` and `terrace unhold`."""

    environment: str
    """Environment."""
    held: bool
    """True if the environment is on hold."""


class RunningStep(JsonRecord):
    """A step that runs now."""

    step: str
    """Name of the step."""
    stack: str
    """Key of the stack; empty for a step of the environment."""
    attempt: str
    """Id of the attempt."""
    since: str | None
    """Time at which the step started."""


class HoldPart(JsonRecord):
    """The hold of an environment."""

    reason: str
    """Reason for the hold."""
    by: str
    """Person or process that set it."""
    since: str
    """Time at which it was set."""


class DriftStatus(JsonRecord):
    """Result of the newest drift check of an environment."""

    status: DriftState
    """Result of the latest drift check."""
    checked_at: str | None
    """Time of the last complete check."""
    overdue: str = ""
    """Reason why a check is overdue; left out otherwise."""


class EnvironmentStatus(JsonRecord, kw_only=True):
    """Status of one environment."""

    name: str
    """Name of the environment."""
    state: StateWord
    """State of the environment."""
    commit: str | UnsetType = UNSET
    """Commit of the last good release; left out before the first."""
    since: str | UnsetType | None = UNSET
    """Time at which that release finished."""
    deployment: str | UnsetType = UNSET
    """Id of the newest deployment."""
    waiting_for: tuple[str, ...]
    """Conditions that the newest deployment waits for."""
    running: tuple[RunningStep, ...] | UnsetType = UNSET
    """Steps that run now; only of an open deployment."""
    reasons: tuple[str, ...] | UnsetType = UNSET
    """Reasons why the newest deployment did not succeed."""
    handle: str = ""
    """Handle of the pending plans, as in `/terrace approve ENVIRONMENT HANDLE`."""
    held: HoldPart | UnsetType = UNSET
    """Hold of the environment."""
    alarms: tuple[str, ...]
    """Problems with states and their backups."""
    drift: DriftStatus | UnsetType = UNSET
    """Result of the newest drift check."""
    live: str | None = None
    """Commit that runs there, also while it is baking; null where nothing is known to run."""
    gates: tuple[GatePart, ...] = ()
    """Gates of the open deployment, evaluated now."""
    problem: str | None = None
    """Reason why the gates could not be evaluated now, or null."""
    next: tuple[str, ...] = ()
    """Next steps, as sentences with commands."""


class OrphanedStackPart(JsonRecord):
    """A stack that is deployed and that the protected branch no longer has."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    commit: str
    """Deployed commit of the stack."""


class AdoptedStackPart(JsonRecord):
    """A stack that was adopted and not deployed since."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    commit: str
    """Commit that the state was compared with."""
    same: bool
    """True if a plan of that commit changed nothing."""


class UnreadableRules(JsonRecord):
    """Reason why the stacks of the protected branch are unknown."""

    error: str
    """Error."""
    hint: str | None
    """Suggested fix, or null."""
    place: str | None
    """`file:line` of the error, or null."""


class StatusJson(JsonRecord, tag_field="schema", tag="terrace/status@1"):
    """Output of `terrace status`."""

    environments: tuple[EnvironmentStatus, ...]
    """Environments in the promotion order."""
    refused: tuple[RefusedStack, ...]
    """Stacks that Terrace refuses."""
    unreadable: UnreadableRules | None
    """Reason why the stacks of the protected branch are unknown, or null."""
    left: tuple[OrphanedStackPart, ...]
    """Stacks that are deployed and that the protected branch no longer has."""
    adopted: tuple[AdoptedStackPart, ...]
    """Stacks that were adopted and not deployed since."""
    as_of: str | None = None
    """Time of the last fetch, where the remote could not be reached; null where the output is current."""


def environment_statuses(
    situations: Iterable[Situation], alarms: Mapping[str, tuple[str, ...]], drift: Mapping[str, EnvironmentDrift]
) -> tuple[EnvironmentStatus, ...]:
    """Returns the status of every environment. `alarms` and `drift` are by the name of the environment."""
    return tuple(
        _environment_status(one, alarms.get(one.environment, ()), drift.get(one.environment)) for one in situations
    )


def _environment_status(
    situation: Situation, alarms: tuple[str, ...], drift: EnvironmentDrift | None
) -> EnvironmentStatus:
    latest, good, hold, live = situation.latest, situation.released, situation.hold, situation.live
    is_open = latest is not None and latest.result is None
    has_failed = latest is not None and latest.result not in (None, "succeeded")
    return EnvironmentStatus(
        name=situation.environment,
        state=state_word(latest, hold),
        commit=good.commit if good is not None else UNSET,
        since=when_known(good.ended_at) if good is not None else UNSET,
        live=live.commit if live is not None else None,
        deployment=latest.id if latest is not None else UNSET,
        waiting_for=_waiting_for(situation) if is_open else (),
        running=_running_steps(latest) if latest is not None and is_open else UNSET,
        reasons=tuple(latest.reasons) if latest is not None and has_failed else UNSET,
        handle=situation.handle,
        held=HoldPart(reason=hold.reason, by=hold.by, since=when(hold.since)) if hold is not None else UNSET,
        alarms=tuple(alarms),
        drift=DriftStatus(status=drift.status, checked_at=when_known(drift.checked_at), overdue=drift.overdue)
        if drift is not None
        else UNSET,
        gates=gate_parts(situation.step.verdict) if isinstance(situation.step, Wait) else (),
        problem=situation.problem or None,
        next=next_steps(situation),
    )


def _waiting_for(situation: Situation) -> tuple[str, ...]:
    """Returns the conditions of an open deployment: those of now where they could be evaluated."""
    if situation.step is not None:
        return tuple(result.reason for result in situation.open_gates)
    return tuple(situation.latest.waiting) if situation.latest is not None else ()


def _running_steps(deployment: Deployment) -> tuple[RunningStep, ...]:
    return tuple(
        RunningStep(step=step.step.value, stack=step.stack, attempt=step.attempt, since=when_known(step.began_at))
        for step in deployment.steps
        if step.open
    )


def status_json(
    environments: tuple[EnvironmentStatus, ...],
    refusals: Mapping[str, Refusal],
    error: TerraceError | None,
    orphans: Iterable[OrphanedStack],
    adopted: Mapping[str, Mapping[str, AdoptedStack]],
    as_of: datetime | None = None,
) -> StatusJson:
    """Returns the output of `terrace status`. `error` is why the stacks of the protected branch are unknown."""
    return StatusJson(
        environments=environments,
        refused=refused_stacks(refusals),
        unreadable=UnreadableRules(
            error=error.message, hint=error.hint, place=str(error.place) if error.place is not None else None
        )
        if error is not None
        else None,
        left=orphaned_stacks(orphans),
        adopted=tuple(
            AdoptedStackPart(stack=key, environment=name, commit=stack.commit, same=stack.record.same)
            for name, stacks in adopted.items()
            for key, stack in sorted(stacks.items())
        ),
        as_of=when_known(as_of),
    )


def orphaned_stacks(orphans: Iterable[OrphanedStack]) -> tuple[OrphanedStackPart, ...]:
    """Returns stacks that are deployed and that the protected branch no longer has."""
    return tuple(OrphanedStackPart(stack=s.stack, environment=s.environment, commit=s.commit) for s in orphans)


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
                started_at=when(deployment.opened_at),
                ended_at=when_known(deployment.ended_at),
                approvals=tuple(map(approval_part, approvals)),
                tag=deployment.tag,
            )
            for deployment, approvals in rows
        )
    )
