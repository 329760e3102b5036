"""`terrace doctor`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON


@click.command()
@click.option(
    "--lane",
    "environment",
    metavar="ENV",
    help="Plan the stacks of ENV with and without the fast lane, and compare the plans.",
)
@JSON
@click.pass_obj
def doctor(folder: str, environment: str | None, as_json: bool) -> int:
    """Check the requirements of Terrace on this machine, and show how to install what is missing."""
    if environment is not None:
        from terrace.apps.cli.lane_comparison import compare

        return compare(folder, environment, as_json=as_json)
    from terrace.apps.cli.diagnosis import diagnose

    return diagnose(folder, as_json=as_json)
