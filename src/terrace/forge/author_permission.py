"""Checks whether the author of a command has the permission, according to the forge."""

from __future__ import annotations

from terrace.forge.grammar import Approve, Command, Explain, Look
from terrace.forge.model import Change, Comment, Permission

_ORDER: tuple[Permission, ...] = ("none", "read", "triage", "write", "maintain", "admin")


def refusal(command: Command, request: Comment, permission: Permission, change: Change | None) -> str | None:
    """Why this person may not ask for this here; None where they may."""
    if request.machine:
        return "programs give no commands"
    if request.edited:
        return "the comment was edited after it was written: write a new one"
    return why_barred(command, request.login, permission, change)


def why_barred(command: Command, login: str, permission: Permission, change: Change | None) -> str | None:
    """Returns why that account may not give this command; None where they may."""
    needed = _needed_permission(command)
    if _ORDER.index(permission) < _ORDER.index(needed):
        return f"that needs the permission {needed!r} in this repository, and yours is {permission!r}"
    return own_work(login, change) if isinstance(command, Approve) and change is not None else None


def own_work(login: str, change: Change) -> str | None:
    """Returns why that account cannot approve this change; None where it is not their own work."""
    if _same(login, change.author):
        return f"the author of a change cannot approve it (change {change.number}); another person must"
    if change.pushers is None:
        return (
            f"the authors of the commits of change {change.number} are unknown, and they cannot approve it; "
            "`terrace approve` in a terminal reads them from Git"
        )
    if any(_same(login, pusher) for pusher in change.pushers):
        return f"authors of commits of a change cannot approve it (change {change.number}); another person must"
    return None


def _needed_permission(command: Command) -> Permission:
    """Everyone with read access can read; commands that run or change something need more."""
    if isinstance(command, Explain) or (isinstance(command, Look) and command.what in ("help", "status")):
        return "read"
    return "write"


def _same(login: str, other: str) -> bool:
    return login.casefold() == other.casefold()
