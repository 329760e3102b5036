"""Stacks that hold something and that the protected branch no longer names: what they are, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from terrace.config.naming import quote_word
from terrace.report.machine import Json
from terrace.text import visible


@dataclass(frozen=True, slots=True)
class Leftover:
    """A stack that is deployed from `commit` and gone on the protected branch.

    `renamed` is the stack there that has its state, "" where there is none. `unread` says why the deployed
    configuration cannot be read here, so that this is not known, and `hint` what to do about that.
    """

    stack: str
    environment: str
    commit: str
    renamed: str = ""
    unread: str = ""
    hint: str = ""


def leftovers_json(left: Iterable[Leftover]) -> list[Json]:
    """Returns what is left for machines."""
    return [{"stack": one.stack, "environment": one.environment, "commit": one.commit} for one in left]


def leftover_line(one: Leftover) -> str:
    """Returns what is left and what to do about it, in one line."""
    environment = quote_word(one.environment)
    if one.renamed:
        told = f"is renamed to {one.renamed}: `terrace deploy {environment}` brings that in"
        return f"{one.stack} ({one.commit[:7]}) {told}"
    if one.unread:
        return (
            f"{one.stack} is deployed from {one.commit[:7]} and the protected branch no longer names it; whether it "
            f"was renamed cannot be told: {visible(one.unread)}" + (f" (hint: {visible(one.hint)})" if one.hint else "")
        )
    told = f"`terrace destroy {environment} {quote_word(one.stack)} --reason WHY` takes its objects down"
    return (
        f"{one.stack} is deployed from {one.commit[:7]} and the protected branch no longer names it: {told}, or bring "
        "its configuration back"
    )
