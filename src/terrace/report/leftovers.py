"""Stacks that hold something and that the protected branch no longer names: what they are, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.stacks.naming import shell_word


@dataclass(frozen=True, slots=True)
class Leftover:
    """A stack that is deployed from `commit` and gone on the protected branch.

    `renamed` is the stack there that has its state, "" where there is none.
    """

    stack: str
    environment: str
    commit: str
    renamed: str = ""


def leftover_line(one: Leftover) -> str:
    """Returns what is left and what to do about it, in one line."""
    environment = shell_word(one.environment)
    if one.renamed:
        told = f"is renamed to {one.renamed}: `terrace deploy {environment}` brings that in"
        return f"{one.stack} ({one.commit[:7]}) {told}"
    told = f"`terrace destroy {environment} {shell_word(one.stack)} --reason WHY` takes its objects down"
    return (
        f"{one.stack} is deployed from {one.commit[:7]} and the protected branch no longer names it: {told}, or bring "
        "its configuration back"
    )
