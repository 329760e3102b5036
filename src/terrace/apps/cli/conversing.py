"""`chatops`: the comment that a run of CI is about is answered where it stands."""

from __future__ import annotations

import os
from pathlib import Path

from terrace.adapters.github.actions import event, output
from terrace.apps.chatops import Turn, work_off
from terrace.apps.cli.console import emit, show
from terrace.apps.cli.deployment import watcher
from terrace.report.text import clipped


def chatops(folder: str, turn: Turn, *, as_json: bool) -> int:
    """Answer it. Exit 0 where it was done or nothing was meant for us, 1 where it was refused or does not go on yet."""
    name, payload = event(os.environ)
    with watcher(as_json=as_json) as told:
        heard = work_off(Path(folder), name, payload, turn, told)
    output(os.environ, "environment", heard.left if heard is not None and turn == "hear" else "")
    if as_json:
        reply = heard.reply if heard is not None else None
        emit(
            {
                "schema": "terrace/chatops@1",
                "answered": heard is not None,
                "done": heard.done if heard is not None else None,
                "environment": heard.left if heard is not None else "",
                "happened": reply.happened if reply is not None else "",
                "reasons": list(reply.reasons) if reply is not None else [],
            }
        )
    elif heard is None:
        show("nothing here was meant for Terrace")
    else:
        show(clipped(heard.reply.happened, 500))
    return 0 if heard is None or heard.done else 1
