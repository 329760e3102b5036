"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from terrace.drift.review import Review
from terrace.report.json.drift import drift_adopt_json, drifted_environments
from terrace.report.json.record import Json, JsonRecord
from terrace.report.markdown.drift import drift_markdown as as_markdown
from terrace.report.terminal.drift import drift_adoption as adoption
from terrace.report.terminal.drift import drift_report as as_terminal

__all__ = ["adoption", "as_markdown", "as_terminal"]


def as_json(reviews: Iterable[Review]) -> Json:
    return {"schema": "terrace/drift@1", "environments": msgspec.to_builtins(drifted_environments(reviews))}


def _plain(build: Callable[..., JsonRecord]) -> Callable[..., Json]:
    return lambda *given, **named: msgspec.to_builtins(build(*given, **named))


adopted = _plain(drift_adopt_json)
