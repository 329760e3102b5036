"""Stacks that are deployed and that the protected branch no longer has."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.naming import quote_word
from terrace.text import visible


@dataclass(frozen=True, slots=True)
class OrphanedStack:
    """A stack that is deployed from `commit` and that the protected branch no longer has.

    `renamed` is the stack there that has its state, "" where there is none. `unread` says why the deployed
    configuration cannot be read here, so that a renaming cannot be determined, and `hint` what to do about that.
    """

    stack: str
    environment: str
    commit: str
    renamed: str = ""
    unread: str = ""
    hint: str = ""


def orphan_line(orphan: OrphanedStack) -> str:
    """Returns an orphaned stack and what to do about it, in one line."""
    environment = quote_word(orphan.environment)
    if orphan.renamed:
        next_step = f"was renamed to {orphan.renamed}: `terrace deploy {environment}` deploys the new name"
        return f"{orphan.stack} ({orphan.commit[:7]}) {next_step}"
    deployed = f"{orphan.stack} is deployed from {orphan.commit[:7]} and no longer exists on the protected branch"
    if orphan.unread:
        hint = f" (hint: {visible(orphan.hint)})" if orphan.hint else ""
        return f"{deployed}. Terrace cannot determine whether it was renamed: {visible(orphan.unread)}{hint}"
    command = f"terrace destroy {environment} {quote_word(orphan.stack)} --reason WHY"
    return f"{deployed}: `{command}` destroys its resources, or restore its configuration"
