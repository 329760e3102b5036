"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from terrace.report.json.deployments import recovery_json, settled_json
from terrace.report.json.record import Json, JsonRecord
from terrace.report.leftovers import ApplyLeftovers as Row
from terrace.report.terminal.recovery import accepted_tree as answered_for
from terrace.report.terminal.recovery import leftovers_tree as terminal

__all__ = ["Row", "answered_for", "terminal"]


def _plain(build: Callable[..., JsonRecord]) -> Callable[..., Json]:
    return lambda *given, **named: msgspec.to_builtins(build(*given, **named))


machine = _plain(recovery_json)
settled = _plain(settled_json)
