"""Decodes the JSON lines of Terraform: progress and diagnostics."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any

import msgspec

from terrace.errors import Diagnostic, Place, Snippet
from terrace.plans.ports import Progress
from terrace.report.diagnostics import diagnostic_lines

_PHASES = {
    "refresh_start": "refresh",
    "refresh_complete": "refresh",
    "planned_change": "plan",
    "apply_start": "start",
    "apply_progress": "progress",
    "apply_complete": "done",
    "apply_errored": "failed",
}

SNIPPET_LENGTH = 4096
"""Maximum length of the source lines of one diagnostic, in characters."""

MOST_VALUES = 10
"""Maximum number of values that one diagnostic shows below its source lines."""

_decoder = msgspec.json.Decoder(dict[str, Any])


def decode(line: bytes) -> dict[str, Any] | None:
    """Returns one decoded line; None where it is not JSON (Terraform prints plain text when it fails early)."""
    try:
        return _decoder.decode(line)
    except msgspec.MsgspecError:
        return None


def progress(stack: str, message: dict[str, Any]) -> Progress | None:
    """Returns the progress that a line reports; None where it reports none."""
    phase = _PHASES.get(str(message.get("type", "")))
    if phase is None:
        return None
    hook = message.get("hook") or message.get("change") or {}
    resource = hook.get("resource") or {}
    return Progress(
        stack=stack,
        phase=phase,
        address=str(resource.get("addr", "")),
        action=str(hook.get("action", "")),
        seconds=float(hook.get("elapsed_seconds", 0) or 0),
    )


def diagnostic(message: dict[str, Any], folder: str) -> Diagnostic | None:
    """Returns the diagnostic of a line, with its file relative to the root of the repository; None without one."""
    raw = message.get("diagnostic")
    return as_diagnostic(raw, folder) if isinstance(raw, dict) else None


def as_diagnostic(raw: dict[str, Any], folder: str) -> Diagnostic:
    """Returns Terraform's record as a Diagnostic. `folder` is where it ran, relative to the root of the repository."""
    span = raw.get("range") or {}
    place = None
    if span.get("filename"):
        start = span.get("start") or {}
        path = posixpath.normpath(posixpath.join(folder, str(span["filename"])))
        place = Place(path, int(start.get("line", 0)), int(start.get("column", 0)))
    return Diagnostic(
        severity=str(raw.get("severity", "error")),
        summary=str(raw.get("summary", "")),
        detail=str(raw.get("detail", "")),
        place=place,
        address=raw.get("address"),
        snippet=_snippet(raw.get("snippet")),
    )


def _snippet(raw: object) -> Snippet | None:
    """Returns the source lines of a diagnostic; None without any."""
    if not isinstance(raw, dict) or not raw.get("code"):
        return None
    values = [value for value in raw.get("values") or () if isinstance(value, dict)]
    return Snippet(
        code=str(raw["code"])[:SNIPPET_LENGTH],
        line=int(raw.get("start_line") or 0),
        context=str(raw.get("context") or ""),
        values=tuple(f"{value.get('traversal', '')} {value.get('statement', '')}" for value in values[:MOST_VALUES]),
    )


def printed_text(message: dict[str, Any] | None, line: bytes, folder: str) -> tuple[str, str]:
    """Returns what Terraform would print for a line of its output, and the time in the line, "" without one."""
    if message is None:
        return line.decode("utf-8", "replace"), ""
    printed = diagnostic(message, folder)
    text = "\n".join(diagnostic_lines(printed)) if printed is not None else str(message.get("@message", ""))
    return text, str(message.get("@timestamp", ""))


def distinct(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Returns each diagnostic once, in order: Terraform repeats them."""
    return tuple(dict.fromkeys(diagnostics))
