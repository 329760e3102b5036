"""Plans that are only looked at: nothing is locked, kept or applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from terrace.errors import TerraceError
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy.ground import site_in
from terrace.plans.differences import Comparison
from terrace.plans.document_kinds import NotAPlan
from terrace.plans.model import Plan
from terrace.plans.prepared import digest_of
from terrace.plans.read import read_plan
from terrace.plans.shown import shown
from terrace.plans.terraform import MadePlan, Site
from terrace.stacks.additions import NOTHING, Additions
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import Stack

Planned = Callable[[Crew, Landscape, Stack, Path], Plan]
"""Plans one stack of a checkout."""


def plans_at(
    crew: Crew,
    landscape: Landscape,
    environment: str,
    additions: Additions = NOTHING,
    planned: Planned | None = None,
) -> Mapping[str, Plan]:
    """The plan of every stack of an environment at a commit that a deployment takes, by key; as many at once as the
    machine bears.

    `planned` plans one of them, `plan_in` if not said. Raises TerraformFailed when one of them cannot be planned.
    """
    one = planned or plan_in
    stacks = landscape.deployable(environment)
    added = additions.files({stack.key: stack.path for stack in stacks}, landscape.graph.folders)
    with (
        crew.repository.checkout(landscape.commit, f"{environment}-look", added) as root,
        ThreadPoolExecutor(max_workers=max(1, crew.parallel)) as pool,
    ):
        plans = pool.map(lambda stack: one(crew, landscape, stack, root), stacks)
        return {plan.stack.key: plan for plan in plans}


def plan_in(crew: Crew, landscape: Landscape, stack: Stack, root: Path) -> Plan:
    """The plan of one stack of a checkout."""
    return plan_of(crew, site_in(crew, landscape, stack, root, "plan"), landscape.commit)


def plan_of(crew: Crew, site: Site, commit: str) -> Plan:
    """What a commit would change at a site. The saved plan is gone at once."""
    made = crew.terraform.plan(site, lock=False, listener=crew.watcher.progress)
    try:
        return reading(crew, site, commit, made)
    finally:
        made.discard()


def reading(crew: Crew, site: Site, commit: str, made: MadePlan) -> Plan:
    """A plan that was made at a site, normalised."""
    root = str(site.root)
    settings = next((one for one in crew.config.environments if one.name == site.stack.environment), None)
    try:
        plan = read_plan(
            made.document,
            stack=site.stack,
            commit=commit,
            key=crew.digest_key,
            root=root,
            lock=made.lock,
            comparison=Comparison(made.computed, settings.volatile.allow if settings else ()),
            diagnostics=made.diagnostics,
            sources=made.sources,
            unsettable=made.unsettable,
            prepared=digest_of(made.prepared),
        )
        return replace(plan, shown=shown(made.document, root)) if crew.config.shown else plan
    except NotAPlan as error:
        raise TerraceError(
            f"what Terraform showed is not a plan: {error.message}",
            hint="is the binary a Terraform or OpenTofu of its own?",
        ) from error
