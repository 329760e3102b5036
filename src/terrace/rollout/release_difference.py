"""The difference between what two environments run: the commits, people, tickets and values that a promotion brings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.stacks.repository import Author, Commit

_TICKET = re.compile(r"(?<![\w/#-])(?:[A-Z][A-Z0-9]{1,9}-[1-9]\d{0,6}|#[1-9]\d{0,6})(?![\w-])")
_NO_TICKETS = ("UTF-8", "SHA-1", "SHA-256", "SHA-512", "ISO-8601", "RFC-3339")
"""Words of that form that name standards."""


@dataclass(frozen=True, slots=True)
class ChangedValues:
    """A file of variables that differs: its path, and the changed lines as a diff without context, masked."""

    path: str
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseDifference:
    """The effect of a promotion from `source` to `target`. `brings` and `replaces` are the deployed releases, None
    where nothing is known.

    `commits` are those that are new in the target, the newest first; `people` wrote them. `stacks` are the impacted
    stacks of the target, `values` the changed files of their variables. `backwards` is True if the target runs the
    newer commit: then the source lacks the commits. `pending` is the open deployment of that commit in the target, None
    without one. `unknown` is the reason why the commits are unknown, or "".
    """

    source: str
    target: str
    brings: Deployment | None
    replaces: Deployment | None
    commits: tuple[Commit, ...] = ()
    people: tuple[Author, ...] = ()
    stacks: tuple[str, ...] = ()
    values: tuple[ChangedValues, ...] = ()
    backwards: bool = False
    pending: Deployment | None = None
    unknown: str = ""

    @property
    def tickets(self) -> tuple[str, ...]:
        """The tickets that the messages of the commits name, in the order in which they were named."""
        return tickets_in(commit.message for commit in reversed(self.commits))

    @property
    def is_empty(self) -> bool:
        """True if both environments run the same commit."""
        return self.brings is not None and self.replaces is not None and self.brings.commit == self.replaces.commit

    @property
    def plans(self) -> tuple[StepRecord, ...]:
        """The newest plans of the open deployment, one for each stack that is planned."""
        if self.pending is None:
            return ()
        records = (self.pending.last(Step.PLAN, key) for key in self.pending.stacks)
        return tuple(plan for plan in records if plan is not None and plan.result == "succeeded")


def tickets_in(messages: Iterable[str]) -> tuple[str, ...]:
    """Returns the tickets that texts name: `SHOP-12`, `#34`."""
    tickets = (ticket for message in messages for ticket in _TICKET.findall(message))
    return tuple(dict.fromkeys(ticket for ticket in tickets if ticket not in _NO_TICKETS))
