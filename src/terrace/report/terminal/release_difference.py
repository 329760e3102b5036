"""The difference between two environments in a terminal."""

from __future__ import annotations

from datetime import datetime

from terrace.ledger.deployment import Deployment
from terrace.report.release_words import difference_words, plan_words
from terrace.report.terminal.screen import Group, Record, line
from terrace.rollout.release_difference import ReleaseDifference
from terrace.words import ago, and_more, join_some

MOST_COMMITS = 20
MOST_STACKS = 10


def difference_report(difference: ReleaseDifference, now: datetime) -> Record:
    """Returns what the target would get: commits, people, tickets, stacks, values and plans."""
    source, target = difference.source, difference.target
    parts: list[Record] = [
        line((f"{source} → {target}", "bold"), f": {difference_words(difference)}"),
        line(f"  {target} runs {_release(difference.replaces, now)}, {source} runs {_release(difference.brings, now)}"),
    ]
    return Group(*parts, *difference_details(difference))


def difference_details(difference: ReleaseDifference) -> list[Record]:
    """Returns the commits, stacks, values and plans, each with a heading; empty ones are left out."""
    parts: list[Record] = []
    listed_commits = [commit for commit in difference.commits if not commit.merge]
    if listed_commits:
        parts += [line(), line("Commits", style="bold")]
        for commit in listed_commits[:MOST_COMMITS]:
            parts.append(line((f"  {commit.id[:7]} ", "dim"), commit.message.strip().split("\n")[0]))
        if more := and_more(len(listed_commits) - MOST_COMMITS):
            parts.append(line(f"  {more}", style="dim"))
    if difference.stacks:
        parts += [line(), line(f"Stacks of {difference.target} that change", style="bold")]
        parts.append(line(f"  {join_some(difference.stacks, MOST_STACKS)}"))
    for values in difference.values:
        parts += [line(), line(f"Values in {values.path}", style="bold")]
        parts += [line(f"  {text}", style="green" if text[:1] == "+" else "red") for text in values.diff]
    if difference.plans:
        parts += [line(), line("Pending plans", style="bold")]
        parts += [line(f"  {plan.stack}: {plan_words(plan)}") for plan in difference.plans]
    return parts


def _release(deployment: Deployment | None, now: datetime) -> str:
    if deployment is None:
        return "nothing yet"
    since = f" ({ago(deployment.ended_at, now)})" if deployment.ended_at else ""
    return f"{deployment.commit[:7]}{since}"
