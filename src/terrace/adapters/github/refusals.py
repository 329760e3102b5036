"""GitHub's no, in words that say which permission is missing and where to give it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from terrace.errors import BadInput, NotReady, TerraceError


class Refused(BadInput):
    """GitHub understood the request, and says no. `status` is HTTP's."""

    def __init__(self, message: str, status: int, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


def refusal(status: int, headers: Mapping[str, str], body: bytes, what: str) -> TerraceError:
    """The error for an answer that is no success. `what` was asked, like `POST issues/3/comments`."""
    said = _said(body)
    if status == 401:
        return NotReady(
            f"GitHub does not know the token ({said})",
            hint="GITHUB_TOKEN of the workflow, or a token or App key that has not ended",
        )
    if status == 403:
        needed = headers.get("x-accepted-github-permissions", "")
        return NotReady(f"the token may not {what}: {said}", hint=_give(needed))
    return Refused(f"GitHub refuses {what}: {said} (HTTP {status})", status)


def _give(needed: str) -> str:
    """Where to give a permission. GitHub tells them as `issues=write; pull_requests=write`: any one is enough."""
    if not needed:
        return "ask whoever administers the repository which permission is missing"
    one = needed.split(";")[0].split(",")[0].strip()
    name, _, level = one.partition("=")
    return (
        f"in a workflow: `permissions: {{{name.replace('_', '-')}: {level}}}` of the job; "
        f"for an App: {name.replace('_', ' ')}, {level}, in its settings under Permissions"
    )


def _said(body: bytes) -> str:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "no reason"
    if not isinstance(told, dict):
        return "no reason"
    parts = [str(told.get("message", "no reason"))]
    errors = told.get("errors")
    for error in errors if isinstance(errors, list) else ():
        parts.append(_detail(error))
    return "; ".join(part for part in parts if part)[:500]


def _detail(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    return str(error.get("message") or f"{error.get('field', 'a field')} {error.get('code', 'is wrong')}")
