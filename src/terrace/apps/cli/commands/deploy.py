"""`terrace deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import ENV, FULL, JSON, REACH, WAIT

if TYPE_CHECKING:
    from terrace.pipelines.context import Reach


@click.command()
@ENV
@click.option("--ref", metavar="REF", help="Commit to deploy. [default: the tip of the protected branch]")
@FULL
@REACH
@WAIT
@JSON
@click.pass_obj
def deploy(folder: str, environment: str, ref: str | None, full: bool, reach: Reach, wait: bool, as_json: bool) -> int:
    """Deploy a commit to ENV.

    The command runs until the deployment finishes, or until it needs an approval, a timer or your input.

    \b
    Examples:
      terrace deploy dev
      terrace deploy staging --ref v1.4.0
    """
    from pathlib import Path

    from terrace.apps.cli.deployment_run import deploy_commit
    from terrace.apps.wiring.project import Project
    from terrace.errors import BadInput
    from terrace.stacks.model import Manual
    from terrace.text import visible

    project = Project(Path(folder))
    project.trusted_environment(environment)
    commit = project.trust.commit if ref is None else project.repository.resolve(ref)
    if ref is None and (dirty := project.undeployed_changes(commit)):
        raise BadInput(
            f"the working tree has uncommitted changes ({visible(dirty[0])}"
            + (f" and {len(dirty) - 1} more" if len(dirty) > 1 else "")
            + "), and only commits can be deployed",
            hint="commit and merge them, or specify a commit: --ref REF",
        )
    origin = Manual(project.actor)
    return deploy_commit(
        project, "deploy", environment, commit, origin, wait=wait, full=full, as_json=as_json, reach=reach
    )
