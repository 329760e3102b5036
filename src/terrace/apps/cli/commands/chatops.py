"""`terrace chatops`."""

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
    from pathlib import Path

    from terrace.adapters.environ import ENVIRON
    from terrace.adapters.github.actions import event, output
    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.chatops import work_off
    from terrace.text import clipped

    name, payload = event(ENVIRON)
    with show_progress(as_json=as_json) as watcher:
        heard = work_off(Path(folder), name, payload, "act" if act else "hear", watcher)
    output(ENVIRON, "environment", heard.left if heard is not None and not act else "")
    if as_json:
        from terrace.report.json.setup import ChatopsJson

        reply = heard.reply if heard is not None else None
        emit(
            ChatopsJson(
                answered=heard is not None,
                done=heard.done if heard is not None else None,
                environment=heard.left if heard is not None else "",
                happened=reply.happened if reply is not None else "",
                reasons=tuple(reply.reasons) if reply is not None else (),
            )
        )
    elif heard is None:
        show("nothing here was meant for Terrace")
    else:
        show(clipped(heard.reply.happened, 500))
    return 0 if heard is None or heard.done else 1
