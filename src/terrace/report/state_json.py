"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from terrace.report.json.record import Json, JsonRecord
from terrace.report.json.states import (
    state_adopt_json,
    state_backup_json,
    state_check,
    state_diff_json,
    state_drill_json,
    state_list_json,
    state_prune_json,
    state_rekey_json,
    state_restore_json,
)


def _plain(build: Callable[..., JsonRecord]) -> Callable[..., Json]:
    return lambda *given, **named: msgspec.to_builtins(build(*given, **named))


backed_up = _plain(state_backup_json)
look = _plain(state_check)
catalogue = _plain(state_list_json)
compared = _plain(state_diff_json)
restored = _plain(state_restore_json)
adopted = _plain(state_adopt_json)
settled = _plain(state_adopt_json)
drilled = _plain(state_drill_json)
rekeyed = _plain(state_rekey_json)
pruned = _plain(state_prune_json)
