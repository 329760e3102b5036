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
from terrace.pipelines.states.known_states import creations_of, moved_state, recreated, wrong_state
from terrace.pipelines.states.left_states import never_had_state, unadopted
from terrace.plans.before_plan_outputs import CommandFailed
from terrace.plans.handover import AwaitsMerge
from terrace.plans.model import Plan
from terrace.stacks.backends import shared
from terrace.stacks.before_plan import commands_of
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Impact, Stack
from terrace.stacks.order import waves
from terrace.states.removed_stacks import explanation
from terrace.states.state_file import holds_nothing


class _AwaitsAdoption(AwaitsMerge):
    """The state of a stack is to move to an empty address. It can only once the change is merged, so that this blocks
    no merge; a deployment refuses the stack until it has moved."""


class _AwaitsRules(AwaitsMerge):
    """The change brings the first terrace.yaml: until it is merged nothing says what may be used to plan the stacks of
    environments that only it names. Nothing is deployed to them before either, so that this blocks no merge."""


class _AwaitsCommands(AwaitsMerge):
    """The change sets commands that run before the plan. They are read on the protected branch, so that a plan may lack
    what they would write. A deployment runs them, plans again and judges that plan, so that this blocks no merge."""


def plan_stack(
    context: Context, inventory: Inventory, stack: Stack, root: Path, by: Planned, history: History | None
) -> Plan:
    """The plan of one stack. What may be used to plan it is on the protected branch, or nowhere.

    With a history, a state that the ledger knows is compared with it first.
    """
    if all(environment.name != stack.environment for environment in context.config.environments):
        awaits = BadInput if context.config.source else _AwaitsRules
        raise awaits(
            f"{stack.environment} is a new environment: the protected branch does not say what may be used to plan it",
            hint="have an owner merge the environment first; a change to its stacks is planned from then on",
        )
    inventory.insist_on(stack)
    for one in shared(inventory):
        if stack.key in (one.stack.key, one.other.key):
            raise BadInput(
                f"{one.stack.key} and {one.other.key} have the same state ({one.address}): neither is planned on it",
                hint="give each stack an address of its own",
                place=one.address.place,
            )
    if history is not None and never_had_state(history, stack.key):
        # What Terraform left is looked for first: a state is pulled only where that decides something.
        if unadopted(context, inventory, stack, b"")[0]:
            state = context.terraform.pull_state(site_in(context, inventory, stack, root, "plan"))
            why, hint = unadopted(context, inventory, stack, state.content)
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
            f"{stack.key} is not planned: the change has other commands under `before_plan` than the protected branch, "
            f"whose commands run until it is merged: {error}",
            hint="have an owner merge terrace.yaml first; its stacks are planned with the new commands from then on",
            place=error.place,
        ) from error


def collect_plans(
    futures: Mapping[str, Future[Plan]],
    before: Mapping[str, tuple[str, ...]],
    planned: Callable[[Plan], None],
    unplannable: Callable[[str, TerraceError], None],
) -> tuple[dict[str, Plan], dict[str, str], list[Finding]]:
    """The plans that were made, why the others were not, and a finding for each that is not whole.

    `before` are the stacks that go before each: one that fails while these still change is planned after them.
    """
    made: dict[str, Plan] = {}
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
        made[key] = plan
        planned(plan)
        if plan.errored or not plan.complete:
            message = f"the plan of {key} is incomplete: what it leaves out was not looked at"
            findings.append(Finding("plan-complete", Severity.HIGH, Status.UNKNOWN, "terrace", message, stack=key))
    unplanned = {}
    for key, failure in failed.items():
        pending = [
            other for other in before.get(key, ()) if other in failed or (other in made and not made[other].is_empty)
        ]
        if pending and isinstance(failure, TerraformFailed):
            unplanned[key] = f"planned after {', '.join(pending)}: {failure}"
            found = _broken(key, failure)
            findings += [replace(finding, advisory=True, message=unplanned[key]) for finding in found[:1]]
        else:
            unplanned[key] = str(failure)
            waits = isinstance(failure, AwaitsMerge)
            findings += [replace(one, advisory=one.advisory or waits) for one in _broken(key, failure)]
    return made, unplanned, findings


def earlier_stacks(inventory: Inventory, impacts: tuple[Impact, ...]) -> dict[str, tuple[str, ...]]:
    """For every impacted stack the stacks of its environment that go in earlier waves."""
    found: dict[str, tuple[str, ...]] = {}
    for environment in {impact.stack.environment for impact in impacts}:
        earlier: tuple[str, ...] = ()
        stacks = tuple(stack for stack in inventory.of(environment) if stack.key not in inventory.refusals)
        for wave in waves(stacks, inventory.graph):
            found.update({stack.key: earlier for stack in wave})
            earlier = (*earlier, *(stack.key for stack in wave))
    return found


def _broken(key: str, error: TerraceError) -> list[Finding]:
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
            # Details of Terraform have several lines, and a message is one.
            message=" ".join(f"{d.summary}: {d.detail}".split()) if d.detail else d.summary,
            stack=key,
            address=d.address,
            path=d.place.path if d.place else None,
            line=d.place.line if d.place else 0,
            fix=error.hint,
        )
        for d in errors
    ]


def find_recreations(history: History, inventory: Inventory, plans: Mapping[str, Plan]) -> list[Finding]:
    """Stacks that create what a stack still holds that the change removes or renames: a deployment refuses them."""
    found = []
    for environment in dict.fromkeys(plan.stack.environment for plan in plans.values()):
        creations = {key: creations_of(plan) for key, plan in plans.items() if plan.stack.environment == environment}
        for key, one in recreated(history, inventory, environment, creations).items():
            message, fix = explanation(environment, key, one)
            found.append(
                Finding("shared-state", Severity.CRITICAL, Status.FAIL, "terrace", message, stack=key, fix=fix)
            )
    return found
