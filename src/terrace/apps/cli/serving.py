"""`serve`, `worker` and `inbox`: what a forge delivers is taken in, worked off, and told about."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from terrace.adapters.environ import ENVIRON
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.leases import LocalLeases
from terrace.apps.cli.console import emit, note, show
from terrace.apps.cli.drift import interval_of
from terrace.apps.server.handlers import Handlers, Reach
from terrace.apps.server.inbox import Entry, Inbox
from terrace.apps.server.worker import Worker
from terrace.apps.wiring.home import Home
from terrace.apps.wiring.project import now
from terrace.errors import NotReady
from terrace.text import clipped

if TYPE_CHECKING:
    from terrace.report.screen import Table

REST_SECONDS = 1.0
"""How long the worker rests when there is nothing to do: an answer in a conversation comes about that late."""


def serve(folder: str, host: str, port: int) -> int:
    """Listen until ^C. Raises NotReady without a secret, and where the server's libraries are not installed."""
    try:
        import uvicorn

        from terrace.apps.server.connections import Connections, protocol
        from terrace.apps.server.receiver import PATH, application, secrets_of
    except ImportError as error:
        raise NotReady(
            f"the server's libraries are not installed ({error.name})", hint="pip install 'terrace-gitops[server]'"
        ) from error
    app = application(_inbox(folder), secrets_of(ENVIRON), Handlers(Path(folder)).by_event(), _log)
    config = uvicorn.Config(
        app,
        http=protocol(Connections()),
        ws="none",
        timeout_graceful_shutdown=5,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    with _listening(host, port) as door:
        note(f"taking in what is delivered to http://{host}:{door.getsockname()[1]}{PATH}")
        uvicorn.Server(config).run([door])
    return 0


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise NotReady(
            f"nobody can listen on {host}, port {port}: {error.strerror}", hint="try another --port"
        ) from error


def work(folder: str, every: str, how: Literal["on", "once"], reach: Reach) -> int:
    """Work until ^C, or until nothing is left: then exit 1 where something could not be done.

    Raises NotReady where another worker works.
    """
    interval = interval_of(every)
    handlers = Handlers(Path(folder), reach)
    with LocalLeases(_place(folder)).hold("worker") as ours:
        if not ours:
            raise NotReady("another worker works in this clone", hint="one is enough; `terrace inbox` shows its work")
        worker = Worker(_inbox(folder), handlers.by_event(), handlers.due, interval, now, _log)
        # A service is asked to stop by SIGTERM; it means what ^C means.
        signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
        while True:
            if worker.step():
                continue
            if how == "once":
                return 1 if worker.trouble else 0
            try:
                time.sleep(REST_SECONDS)
            except KeyboardInterrupt:
                return 0


def look(folder: str, *, as_json: bool) -> int:
    """Show what was delivered."""
    inbox = _inbox(folder)
    entries, count = inbox.entries(), inbox.count()
    if as_json:
        emit({"schema": "terrace/inbox@1", "count": count, "deliveries": [_as_json(entry) for entry in entries]})
    elif entries:
        show(_table(entries))
    else:
        show("nothing was delivered yet")
    return 1 if count.get("dead") else 0


def retry_one(folder: str, id_: str, *, as_json: bool) -> int:
    """Have one tried again."""
    _inbox(folder).retry(id_)
    if as_json:
        emit({"schema": "terrace/inbox@1", "retried": id_})
    else:
        show(f"{id_} is tried again by `terrace worker`")
    return 0


def _place(folder: str) -> Path:
    return Home.of(GitRepository.around(Path(folder).absolute(), cache=Path()).root).data / "server"


def _inbox(folder: str) -> Inbox:
    return Inbox(_place(folder) / "inbox.db", now)


def _log(line: str) -> None:
    note(f"{now():%Y-%m-%dT%H:%M:%SZ} {line}")


def _table(entries: Iterable[Entry]) -> Table:
    from terrace.report.screen import Table

    table = Table("Received", "Event", "State", "Tries", "What came of it", "Id")
    for entry in entries:
        table.add(
            f"{entry.received:%Y-%m-%d %H:%M:%S}",
            entry.event,
            (entry.state, "red" if entry.state in ("failed", "dead") else ""),
            str(entry.attempts),
            clipped(entry.said, 200),
            entry.id,
        )
    return table


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "event": entry.event,
        "state": entry.state,
        "attempts": entry.attempts,
        "received_at": entry.received.isoformat(),
        "said": entry.said,
    }
