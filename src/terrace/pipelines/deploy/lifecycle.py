"""The events at the start and at the end of a deployment, and the order of its stacks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from msgspec import structs

from terrace.errors import BadInput
from terrace.gates.approvals.declaration import facts_of
from terrace.gates.approvals.gate import approval_rule
from terrace.gates.model import Verdict
from terrace.ledger.deployment import Deployment, Result, Step
from terrace.ledger.events.codec import encode
from terrace.ledger.events.deployments import AdditionsRecord, DeploymentEnded, DeploymentOpened
from terrace.ledger.events.people import EnvironmentHeld, EnvironmentUnheld
from terrace.ledger.model import Draft, History, draft
from terrace.ledger.origins import origin_record, origin_word
from terrace.pipelines.approvals.declarations import declare
from terrace.pipelines.context import Context
from terrace.stacks.additions import NOTHING, Additions
from terrace.stacks.graph import Graph
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Origin, Stack, Undoing, is_requested
from terrace.stacks.order import stack_waves


@dataclass(frozen=True, slots=True)
class Refused:
    """The environment does not accept this release now. Nothing was recorded."""

    commit: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Opening:
    """A deployment before it starts. `held` is the reason for a hold on the environment that starts with it; "" for
    none.

    `settles` is the deployment with an unknown outcome that this one recovers. Until it is recovered, the environment
    accepts no other deployment.
    """

    environment: str
    commit: str
    origin: Origin
    waves: tuple[tuple[str, ...], ...]
    live: str = ""
    additions: Additions = NOTHING
    agreed: frozenset[str] = frozenset()
    partial: bool = False
    held: str = ""
    settles: str = ""


def deployment_waves(inventory: Inventory, environment: str) -> tuple[tuple[str, ...], ...]:
    """Returns the keys of an environment's stacks in deployment order, without the refused ones and those that depend
    on them.

    Stacks in the same folder are in different waves. Raises BadInput where the environment has no stacks.
    """
    stacks = inventory.of(environment)
    taken = inventory.deployable(environment)
    if stacks and not taken:
        key, why = min(inventory.find_left_out(environment).items())
        raise why.error(key)
    if not stacks:
        raise BadInput(
            f"{environment} has no stacks at {inventory.commit[:7]}",
            hint=f"a stack is a folder with *.tf files: environments/{environment} or environments/{environment}/NAME",
        )
    parts = (
        part for wave in stack_waves(taken, inventory.graph) for part in _one_of_each_folder(wave, inventory.graph)
    )
    return tuple(tuple(stack.key for stack in part) for part in parts)


def _one_of_each_folder(wave: tuple[Stack, ...], graph: Graph) -> Iterator[tuple[Stack, ...]]:
    """Splits a wave so that no part has two stacks in the same folder, by whatever path.

    Terraform leaves a state that it could not write in its working folder, and nothing in the file identifies the
    stack.
    """
    parts: list[dict[tuple[str, ...], Stack]] = []
    for stack in wave:
        folder = graph.folders[stack.path].files
        for part in parts:
            if folder not in part:
                part[folder] = stack
                break
        else:
            parts.append({folder: stack})
    return (tuple(part.values()) for part in parts)


def select_waves(waves: tuple[tuple[str, ...], ...], keys: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Returns the same order with only the wanted stacks."""
    return tuple(selected for wave in waves if (selected := tuple(key for key in wave if key in keys)))


def opening_drafts(context: Context, history: History, opening: Opening, deployment_id: str) -> tuple[Draft, ...]:
    """Returns the events that open a deployment, signed by the requester where people with keys have to approve it."""
    record = DeploymentOpened(
        environment=opening.environment,
        commit=opening.commit,
        origin=origin_record(opening.origin),
        waves=opening.waves,
        policy=context.policy,
        live=opening.live,
        additions=AdditionsRecord.of(opening.additions),
        agreed=tuple(sorted(opening.agreed)),
        partial=opening.partial,
        settles=opening.settles,
        run=context.run,
    )
    settings = context.config.environment(opening.environment)
    rule = approval_rule(settings, opening.origin)
    if (
        context.signers
        and is_requested(opening.origin)
        and (settings.risk or (rule.requires_any and not rule.unsigned))
    ):
        environment, facts = opening.environment, facts_of(encode(record))
        record = structs.replace(
            record, declaration=declare(context, history, "open", environment, deployment_id, "", facts)
        )
    opened = draft(record, deployment_id, context.actor)
    if not opening.held:
        return (opened,)
    held = EnvironmentHeld(opening.held, deployment_id, context.signers)
    return (opened, draft(held, opening.environment, context.actor))


def superseding_drafts(context: Context, latest: Deployment | None, by: Origin) -> tuple[Draft, ...]:
    """Returns the event that ends a pending deployment which another one replaces."""
    if latest is None or not latest.open:
        return ()
    ended = DeploymentEnded("superseded", (f"another deployment was started instead: {origin_word(by)}",))
    return (draft(ended, latest.id, context.actor),)


def end_events(
    deployment: Deployment, result: Result, reasons: tuple[str, ...], *, actor: str, signed: bool
) -> tuple[Draft, ...]:
    """Returns the events that end a deployment with this result.

    They may place a hold on its environment or release one. With `signed` only a signature can release the hold.
    """
    tagged = deployment.last(Step.TAG)
    tag = (tagged.detail.tag or "") if tagged is not None and tagged.result == "succeeded" else None
    end = DeploymentEnded(result, reasons, tag)
    hold = hold_after(deployment, result, signed=signed)
    return (draft(end, deployment.id, actor), *((draft(hold, deployment.environment, actor),) if hold else ()))


def hold_after(deployment: Deployment, result: Result, *, signed: bool) -> EnvironmentHeld | EnvironmentUnheld | None:
    """Returns the hold that a result places on the environment, or its release; None where it changes nothing."""
    if result == "unknown":
        # Nothing may build on an unknown result before a person has checked it.
        return EnvironmentHeld(f"the result of deployment {deployment.id} is unknown", deployment.id, signed)
    if isinstance(deployment.origin, Undoing):
        if result == "succeeded":
            return None
        return EnvironmentHeld(f"the rollback to {deployment.commit[:7]} finished: {result}", deployment.id, signed)
    if result == "succeeded" and deployment.settles:
        return EnvironmentUnheld("the unknown result is resolved", deployment.settles)
    return None
