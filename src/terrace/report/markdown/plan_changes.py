"""The changes of a plan as a diff in Markdown: the sign in the first column gives a line its color."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.plans.model import Plan, ResourceChange
from terrace.plans.riskiest import riskiest_first
from terrace.plans.summaries import ACTIONS, describe_action
from terrace.report.diff_words import Extent, Row, change_rows, changed_outputs, output_rows, remarks
from terrace.words import and_more

EXTENT = Extent(rows=8, characters=100, lines=12)
"""How much of one change is shown in a comment."""


def plan_diff(plan: Plan, room: int) -> list[str]:
    """Returns the changes of a plan in at most `room` bytes, the riskiest first. The last line counts those that do not
    fit."""
    blocks = [list(_change(change)) for change in riskiest_first(plan.effective)]
    for output in changed_outputs(plan):
        blocks.append([f"! output {output.name}", *_rows(output_rows(output, EXTENT))])
    lines: list[str] = []
    for number, block in enumerate(blocks):
        room -= sum(len(line.encode("utf-8", "replace")) + 1 for line in block)
        if room < 0:
            return [*lines, f"! {and_more(len(blocks) - number)}"]
        lines += block
    return lines


def _change(change: ResourceChange) -> Iterator[str]:
    yield f"{ACTIONS[change.action].diff_sign} {describe_action(change)} {change.shown_address}{remarks(change)}"
    yield from _rows(change_rows(change, EXTENT))


def _rows(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield from row_lines(row)


def row_lines(row: Row) -> Iterator[str]:
    """Yields the lines of a row of a diff, each with its sign in the first column."""
    if row.lines:
        yield f"!     {row.name}:{row.note}"
        yield from (f"{sign}       {text}" for sign, text in row.lines)
    elif row.sign == "~" and row.before and row.after:
        yield f"-     {row.name} = {row.before}"
        yield f"+     {row.name} = {row.after}{row.note}"
    else:
        yield f"{row.sign if row.sign in '+- ' else '!'}     {row.text}"
