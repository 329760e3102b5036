"""`terrace doctor`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import COMPLETE_ENV, JSON


@click.command()
@click.argument("environment", metavar="[ENV]", required=False, shell_complete=COMPLETE_ENV)
@click.option(
    "--lane",
    "compared",
    metavar="ENV",
    help="Plan the stacks of ENV with and without the fast lane, and compare the plans.",
)
@JSON
@click.pass_obj
def doctor(folder: str, environment: str | None, compared: str | None, as_json: bool) -> int:
    """Check the requirements of Terrace on this machine, and show how to install what is missing.

    With ENV, check the states of that environment too: backend, lock, newest backup and approvers. It changes nothing,
    and holds the lock of each state for a moment.

    \b
    Examples:
      terrace doctor
      terrace doctor prod
    """
    if compared is not None:
        from terrace.apps.cli.lane_comparison import compare
        from terrace.errors import BadInput

        if environment is not None:
            raise BadInput("--lane names the environment itself", hint=f"terrace doctor --lane {compared}")
        return compare(folder, compared, as_json=as_json)
    from terrace.apps.cli.diagnosis import diagnose

    return diagnose(folder, environment, as_json=as_json)
