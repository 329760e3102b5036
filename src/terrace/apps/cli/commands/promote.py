"""`terrace promote`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import ENV, JSON, REACH, WAIT

if TYPE_CHECKING:
    from terrace.pipelines.context import Reach


@click.command()
@ENV
@REACH
@WAIT
@JSON
@click.pass_obj
def promote(folder: str, environment: str, reach: Reach, wait: bool, as_json: bool) -> int:
    """Deploy to ENV the commit that succeeded in the previous environment.

    \b
    Example:
      terrace promote staging
    """
    from pathlib import Path

    from terrace.apps.cli.deployment_run import deploy_commit
    from terrace.apps.wiring.project import Project
    from terrace.errors import BadInput
    from terrace.ledger.folds import last_good
    from terrace.stacks.model import Promotion

    project = Project(Path(folder))
    source = project.named(environment).after
    if source is None:
        raise BadInput(
            f"{environment} is the first environment, so nothing can be promoted to it",
            hint=f"`terrace deploy {environment}`",
        )
    good = last_good(project.ledger.read(), source)
    if good is None:
        raise BadInput(f"no deployment to {source} has succeeded yet", hint=f"`terrace deploy {source}` first")
    origin = Promotion(source, project.actor)
    return deploy_commit(project, "promote", environment, good.commit, origin, wait=wait, as_json=as_json, reach=reach)
