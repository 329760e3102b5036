"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from terrace.report.json.deployments import rollback_plan_json
from terrace.report.json.record import Json, JsonRecord
from terrace.report.terminal.rollback_preview import rollback_preview as terminal

__all__ = ["terminal"]


def _plain(build: Callable[..., JsonRecord]) -> Callable[..., Json]:
    return lambda *given, **named: msgspec.to_builtins(build(*given, **named))


machine = _plain(rollback_plan_json)
