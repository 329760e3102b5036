"""Decodes the JSON lines of Terraform: progress and diagnostics."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any

import msgspec

from terrace.errors import Diagnostic, Place
from terrace.plans.ports import Progress

_PHASES = {
    "refresh_start": "refresh",
    "refresh_complete": "refresh",
    "planned_change": "plan",
    "apply_start": "start",
    "apply_progress": "progress",
    "apply_complete": "done",
    "apply_errored": "failed",
}

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
    told = message.get("diagnostic")
    return as_diagnostic(told, folder) if isinstance(told, dict) else None


def as_diagnostic(told: dict[str, Any], folder: str) -> Diagnostic:
    """Returns Terraform's record as a Diagnostic. `folder` is where it ran, relative to the root of the repository."""
    span = told.get("range") or {}
    place = None
    if span.get("filename"):
        start = span.get("start") or {}
        path = posixpath.normpath(posixpath.join(folder, str(span["filename"])))
        place = Place(path, int(start.get("line", 0)), int(start.get("column", 0)))
    return Diagnostic(
        severity=str(told.get("severity", "error")),
        summary=str(told.get("summary", "")),
        detail=str(told.get("detail", "")),
        place=place,
        address=told.get("address"),
    )


def distinct(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Returns each diagnostic once, in order: Terraform repeats them."""
    return tuple(dict.fromkeys(diagnostics))
