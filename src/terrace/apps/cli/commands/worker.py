"""`terrace worker`."""

from __future__ import annotations

import click

REST_SECONDS = 1.0
"""Pause of the worker when the inbox is empty. Replies to comments can be late by this time."""


@click.command()
@click.option(
    "--every", default="5m", show_default=True, metavar="DURATION", help="Interval between checks for scheduled work."
)
@click.option("--once", is_flag=True, help="Process the inbox and the scheduled work, and exit.")
@click.option("--answers-only", is_flag=True, help="Do not deploy. CI deploys, and is allowed when the gates pass.")
@click.pass_obj
def worker(folder: str, every: str, once: bool, answers_only: bool) -> int:
    """Process the webhooks of `terrace serve`, and run scheduled work (as `terrace tick`), until ^C.

    The worker needs a clone of its own, and the credentials of the environments that it deploys. Only one worker can
    run in a clone; a second one exits immediately.

    With --answers-only, it needs no environment credentials: it answers comments, checks changes, and acts as a custom
    deployment protection rule that approves workflow runs when Terrace's gates pass.
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
            raise NotReady("another worker runs in this clone", hint="one is enough; `terrace inbox` shows its work")
        worker = Worker(open_inbox(folder), handlers.by_event(), handlers.run_due_work, interval, now, log)
        # Service managers send SIGTERM; handle it like ^C.
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
