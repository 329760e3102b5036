"""Errors for requests that GitHub rejects. They name the missing permission and where to grant it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from terrace.errors import BadInput, NotReady, TerraceError


class Refused(BadInput):
    """GitHub rejects the request itself. `status` is the HTTP status."""

    def __init__(self, message: str, status: int, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


def refusal(status: int, headers: Mapping[str, str], body: bytes, subject: str) -> TerraceError:
    """Returns the error for an unsuccessful response. `subject` is the request, such as `POST issues/3/comments`."""
    reason = _reason(body)
    if status == 401:
        return NotReady(
            f"GitHub does not accept the token ({reason})",
            hint="use GITHUB_TOKEN of the workflow, or a token or App key that has not expired",
        )
    if status == 403:
        needed = headers.get("x-accepted-github-permissions", "")
        return NotReady(f"the token has no permission for {subject}: {reason}", hint=_how_to_grant(needed))
    return Refused(f"GitHub rejects {subject}: {reason} (HTTP {status})", status)


def _how_to_grant(needed: str) -> str:
    """Returns where to grant a permission. GitHub lists them as `issues=write; pull_requests=write`: each alone
    suffices."""
    if not needed:
        return "ask an administrator of the repository which permission is missing"
    permission = needed.split(";")[0].split(",")[0].strip()
    name, _, level = permission.partition("=")
    return (
        f"in a workflow: `permissions: {{{name.replace('_', '-')}: {level}}}` for the job; for an App: "
        f"{name.replace('_', ' ')}, {level}, in its settings under Permissions"
    )


def _reason(body: bytes) -> str:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return "no reason given"
    if not isinstance(content, dict):
        return "no reason given"
    parts = [str(content.get("message", "no reason given"))]
    errors = content.get("errors")
    for error in errors if isinstance(errors, list) else ():
        parts.append(_detail(error))
    return "; ".join(part for part in parts if part)[:500]


def _detail(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    return str(error.get("message") or f"{error.get('field', 'a field')} {error.get('code', 'is wrong')}")
