"""Whether somebody may ask for that: by what the forge says of them now, never by what their words say."""

from __future__ import annotations

from terrace.forge.grammar import Approve, Command, Explain, Look
from terrace.forge.model import Change, Permission, Said

_ORDER: tuple[Permission, ...] = ("none", "read", "triage", "write", "maintain", "admin")


def refusal(command: Command, said: Said, permission: Permission, change: Change | None) -> str | None:
    """Why this person may not ask for this here; None where they may."""
    if said.machine:
        return "programs give no commands"
    if said.edited:
        return "the comment was edited after it was written: write a new one"
    return barred(command, said.login, permission, change)


def barred(command: Command, login: str, permission: Permission, change: Change | None) -> str | None:
    """Why somebody with that account may not ask for this, however they say it; None where they may."""
    needed = _needed(command)
    if _ORDER.index(permission) < _ORDER.index(needed):
        return f"that needs the permission {needed!r} in this repository, and yours is {permission!r}"
    return own_work(login, change) if isinstance(command, Approve) and change is not None else None


def own_work(login: str, change: Change) -> str | None:
    """Why somebody with that account approves nothing that came by this change; None where it is not their own work."""
    if _same(login, change.author):
        return f"whoever opened a change does not approve it (change {change.number}); somebody else must"
    if change.pushers is None:
        return (
            f"it cannot be told who wrote the commits of change {change.number}, and they do not approve it; "
            "`terrace approve` in a terminal asks Git"
        )
    if any(_same(login, pusher) for pusher in change.pushers):
        return f"whoever wrote commits of a change does not approve it (change {change.number}); somebody else must"
    return None


def _needed(command: Command) -> Permission:
    """Reading is free to whoever can read; whatever runs something or changes something needs more."""
    if isinstance(command, Explain) or (isinstance(command, Look) and command.what in ("help", "status")):
        return "read"
    return "write"


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
