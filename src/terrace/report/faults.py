"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from terrace.report.json.ledger import invalid_event
from terrace.report.json.record import Json, JsonRecord
from terrace.report.terminal.ledger import invalid_event_lines as fault_lines

__all__ = ["fault_lines"]


def _plain(build: Callable[..., JsonRecord]) -> Callable[..., Json]:
    return lambda *given, **named: msgspec.to_builtins(build(*given, **named))


fault_json = _plain(invalid_event)
