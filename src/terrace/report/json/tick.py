"""Output of `tick`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import UNSET, UnsetType

from terrace.compliance.audit import Audited
from terrace.drift.review import Review
from terrace.report.json.checks import AuditedEnvironment, audited_environments
from terrace.report.json.deployments import DeploymentJson, FollowingRollback
from terrace.report.json.drift import DriftedEnvironment, drifted_environments
from terrace.report.json.environments import OrphanedStackPart, orphaned_stacks
from terrace.report.json.parts import GatePart, RefusedStack
from terrace.report.json.record import JsonRecord
from terrace.report.json.states import StateCheck, state_check
from terrace.report.json.steps import StepPart
from terrace.report.orphans import OrphanedStack
from terrace.report.words import ResultWord
from terrace.states.state_checks import Look


class TickDueJson(JsonRecord, tag_field="schema", tag="terrace/tick-due@1"):
    """Output of `terrace tick --due`: environments in which `terrace tick` would do something."""

    enters: tuple[str, ...]
    """Environments in which a deployment would start."""
    goes_on: tuple[str, ...]
    """Environments in which an open deployment would continue."""
    checks: tuple[str, ...] = ()
    """Environments in which a drift check, a state backup or an audit is due by terrace.yaml."""


class TickAction(JsonRecord, kw_only=True):
    """One action of `terrace tick`. A released hold has only `environment`, `result` and `reasons`."""

    schema: str | UnsetType = UNSET
    """`terrace/tick@1`."""
    deployment: str | UnsetType | None = UNSET
    """Id of the deployment; null where the gates blocked it."""
    environment: str
    """Environment."""
    commit: str | UnsetType = UNSET
    """Commit."""
    result: ResultWord | Literal["released"]
    """Result of the deployment, or `released`."""
    reasons: tuple[str, ...]
    """Reasons for the result."""
    steps: tuple[StepPart, ...] | UnsetType = UNSET
    """Steps of the deployment."""
    gates: tuple[GatePart, ...] | UnsetType = UNSET
    """Gates of the environment; only where they blocked the deployment."""
    tag: str | UnsetType | None = UNSET
    """Git tag of the deployment, or null."""
    rollback: FollowingRollback | UnsetType = UNSET
    """Rollback that followed; only after a failure."""
    handle: str | UnsetType = UNSET
    """Handle of the pending plans; empty where none are pending."""
    refused: tuple[RefusedStack, ...] | UnsetType = UNSET
    """Stacks of the environment that Terrace refuses."""


def tick_action(record: DeploymentJson, handle: str) -> TickAction:
    """Returns one action of `terrace tick`; `handle` names the pending plans."""
    return TickAction(
        schema="terrace/tick@1",
        deployment=record.deployment,
        environment=record.environment,
        commit=record.commit,
        result=record.result,
        reasons=record.reasons,
        steps=record.steps,
        gates=record.gates,
        tag=record.tag,
        rollback=record.rollback,
        handle=handle,
        refused=record.refused,
    )


class TickJson(JsonRecord, tag_field="schema", tag="terrace/tick@1"):
    """Output of `terrace tick`."""

    done: tuple[TickAction, ...]
    """Actions, in their order."""
    drift: tuple[DriftedEnvironment, ...]
    """Drift of the environments that were checked for it."""
    backups: tuple[StateCheck, ...]
    """States that were checked for changes."""
    audits: tuple[AuditedEnvironment, ...]
    """Results of full checks."""
    left: tuple[OrphanedStackPart, ...]
    """Stacks that are deployed and that the protected branch no longer has."""


def tick_json(
    actions: Iterable[TickAction],
    reviews: Iterable[Review],
    looks: Iterable[Look],
    audits: Iterable[Audited],
    orphans: Iterable[OrphanedStack],
) -> TickJson:
    """Returns the output of `terrace tick`."""
    return TickJson(
        done=tuple(actions),
        drift=drifted_environments(reviews),
        backups=tuple(map(state_check, looks)),
        audits=audited_environments(audits),
        left=orphaned_stacks(orphans),
    )
