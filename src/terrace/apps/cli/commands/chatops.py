"""`terrace chatops`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON


@click.command()
@click.option("--act", is_flag=True, help="Run the second pass, in the job with the environment's credentials.")
@JSON
@click.pass_obj
def chatops(folder: str, act: bool, as_json: bool) -> int:
    """Answer the pull request comment that started this CI run, such as `/terrace status`.

    The first pass does everything that needs no environment credentials. If work remains, it sets the output
    `environment`, and a second pass with --act completes the work. `/terrace help` in a comment lists the commands.

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
    from terrace.text import clip

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
        show("the comment has no command for Terrace")
    else:
        show(clip(heard.reply.happened, 500))
    return 0 if heard is None or heard.done else 1
