"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terrace.report.json.parts import refused_stacks
from terrace.report.json.record import Json
from terrace.report.terminal.rules import refusal_lines as refusal_lines
from terrace.stacks.refusals import Refusal

__all__ = ["refusal_lines"]


def refusals_json(refusals: Mapping[str, Refusal]) -> list[Json]:
    return list(msgspec.to_builtins(refused_stacks(refusals)))
