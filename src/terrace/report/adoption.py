"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from terrace.ledger.adoptions import AdoptedStack
from terrace.report.json.record import Json, JsonRecord
from terrace.report.json.states import adopt_json
from terrace.report.terminal.adoption import adopted_line as adopted_line
from terrace.report.terminal.adoption import adoption_details as details
from terrace.report.terminal.adoption import adoption_summary as summary
from terrace.report.terminal.adoption import adoption_table as table
from terrace.report.terminal.adoption import old_files_note as old_files
from terrace.report.terminal.adoption import row_line as row_line

__all__ = ["adopted_line", "details", "old_files", "row_line", "summary", "table"]


def _plain(build: Callable[..., JsonRecord]) -> Callable[..., Json]:
    return lambda *given, **named: msgspec.to_builtins(build(*given, **named))


as_json = _plain(adopt_json)


def adopted_json(adopted: Mapping[str, Mapping[str, AdoptedStack]]) -> list[Json]:
    return [
        {"stack": key, "environment": name, "commit": one.commit, "same": one.record.same}
        for name, mine in adopted.items()
        for key, one in sorted(mine.items())
    ]
