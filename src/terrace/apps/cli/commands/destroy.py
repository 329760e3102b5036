"""`terrace destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import COMPLETE_STACK, ENV, JSON, REACH

if TYPE_CHECKING:
    from terrace.pipelines.context import Reach


@click.command()
@ENV
@click.argument("stack", metavar="[STACK]", required=False, shell_complete=COMPLETE_STACK)
@click.option("--reason", required=True, help="Reason; recorded in the ledger.")
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="STACK",
    help="A stack that reads outputs of a destroyed one, and is kept.",
)
@click.option("--yes", is_flag=True, help="Do not ask for the name.")
@REACH
@JSON
@click.pass_obj
def destroy(
    folder: str,
    environment: str,
    stack: str | None,
    reason: str,
    allowed: tuple[str, ...],
    yes: bool,
    reach: Reach,
    as_json: bool,
) -> int:
    """Destroy all stacks of ENV, or one STACK, in reverse order and through the same gates.

    Terrace keeps a final backup of every state. A stack whose outputs are read by another deployed stack is kept,
    unless --allow names the reading stack. Protected environments (by default,
    production) cannot be destroyed.

    \b
    Examples:
      terrace destroy dev --reason "the project ended"
      terrace destroy prod prod/search --reason "replaced"
    """
    from pathlib import Path

    from terrace.apps.cli.deployment_run import run_deployment
    from terrace.apps.output.console import confirm_by_name, note
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.rollback import destroy as destroying
    from terrace.pipelines.rollback.destruction_target import stacks_to_destroy

    project = Project(Path(folder))
    project.environment(environment)
    # Before the question: it would be about nothing.
    stacks_to_destroy(project.ledger.read(), environment)
    name = stack or environment
    if not confirm_by_name(name, f"this destroys everything in {name}; type its name to continue", yes=yes):
        note("No changes were made.")
        return 1
    return run_deployment(
        project,
        "destroy",
        lambda context: destroying.destroy(context, environment, stack, reason, frozenset(allowed)),
        wait=False,
        as_json=as_json,
        reach=reach,
    )
