"""Commands of the server: names and options only; the work is imported when one is called."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", default=8080, show_default=True, metavar="NUMBER", type=click.IntRange(0, 65535))
@click.pass_obj
def serve(folder: str, host: str, port: int) -> int:
    """Take in what GitHub delivers to /webhooks/github; `terrace worker` works it off.

    A delivery is kept once its signature is right, and answered after it is on disk. TERRACE_WEBHOOK_SECRET holds the
    secret, or the new one and the old one with a space between.

    \b
    Examples:
      terrace serve
      terrace serve --host 0.0.0.0 --port 8443    behind something that speaks TLS
    """
    from terrace.apps.cli.serving import serve

    return serve(folder, host, port)


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
    from terrace.apps.cli.serving import work

    return work(folder, every, "once" if once else "on", "answers" if answers_only else "deployments")


@click.command()
@click.option("--retry", metavar="ID", help="Try one again that was given up.")
@JSON
@click.pass_obj
def inbox(folder: str, retry: str | None, as_json: bool) -> int:
    """What was delivered and what came of it, the newest first. Exit 1 where one was given up.

    \b
    Examples:
      terrace inbox
      terrace inbox --retry 72d3162e-cc78-11e3-81ab-4c9367dc0958
    """
    from terrace.apps.cli.serving import look, retry_one

    return look(folder, as_json=as_json) if retry is None else retry_one(folder, retry, as_json=as_json)


COMMANDS = (serve, worker, inbox)
