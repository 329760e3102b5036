"""Commands that answer to a forge: names and options only; the work is imported when one is called."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON


@click.command()
@click.option(
    "--act", is_flag=True, help="Do what the first turn left: in the job that has the environment's credentials."
)
@JSON
@click.pass_obj
def chatops(folder: str, act: bool, as_json: bool) -> int:
    """Answer the comment that this run of CI is about: a line like `/terrace status`.

    The first turn does what needs no credentials of an environment, and gives the output `environment` where something
    is left; the second turn, --act, does that. `/terrace help` in a comment lists what can be said.

    \b
    Examples:
      terrace chatops
      terrace chatops --act
    """
    from terrace.apps.cli.conversing import chatops

    return chatops(folder, "act" if act else "hear", as_json=as_json)


COMMANDS = (chatops,)
