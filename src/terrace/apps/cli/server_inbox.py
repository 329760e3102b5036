"""The inbox of webhook deliveries that `serve`, `worker` and `inbox` share."""

from __future__ import annotations

from pathlib import Path

from terrace.adapters.git.repository import GitRepository
from terrace.apps.output.console import note
from terrace.apps.server.inbox import Inbox
from terrace.apps.wiring.home import Home
from terrace.apps.wiring.project import now


def server_folder(folder: str) -> Path:
    """Returns the folder of the server's data for the clone around a folder."""
    return Home.of(GitRepository.around(Path(folder).absolute(), cache=Path()).root).data / "server"


def open_inbox(folder: str) -> Inbox:
    """Opens the inbox of the clone around a folder."""
    return Inbox(server_folder(folder) / "inbox.db", now)


def log(line: str) -> None:
    """Writes one line with the current time to stderr."""
    note(f"{now():%Y-%m-%dT%H:%M:%SZ} {line}")
