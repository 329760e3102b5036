"""The difference between two environments in sentences, for every surface."""

from __future__ import annotations

from terrace.ledger.deployment import StepRecord
from terrace.rollout.release_difference import ReleaseDifference
from terrace.words import join_some, plural

MOST_NAMES = 6

_WORDS = (("create", "to create"), ("update", "to update"), ("replace", "to replace"), ("delete", "to delete"))


def difference_words(difference: ReleaseDifference) -> str:
    """Returns the difference in one line: the number of commits, their people and their tickets."""
    if difference.unknown:
        return f"the commits are unknown: {difference.unknown}"
    if difference.brings is None:
        return f"nothing has succeeded in {difference.source} yet"
    if difference.is_empty:
        return "both run the same commit"
    if difference.replaces is None:
        return f"the first release of {difference.target}"
    commits = plural(sum(1 for commit in difference.commits if not commit.merge), "commit")
    names = tuple(dict.fromkeys(person.name or person.email for person in difference.people))
    by = f" by {join_some(names, MOST_NAMES)}" if names else ""
    tickets = f", {join_some(difference.tickets, MOST_NAMES)}" if difference.tickets else ""
    if difference.backwards:
        return f"{difference.target} is ahead: {commits}{by}{tickets} would be reverted"
    return f"{commits}{by}{tickets}"


def plan_words(plan: StepRecord) -> str:
    """Returns a recorded plan in numbers."""
    counts = ((getattr(plan.detail, name) or 0, word) for name, word in _WORDS)
    return ", ".join(f"{number} {word}" for number, word in counts if number) or "no changes"
