"""`terrace inbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import JSON

if TYPE_CHECKING:
    from collections.abc import Iterable

    from terrace.apps.server.inbox import Entry
    from terrace.report.json.setup import DeliveryPart
    from terrace.report.terminal.screen import Table


@click.command()
@click.option("--retry", metavar="ID", help="Retry a delivery that failed permanently.")
@JSON
@click.pass_obj
def inbox(folder: str, retry: str | None, as_json: bool) -> int:
    """List the webhook deliveries with their results, newest first. Exits with 1 if one failed permanently.

    \b
    Examples:
      terrace inbox
      terrace inbox --retry 72d3162e-cc78-11e3-81ab-4c9367dc0958
    """
    from terrace.apps.cli.server_inbox import open_inbox
    from terrace.apps.output.console import emit, show
    from terrace.report.json.setup import InboxJson

    inbox = open_inbox(folder)
    if retry is not None:
        inbox.retry(retry)
        if as_json:
            emit(InboxJson(retried=retry))
        else:
            show(f"`terrace worker` will retry {retry}")
        return 0
    entries, count = inbox.entries(), inbox.count()
    if as_json:
        numbers: dict[str, int] = dict(count.items())
        emit(InboxJson(count=numbers, deliveries=tuple(map(_delivery_part, entries))))
    elif entries:
        show(_table(entries))
    else:
        show("there are no deliveries yet")
    return 1 if count.get("dead") else 0


def _table(entries: Iterable[Entry]) -> Table:
    from terrace.report.terminal.screen import Table
    from terrace.text import clip

    table = Table("Received", "Event", "State", "Attempts", "Result", "Id")
    for entry in entries:
        table.add(
            f"{entry.received:%Y-%m-%d %H:%M:%S}",
            entry.event,
            (entry.state, "red" if entry.state in ("failed", "dead") else ""),
            str(entry.attempts),
            clip(entry.message, 200),
            entry.id,
        )
    return table


def _delivery_part(entry: Entry) -> DeliveryPart:
    from terrace.report.json.setup import DeliveryPart

    return DeliveryPart(
        id=entry.id,
        event=entry.event,
        state=entry.state,
        attempts=entry.attempts,
        received_at=entry.received.isoformat(),
        said=entry.message,
    )
