"""`terrace worker`."""

from __future__ import annotations

import click

REST_SECONDS = 1.0
"""How long the worker rests when there is nothing to do: an answer in a conversation comes about that late."""


@click.command()
@click.option("--every", default="5m", show_default=True, metavar="DURATION", help="How often time makes things due.")
@click.option("--once", is_flag=True, help="Work off what is there, do what is due, and end.")
@click.option("--answers-only", is_flag=True, help="Deploy nothing: CI does, and is let in where the gates say so.")
@click.pass_obj
def worker(folder: str, every: str, once: bool, answers_only: bool) -> int:
    """Work off what `terrace serve` took in, and do what is due (as `terrace tick`), until ^C.

    It works in this clone, which should be its own, with the credentials of the environments that it deploys. There is
    one worker for a clone; a second one ends at once.

    With --answers-only it needs no credentials of any environment: it answers people, checks changes, and as a custom
    protection rule of GitHub's environments lets runs in once the gates let their deployment go on.
    """
    import signal
    import time
    from pathlib import Path

    from terrace.adapters.leases import LocalLeases
    from terrace.apps.cli.options import parse_interval
    from terrace.apps.cli.server_inbox import log, open_inbox, server_folder
    from terrace.apps.server.handlers import Handlers
    from terrace.apps.server.worker import Worker
    from terrace.apps.wiring.project import now
    from terrace.errors import NotReady

    interval = parse_interval(every)
    handlers = Handlers(Path(folder), "answers" if answers_only else "deployments")
    with LocalLeases(server_folder(folder)).hold("worker") as ours:
        if not ours:
            raise NotReady("another worker works in this clone", hint="one is enough; `terrace inbox` shows its work")
        worker = Worker(open_inbox(folder), handlers.by_event(), handlers.due, interval, now, log)
        # A service is asked to stop by SIGTERM; it means what ^C means.
        signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
        while True:
            if worker.step():
                continue
            if once:
                return 1 if worker.trouble else 0
            try:
                time.sleep(REST_SECONDS)
            except KeyboardInterrupt:
                return 0
