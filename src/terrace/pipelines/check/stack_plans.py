"""The plans of the stacks that a change impacts, and a finding for each stack that has no complete plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from terrace.assess.model import Finding, Severity, Status
from terrace.errors import BadInput, Interrupted, TerraceError, TerraformFailed
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.planning import Planned, site_in
from terrace.pipelines.states.known_states import creations_of, find_recreated, moved_state, wrong_state
from terrace.pipelines.states.left_states import find_unadopted_state, has_no_known_state
from terrace.plans.before_plan_outputs import CommandFailed
from terrace.plans.handover import AwaitsMerge
from terrace.plans.model import Plan
from terrace.report.diagnostics import diagnostic_lines, errors_first
from terrace.stacks.backends import find_shared_states
from terrace.stacks.before_plan import commands_of
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Impact, Stack
from terrace.stacks.order import stack_waves
from terrace.states.removed_stacks import explanation
from terrace.states.state_file import holds_nothing


class _AwaitsAdoption(AwaitsMerge):
    """The state of a stack has to move to an empty address. It can move only after the merge, so this does not block
    the merge. A deployment refuses the stack until the state has moved."""


class _AwaitsRules(AwaitsMerge):
    """The change adds the first terrace.yaml. Before the merge no rules say how environments that only it names may be
    planned. Nothing is deployed to them before either, so this does not block the merge."""


class _AwaitsCommands(AwaitsMerge):
    """The change sets commands that run before the plan. They are read on the protected branch, so a plan may lack what
    they would write. A deployment runs them and evaluates a new plan, so this does not block the merge."""


def plan_stack(
    context: Context, inventory: Inventory, stack: Stack, root: Path, by: Planned, history: History | None
) -> Plan:
    """Returns the plan of one stack, made with the credentials that the protected branch configures.

    With a history, the state is first compared with the one that the ledger knows.
    """
    if all(environment.name != stack.environment for environment in context.config.environments):
        awaits = BadInput if context.config.source else _AwaitsRules
        raise awaits(
            f"{stack.environment} is a new environment: the protected branch does not configure how it may be planned",
            hint="ask an owner to merge the environment first; after that, changes to its stacks are planned",
        )
    inventory.require_usable(stack)
    for sharing in find_shared_states(inventory):
        if stack.key in (sharing.stack.key, sharing.other.key):
            raise BadInput(
                f"{sharing.stack.key} and {sharing.other.key} have the same state ({sharing.address}), so neither is "
                "planned",
                hint="give each stack its own backend address",
                place=sharing.address.place,
            )
    if history is not None and has_no_known_state(history, stack.key):
        # States that Terraform left locally are searched first: a state is pulled only where that makes a difference.
        if find_unadopted_state(context, inventory, stack, b"")[0]:
            state = context.terraform.pull_state(site_in(context, inventory, stack, root, "plan"))
            why, hint = find_unadopted_state(context, inventory, stack, state.content)
            if why:
                raise BadInput(why, hint=hint)
    elif history is not None:
        state = context.terraform.pull_state(site_in(context, inventory, stack, root, "plan"))
        moved = moved_state(context, history, inventory, stack)
        wrong = wrong_state(history, stack.environment, stack.key, state, moved)
        if wrong and moved and (not state.content or holds_nothing(state.content)):
            raise _AwaitsAdoption(f"{stack.key} is not planned: {wrong}")
        if wrong:
            raise BadInput(f"{stack.key} is not planned: {wrong}")
    try:
        return by(context, inventory, stack, root)
    except (TerraformFailed, CommandFailed) as error:
        if commands_of(inventory.config, stack) == commands_of(context.config, stack):
            raise
        raise _AwaitsCommands(
            f"{stack.key} is not planned: its commands under `before_plan` differ from those of the protected "
            f"branch, which run until the change is merged: {error}",
            hint="ask an owner to merge terrace.yaml first; after that, its stacks are planned with the new commands",
            place=error.place,
        ) from error


def collect_plans(
    futures: Mapping[str, Future[Plan]],
    before: Mapping[str, tuple[str, ...]],
    planned: Callable[[Plan], None],
    unplannable: Callable[[str, TerraceError], None],
) -> tuple[dict[str, Plan], dict[str, str], list[Finding]]:
    """Returns the plans, the reasons for missing ones, and a finding for each that is missing or incomplete.

    `before` has the stacks that are deployed before each one: a stack that fails while these still have changes is
    planned after them.
    """
    plans: dict[str, Plan] = {}
    failed: dict[str, TerraceError] = {}
    findings: list[Finding] = []
    for key, future in futures.items():
        try:
            plan = future.result()
        except Interrupted:
            raise
        except TerraceError as error:
            failed[key] = error
            unplannable(key, error)
            continue
        plans[key] = plan
        planned(plan)
        if plan.errored or not plan.complete:
            message = f"the plan of {key} is incomplete: the missing part was not checked"
            findings.append(Finding("plan-complete", Severity.HIGH, Status.UNKNOWN, "terrace", message, stack=key))
    unplanned = {}
    for key, failure in failed.items():
        pending = [
            other for other in before.get(key, ()) if other in failed or (other in plans and not plans[other].is_empty)
        ]
        if pending and isinstance(failure, TerraformFailed):
            unplanned[key] = f"planned after {', '.join(pending)}: {failure}"
            broken = _failure_findings(key, failure)
            findings += [replace(finding, advisory=True, message=unplanned[key]) for finding in broken[:1]]
        else:
            unplanned[key] = str(failure)
            waits = isinstance(failure, AwaitsMerge)
            findings += [
                replace(finding, advisory=finding.advisory or waits) for finding in _failure_findings(key, failure)
            ]
    return plans, unplanned, findings


def earlier_stacks(inventory: Inventory, impacts: tuple[Impact, ...]) -> dict[str, tuple[str, ...]]:
    """Returns, for every impacted stack, the stacks of its environment in earlier waves."""
    waves_before: dict[str, tuple[str, ...]] = {}
    for environment in {impact.stack.environment for impact in impacts}:
        earlier: tuple[str, ...] = ()
        stacks = tuple(stack for stack in inventory.of(environment) if stack.key not in inventory.refusals)
        for wave in stack_waves(stacks, inventory.graph):
            waves_before.update({stack.key: earlier for stack in wave})
            earlier = (*earlier, *(stack.key for stack in wave))
    return waves_before


def _failure_findings(key: str, error: TerraceError) -> list[Finding]:
    diagnostics = error.diagnostics if isinstance(error, TerraformFailed) else ()
    errors = [d for d in diagnostics if d.severity == "error"]
    if not errors:
        place = error.place
        return [
            Finding(
                rule="plan",
                severity=Severity.HIGH,
                status=Status.UNKNOWN,
                tool="terraform",
                message=error.message,
                stack=key,
                path=place.path if place else None,
                line=place.line if place else 0,
                fix=error.hint,
            )
        ]
    return [
        Finding(
            rule="plan",
            severity=Severity.HIGH,
            status=Status.UNKNOWN,
            tool="terraform",
            # Terraform's details have several lines, and a message has one.
            message=" ".join(f"{d.summary}: {d.detail}".split()) if d.detail else d.summary,
            stack=key,
            address=d.address,
            path=d.place.path if d.place else None,
            line=d.place.line if d.place else 0,
            detail="\n".join(diagnostic_lines(d)),
            fix=error.hint,
        )
        for d in errors_first(errors)
    ]


def find_recreations(history: History, inventory: Inventory, plans: Mapping[str, Plan]) -> list[Finding]:
    """Returns findings for stacks that create what a removed or renamed stack still has: a deployment refuses them."""
    recreations = []
    for environment in dict.fromkeys(plan.stack.environment for plan in plans.values()):
        creations = {key: creations_of(plan) for key, plan in plans.items() if plan.stack.environment == environment}
        for key, recreation in find_recreated(history, inventory, environment, creations).items():
            message, fix = explanation(environment, key, recreation)
            recreations.append(
                Finding("shared-state", Severity.CRITICAL, Status.FAIL, "terrace", message, stack=key, fix=fix)
            )
    return recreations
