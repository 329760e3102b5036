"""`terrace serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import socket


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, metavar="NUMBER", type=click.IntRange(0, 65535))
@click.pass_obj
def serve(folder: str, host: str, port: int) -> int:
    """Receive GitHub webhooks at /webhooks/github, and queue them for `terrace worker`.

    The server verifies the signature of a delivery, stores it on disk, and then responds. TERRACE_WEBHOOK_SECRET is the
    secret; during a rotation, the new and the old secret, separated by a space.

    \b
    Examples:
      terrace serve
      terrace serve --host 0.0.0.0 --port 8443    behind a TLS proxy
    """
    from pathlib import Path

    from terrace.adapters.environ import ENVIRON
    from terrace.apps.cli.server_inbox import log, open_inbox
    from terrace.apps.output.console import note
    from terrace.apps.server.handlers import Handlers
    from terrace.errors import NotReady

    try:
        import uvicorn

        from terrace.apps.server.connections import Connections, protocol
        from terrace.apps.server.receiver import PATH, application, secrets_of
    except ImportError as error:
        raise NotReady(
            f"the server's libraries are not installed ({error.name})", hint="pip install 'terrace-gitops[server]'"
        ) from error
    # Before the inbox is created.
    secrets = secrets_of(ENVIRON)
    app = application(open_inbox(folder), secrets, Handlers(Path(folder)).by_event(), log)
    config = uvicorn.Config(
        app,
        http=protocol(Connections()),
        ws="none",
        timeout_graceful_shutdown=5,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    with _listen(host, port) as listener:
        note(f"receiving webhooks at http://{host}:{listener.getsockname()[1]}{PATH}")
        uvicorn.Server(config).run([listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    import socket

    from terrace.errors import NotReady

    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise NotReady(f"cannot listen on {host}, port {port}: {error.strerror}", hint="try another --port") from error
