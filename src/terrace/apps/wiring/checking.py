"""Checks one change: the working tree in a terminal or CI job, or a commit from a webhook."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from terrace.adapters.git.patches import patches_between
from terrace.apps.output.console import note
from terrace.apps.wiring.handover import refuse_to_plan
from terrace.apps.wiring.project import Project, now
from terrace.assess.model import Finding
from terrace.checks.all import CHECKS
from terrace.checks.base import CheckAdapters, Policies, SourceCheck
from terrace.checks.secrets.search import SecretSearch
from terrace.errors import TerraceError
from terrace.pipelines.check.validate import validate
from terrace.pipelines.context import Context
from terrace.pipelines.planning import Planned, plan_in
from terrace.report.check_outcome import CheckOutcome
from terrace.stacks.impact import change_set_between
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet


def change_of(project: Project, head: str, base: str | None = None) -> tuple[ChangeSet, Inventory]:
    """Returns the change set of a commit against `base`, or against its merge base with the protected branch; and its
    configured stacks."""
    repository = project.repository
    start = repository.resolve(base) if base is not None else repository.merge_base(project.trust.commit, head)
    after = project.survey(head)
    try:
        before = project.survey(start)
    except TerraceError as error:
        # A broken base must not prevent the check of its fix: then all stacks count as new.
        note(f"note: {start[:7]} is unreadable ({error}), so every stack is treated as impacted")
        before = None
    trees = (repository.tree(start), repository.tree(head))
    return change_set_between(before, after, *trees, project.trust.config), after


def check_adapters(project: Project, policies: Policies) -> CheckAdapters:
    """Returns the adapters that the checks of a project use, with the policies that judge."""
    return CheckAdapters(
        project.terraform,
        project.repository,
        policies,
        secret_search(project),
        project.scanners(),
        project.survey,
    )


def change_in_working_tree(project: Project, base: str | None) -> tuple[ChangeSet, Inventory]:
    """Returns the change set of the working tree, with notices about uncommitted files, and its configured stacks."""
    change_set, inventory = change_of(project, project.repository.snapshot(), base)
    missing = project.find_uncommitted(inventory, {impact.stack.key for impact in change_set.impacts})
    return replace(change_set, notices=(*change_set.notices, *missing)), inventory


def secret_search(project: Project) -> SecretSearch:
    """Returns the secret search of a repository, with the baseline of its trust root."""
    return SecretSearch(
        project.repository, partial(patches_between, project.repository.root), project.trust.commit, now().date()
    )


def find_in_files(
    project: Project, context: Context, change_set: ChangeSet, inventory: Inventory
) -> tuple[Finding, ...]:
    """Returns the findings of the checks that read files of a change only. No stack is planned."""
    checks = {name: check for name, check in CHECKS.items() if isinstance(check, SourceCheck)}
    files = replace(change_set, impacts=())
    waivers = project.waivers(inventory, change_set.changed)
    adapters = check_adapters(project, project.policies())
    validation = validate(context, files, inventory, checks, adapters, waivers=waivers, by=refuse_to_plan, states=False)
    return validation.assessment.findings


def run_checks(
    project: Project, context: Context, change_set: ChangeSet, inventory: Inventory, by: Planned = plan_in
) -> CheckOutcome:
    """Runs all checks of a change. `by` plans its stacks."""
    waivers = project.waivers(inventory, change_set.changed)
    if waivers.unread:
        note(f"note: all waivers are ignored: those of the protected branch cannot be read ({waivers.unread})")
    scanners = project.scanners()
    adapters = check_adapters(project, project.policies())
    validation = validate(
        context, change_set, inventory, CHECKS, adapters, waivers=waivers, by=by, states=by is plan_in
    )
    return CheckOutcome(
        validation.assessment,
        validation.ahead,
        validation.passed,
        validation.risk,
        graph=inventory.graph,
        tools=(
            "terrace",
            "terraform",
            f"{project.terraform.product} fmt",
            *(("opa",) if context.config.has_policies else ()),
            *scanners.tools(context.config),
        ),
    )
