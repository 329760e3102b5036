"""`terrace adopt`: adopt the existing stacks of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import COMPLETE_STACK, ENVS, JSON, REASON

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.drift.state_adoption import Row
    from terrace.pipelines.states.adopt_all import Survey


@click.command()
@ENVS
@click.option(
    "--stack",
    "stacks",
    metavar="STACK",
    multiple=True,
    shell_complete=COMPLETE_STACK,
    help="Only this stack, by its name or key. Repeatable.",
)
@click.option("--print", "only_print", is_flag=True, help="Show which stacks would be adopted; record nothing.")
@REASON
@click.option("--yes", is_flag=True, help="Adopt all stacks that can be adopted, without asking. Needs --reason.")
@JSON
@click.pass_obj
def adopt(
    folder: str,
    environments: tuple[str, ...],
    stacks: tuple[str, ...],
    only_print: bool,
    reason: str,
    yes: bool,
    as_json: bool,
) -> int:
    """Adopt stacks that were deployed without Terrace.

    For each stack of ENV (default: all environments), Terrace finds the state, plans with it, backs it up and records
    it, like `terrace state adopt` for one stack. No infrastructure is changed. The command shows the differences from
    Git, and asks once. If a stack cannot be adopted, it shows the reason, adopts the others, and exits with 1. The
    command can be repeated safely.

    \b
    Examples:
      terrace adopt --print
      terrace adopt dev
      terrace adopt prod --stack network --reason "moved to Terrace" --yes
    """
    from pathlib import Path

    from terrace.apps.cli.adoption_progress import adoption_progress
    from terrace.apps.output.console import confirm, emit, note, show
    from terrace.apps.output.deployments import note_uncommitted
    from terrace.apps.wiring.project import Project
    from terrace.errors import BadInput
    from terrace.pipelines.states.adopt_all import chosen_stacks, survey
    from terrace.report.json.adoption import adopt_json
    from terrace.report.terminal.adoption import adoption_details, adoption_summary, adoption_table, old_files_note
    from terrace.text import visible

    _insist_on_an_answer(reason, only_print=only_print, yes=yes, as_json=as_json)
    project = Project(Path(folder))
    config = project.trust.config
    for name in environments:
        config.environment(name)
    names = tuple(e.name for e in config.environments if not environments or e.name in environments)
    inventory = project.survey(project.repository.protected_tip())
    chosen = chosen_stacks(inventory, names, stacks)
    if not chosen:
        raise BadInput(
            "there are no stacks to adopt" + (f" in {', '.join(names)}" if environments else ""),
            hint="`terrace config check` lists the stacks of your checkout. They can be adopted when terrace.yaml is "
            "merged into the protected branch. `terrace init --print` proposes a terrace.yaml",
        )
    note_uncommitted(project.find_uncommitted(inventory, {stack.key for stack in chosen}))
    if project.repository.dirty:
        first = visible(project.repository.dirty[0])
        note(f"note: the working tree has uncommitted changes ({first}): states are compared with the protected branch")
    with adoption_progress(len(chosen)) as progress:
        context = project.read_only_context(progress) if only_print else project.deployment_context(progress)
        surveyed = survey(context, names, stacks, progress.row)
    if not as_json:
        show(f"compared with {surveyed.commit[:7]}, the newest commit of the protected branch")
        show(adoption_table(surveyed.rows, str(project.repository.root)))
        show(adoption_details(surveyed.rows))
        show(adoption_summary(surveyed.rows))
        if moved := old_files_note(surveyed.rows):
            show(moved)
    able = [row for row in surveyed.rows if row.result in ("ready", "later")]
    if only_print or not able:
        if as_json:
            emit(adopt_json(surveyed.commit, surveyed.rows, written=False))
        return _exit_code(surveyed.rows)
    question = f"adopt {len(able)} stack{'' if len(able) == 1 else 's'}? No infrastructure is changed."
    if old_files_note(surveyed.rows):
        question += " Old state files are renamed to *.adopted."
    if not confirm(question, yes=yes):
        note("No changes were made.")
        return 1
    return _take_over(project, surveyed, reason or "no reason given", len(able), as_json=as_json)


def _take_over(project: Project, survey: Survey, reason: str, number: int, *, as_json: bool) -> int:
    from terrace.apps.cli.adoption_progress import adoption_progress
    from terrace.apps.output.console import emit, show
    from terrace.pipelines.states.adopt_all import adopt_all
    from terrace.report.json.adoption import adopt_json
    from terrace.report.terminal.adoption import adoption_details, adoption_summary, row_line

    with adoption_progress(number) as progress:
        rows = adopt_all(project.deployment_context(progress), survey, reason, progress.row)
    if as_json:
        emit(adopt_json(survey.commit, rows, written=any(row.result == "adopted" for row in rows)))
        return _exit_code(rows)
    taken = {row.stack for row in survey.rows if row.result in ("ready", "later")}
    for row in rows:
        if row.stack in taken:
            show(row_line(row))
    show(adoption_details(row for row in rows if row.stack in taken and row.result == "refused"))
    show(adoption_summary(rows))
    aside = [row.done.put_aside for row in rows if row.done is not None and row.done.put_aside]
    if aside:
        show(f"{len(aside)} old file{'' if len(aside) == 1 else 's'} renamed to *.adopted, such as {aside[0]}")
    return _exit_code(rows)


def _insist_on_an_answer(reason: str, *, only_print: bool, yes: bool, as_json: bool) -> None:
    """Raises BadInput early if the command could not ask for the required confirmation."""
    import sys

    from terrace.errors import BadInput

    if only_print and yes:
        raise BadInput("--print and --yes cannot be combined", hint="--print only shows, --yes adopts")
    if yes and not reason:
        raise BadInput("--yes needs --reason WHY", hint="the reason is recorded in the ledger")
    if as_json and not (yes or only_print):
        raise BadInput(
            "--json cannot ask for confirmation", hint="--json --print shows the stacks, --json --yes adopts them"
        )
    if not (yes or only_print) and not sys.stdin.isatty():
        raise BadInput("cannot ask for confirmation: no terminal", hint="--print shows the stacks, --yes adopts them")


def _exit_code(rows: tuple[Row, ...]) -> int:
    return 1 if any(row.result == "refused" for row in rows) else 0
