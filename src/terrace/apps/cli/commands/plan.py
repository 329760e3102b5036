"""`terrace plan`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import COMPLETE_ENV_OR_STACK, FULL, JSON

_ADD_STACKS = "`terrace init --print` shows the stacks of this repository, with their entries for `stacks:`"


@click.command()
@click.argument("stacks", nargs=-1, metavar="[STACK|ENV]...", shell_complete=COMPLETE_ENV_OR_STACK)
@click.option("--touched", metavar="ENV", help="Plan the impacted stacks of ENV. Needs --seal.")
@click.option(
    "--seal", "file", metavar="FILE", type=click.Path(), help="Write the encrypted plans to FILE, for `check --plans`."
)
@FULL
@JSON
@click.pass_obj
def plan(folder: str, stacks: tuple[str, ...], touched: str | None, file: str | None, full: bool, as_json: bool) -> int:
    """Plan stacks of the working tree, and show what would change.

    Without arguments, all stacks are planned. STACK is a key such as `prod/network`. More than 50 changes are shown as
    an overview that names the riskiest; --full shows all.

    With --touched and --seal, a job with credentials for one environment plans the impacted stacks of that environment,
    and a second job evaluates the plans. The plan files are encrypted with TERRACE_DIGEST_KEY, and are valid only for
    the same commit.

    \b
    Examples:
      terrace plan dev
      terrace plan prod/network prod/app --json
    """
    if touched is not None and file is not None:
        if stacks or as_json:
            raise click.UsageError("--touched and --seal take neither stacks nor --json")
        return _seal_plans(folder, touched, file)
    if touched is not None or file is not None:
        raise click.UsageError("--touched and --seal need each other")
    return _plan_stacks(folder, stacks, full=full, as_json=as_json)


def _plan_stacks(folder: str, names: tuple[str, ...], *, full: bool, as_json: bool) -> int:
    """Plans the stacks of these keys and environments as they are in the working tree.

    Exit 1 if there are no stacks: nothing was planned, and that is not a pass.
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, note, show
    from terrace.apps.output.deployments import note_uncommitted
    from terrace.apps.output.pager import paged
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.checking import check_adapters
    from terrace.apps.wiring.project import Project
    from terrace.config.naming import quote_word, unknown_name_error
    from terrace.errors import BadInput
    from terrace.pipelines.check.validate import validate
    from terrace.report.json.checks import plans_json
    from terrace.report.terminal.checks import findings_table, plans_tree
    from terrace.stacks.model import ChangeSet, Impact, Reason
    from terrace.stacks.root_modules import roots_without_stack_notice

    project = Project(Path(folder))
    inventory = project.survey(project.repository.snapshot())
    stacks = {stack.key: stack for stack in inventory.in_promotion_order()}
    environments = {stack.environment for stack in inventory.stacks}
    for name in names:
        if name not in stacks and name not in environments:
            if name in {environment.name for environment in inventory.config.environments}:
                raise BadInput(f"{name} has no stacks", hint=_ADD_STACKS)
            raise unknown_name_error("stack or environment", name, [*stacks, *sorted(environments - stacks.keys())])
    chosen = [key for key in stacks if not names or key in names or stacks[key].environment in names]
    if not chosen:
        outside = inventory.outside
        message = f"{roots_without_stack_notice(outside).message}; " if outside else ""
        note(f"{message}nothing was planned: there are no stacks")
        note(f"hint: {_ADD_STACKS}")
    impacts = tuple(Impact(stacks[key], (Reason("asked", stacks[key].path),)) for key in chosen)
    change_set = ChangeSet(inventory.commit, inventory.commit, (), impacts)
    missing = project.find_uncommitted(inventory, chosen)
    note_uncommitted(missing)
    with show_progress(as_json=as_json) as watcher:
        context, adapters = project.read_only_context(watcher), check_adapters(project, project.policies())
        assessment = validate(context, change_set, inventory, {}, adapters).assessment
    if as_json:
        emit(plans_json(assessment.plans.values(), assessment.unplanned, missing))
    else:
        command = " ".join(["terrace plan", *map(quote_word, names), "--full"])
        with paged():
            show(plans_tree(assessment.plans, assessment.unplanned, assessment.findings, full=full, command=command))
            if assessment.findings:
                show(findings_table(assessment.findings))
    return 2 if assessment.unplanned else 0 if chosen else 1


def _seal_plans(folder: str, environment: str, file: str) -> int:
    """Plans the impacted stacks of one environment, and writes the encrypted plans to a file.

    The file also contains the reasons of failed plans: `check --plans` reports them.
    """
    from dataclasses import replace
    from pathlib import Path

    from terrace.apps.output.console import show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.checking import change_in_working_tree, check_adapters
    from terrace.apps.wiring.handover import PlanCollector, hand_over
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.check.validate import validate
    from terrace.plans.handover import Handed
    from terrace.report.terminal.checks import plans_tree

    project = Project(Path(folder))
    project.trusted_environment(environment)
    change_set, inventory = change_in_working_tree(project, None)
    impacts = tuple(impact for impact in change_set.impacts if impact.stack.environment == environment)
    sealed = replace(change_set, impacts=impacts, removed=())
    collector = PlanCollector()
    with show_progress(as_json=False) as watcher:
        context, adapters = project.read_only_context(watcher), check_adapters(project, project.policies())
        validate(context, sealed, inventory, {}, adapters, by=collector.plan, failed=collector.failed)
    handed = Handed(inventory.commit, tuple(collector.plans.values()), collector.failures)
    hand_over(Path(folder) / file, project.digest_key, environment, handed)
    show(plans_tree(collector.plans, {key: why.message for key, why in collector.failures.items()}))
    return 0
