"""Plans that are only looked at: nothing is locked, kept or applied."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from terrace.pipelines.crew import Crew
from terrace.pipelines.ground import site_in
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.stacks.additions import NOTHING, Additions
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import Stack


def plans_at(crew: Crew, landscape: Landscape, environment: str, additions: Additions = NOTHING) -> Mapping[str, Plan]:
    """The plan of every stack of an environment at a commit, by key; as many at once as the machine bears.

    Raises TerraformFailed when one of them cannot be planned.
    """
    stacks = landscape.of(environment)
    added = additions.files({stack.key: stack.path for stack in stacks})
    with (
        crew.repository.checkout(landscape.commit, f"{environment}-look", added) as root,
        ThreadPoolExecutor(max_workers=max(1, crew.parallel)) as pool,
    ):
        plans = pool.map(lambda stack: plan_in(crew, landscape, stack, root), stacks)
        return {plan.stack.key: plan for plan in plans}


def plan_in(crew: Crew, landscape: Landscape, stack: Stack, root: Path) -> Plan:
    """The plan of one stack of a checkout."""
    site = site_in(crew, landscape, stack, root, "plan")
    made = crew.terraform.plan(site, lock=False, listener=crew.watcher.progress)
    try:
        return read_plan(
            made.document, stack=stack, commit=landscape.commit, key=crew.digest_key, root=str(root), lock=made.lock
        )
    finally:
        made.discard()
