"""`terrace destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import ENV, JSON, REACH

if TYPE_CHECKING:
    from terrace.pipelines.context import Reach


@click.command()
@ENV
@click.argument("stack", metavar="[STACK]", required=False)
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--allow", "allowed", multiple=True, metavar="STACK", help="A reader of outputs that stays behind.")
@click.option("--yes", is_flag=True, help="Do not ask to type the name back.")
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
    """Take down all that ENV holds, or one STACK of it, in reverse order and through the same gates.

    A last backup of every state is kept. What another deployed stack reads outputs of stays, unless --allow names that
    stack. Protected environments refuse: production, unless terrace.yaml says otherwise.

    \b
    Examples:
      terrace destroy dev --reason "the project ended"
      terrace destroy prod prod/search --reason "replaced"
    """
    from pathlib import Path

    from terrace.apps.cli.deployment_run import run_deployment
    from terrace.apps.output.console import note, typed_back
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.rollback import destroy as destroying

    project = Project(Path(folder))
    project.environment(environment)
    name = stack or environment
    if not typed_back(name, f"this destroys everything in {name}; type its name to go on", yes=yes):
        note("nothing was done")
        return 1
    return run_deployment(
        project,
        "destroy",
        lambda crew: destroying.destroy(crew, environment, stack, reason, frozenset(allowed)),
        wait=False,
        as_json=as_json,
        reach=reach,
    )
