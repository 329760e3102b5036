"""Plans that are made and read only: nothing is locked, kept or applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from terrace.errors import TerraceError
from terrace.pipelines.context import Context
from terrace.plans.before_plan_outputs import digest_of
from terrace.plans.differences import Comparison
from terrace.plans.document_kinds import NotAPlan
from terrace.plans.model import Plan
from terrace.plans.ports import MadePlan, Purpose, Site
from terrace.plans.read import read_plan
from terrace.plans.redacted_document import redact
from terrace.stacks.additions import NOTHING, Additions
from terrace.stacks.backends import backend_locations, kept_state_paths
from terrace.stacks.before_plan import commands_of
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack

Planned = Callable[[Context, Inventory, Stack, Path], Plan]
"""Plans one stack of a checkout."""


def plans_at(
    context: Context,
    inventory: Inventory,
    environment: str,
    additions: Additions = NOTHING,
    planned: Planned | None = None,
) -> Mapping[str, Plan]:
    """Returns the plans of all stacks of an environment that a deployment of the commit would deploy, by key.

    Runs up to `context.parallel` plans concurrently, each by `planned` or else by `plan_in`. Raises TerraformFailed
    when one of them fails.
    """
    plan_one = planned or plan_in
    stacks = inventory.deployable(environment)
    added = additions.files({stack.key: stack.path for stack in stacks}, inventory.graph.folders)
    with (
        context.repository.checkout(inventory.commit, f"{environment}-look", added) as root,
        ThreadPoolExecutor(max_workers=max(1, context.parallel)) as pool,
    ):
        plans = pool.map(lambda stack: plan_one(context, inventory, stack, root), stacks)
        return {plan.stack.key: plan for plan in plans}


def plan_in(context: Context, inventory: Inventory, stack: Stack, root: Path) -> Plan:
    """Returns the plan of one stack of a checkout."""
    return plan_of(context, site_in(context, inventory, stack, root, "plan"), inventory.commit)


def plan_of(context: Context, site: Site, commit: str) -> Plan:
    """Returns what a commit would change at a site, and removes the saved plan."""
    plan = context.terraform.plan(site, lock=False, listener=context.watcher.progress)
    try:
        return reading(context, site, commit, plan)
    finally:
        plan.discard()


def reading(context: Context, site: Site, commit: str, made_plan: MadePlan) -> Plan:
    """Returns a plan that was made at a site, normalized."""
    root = str(site.root)
    settings = next(
        (environment for environment in context.config.environments if environment.name == site.stack.environment), None
    )
    try:
        read = read_plan(
            made_plan.document,
            stack=site.stack,
            commit=commit,
            key=context.digest_key,
            root=root,
            lock=made_plan.lock,
            comparison=Comparison(made_plan.computed, settings.volatile.allow if settings else ()),
            diagnostics=made_plan.diagnostics,
            sources=made_plan.sources,
            unsettable=made_plan.unsettable,
            prepared=digest_of(made_plan.prepared),
        )
        return replace(read, shown=redact(made_plan.document, root)) if context.config.shown else read
    except NotAPlan as error:
        raise TerraceError(
            f"Terraform's output is not a plan: {error.message}",
            hint="is the binary an official build of Terraform or OpenTofu?",
        ) from error


def site_in(
    context: Context, inventory: Inventory, stack: Stack, root: Path, purpose: Purpose, lock_file: bytes = b""
) -> Site:
    """Returns the place where Terraform works on a stack of a checkout, with its environment's credentials for the
    purpose.

    Raises BadInput for a refused stack.
    """
    inventory.require_usable(stack)
    # From the trust root: a change's own commands take effect once it is merged. A commit without commands for the
    # stack needs none, such as the target of a rollback from before they were added.
    commands = commands_of(context.config, stack) if commands_of(inventory.config, stack) else ()
    return Site(
        stack=stack,
        root=root,
        init_key=inventory.graph.init_key(stack),
        backend=inventory.graph.backend(stack),
        addresses=backend_locations(stack, inventory.graph),
        variables=context.variables(context.config.environment(stack.environment), purpose),
        lock_file=lock_file,
        kept=kept_state_paths(stack, inventory),
        commands=commands,
        tree=context.repository.tree(inventory.commit) if commands else None,
    )
