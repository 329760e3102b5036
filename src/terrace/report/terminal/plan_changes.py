"""The changes of plans in a terminal: attribute by attribute, or an overview of the riskiest where there are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from terrace.plans.model import Action, OutputChange, Plan
from terrace.plans.riskiest import Group as ChangeGroup
from terrace.plans.riskiest import groups, riskiest_first
from terrace.plans.summaries import ACTIONS, notices
from terrace.report.diff_words import (
    FULL,
    SHORT,
    Extent,
    Row,
    change_rows,
    changed_outputs,
    headline,
    output_rows,
    riskiest_line,
)
from terrace.report.terminal.screen import Group, Line, Record, Tree, line, paragraph
from terrace.words import and_more, plural

MOST_LISTED = 50
"""Changes that are listed one by one; where there are more, an overview is shown."""

MOST_RISKY = 10
"""Changes that an overview names."""

MOST_GROUPS = 12
"""Groups of changes that an overview shows."""

MOST_NOTICES = 3
"""Notices that an overview shows."""

ACTION_STYLES = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "red",
    Action.DELETE: "red",
    Action.FORGET: "cyan",
    Action.UNKNOWN: "red",
    Action.NO_OP: "cyan",
    Action.READ: "dim",
}

_ROW_STYLES = {"+": "green", "-": "red", "~": "yellow", "→": "cyan", "!": "red", " ": "dim"}


def are_many(plans: Iterable[Plan], *, full: bool) -> bool:
    """Returns whether plans change so much that an overview takes the place of the list."""
    return not full and sum(len(plan.effective) for plan in plans) > MOST_LISTED


def add_changes(node: Tree, plan: Plan, *, full: bool = False) -> None:
    """Adds every change of a plan to a node, the riskiest first, each with its attributes."""
    extent = FULL if full else SHORT
    for change in riskiest_first(plan.effective):
        node.node(_block(line(headline(change), style=ACTION_STYLES[change.action]), change_rows(change, extent)))
    for output in changed_outputs(plan):
        node.node(_output(output, extent))
    for notice in notices(plan):
        node.node(line(f"! {notice}", style="yellow"))


def overview(plans: Mapping[str, Plan], command: str) -> Record:
    """Returns the riskiest changes of plans in a line each, and the others in groups. `command` shows all of them."""
    pairs = [(key, change) for key, plan in plans.items() for change in plan.effective]
    keys = {id(change): key for key, change in pairs}
    ordered = riskiest_first(change for _, change in pairs)
    lines: list[Line] = [line("The riskiest changes", style="bold")]
    for change in ordered[:MOST_RISKY]:
        stack = f"{keys[id(change)]}: " if len(plans) > 1 else ""
        lines.append(line(f"  {stack}{riskiest_line(change)}", style=ACTION_STYLES[change.action]))
    change_groups = groups(ordered)
    lines.append(line(f"All {plural(len(ordered), 'change')} by module and type", style="bold"))
    lines += [_group(group) for group in change_groups[:MOST_GROUPS]]
    if more := and_more(len(change_groups) - MOST_GROUPS, "group"):
        lines.append(line(f"  {more}", style="dim"))
    all_notices = [notice for plan in plans.values() for notice in notices(plan)]
    lines += [line(f"! {notice}", style="yellow") for notice in all_notices[:MOST_NOTICES]]
    if more := and_more(len(all_notices) - MOST_NOTICES, "notice"):
        lines.append(line(f"  {more}", style="dim"))
    lines.append(line(f"every change: {command}", style="dim"))
    return Group(*lines)


def _group(group: ChangeGroup) -> Line:
    counts: Sequence[tuple[Action, int]] = sorted(group.counts.items(), key=lambda item: -item[1])
    numbers = ", ".join(f"{ACTIONS[action].terraform_sign} {count:,}" for action, count in counts)
    return line(f"  {group.module or 'root module'}  {group.type}  {numbers}")


def _output(output: OutputChange, extent: Extent) -> Line:
    head = f"{ACTIONS[output.action].terraform_sign} output {output.name}"
    rows = output_rows(output, extent)
    style = ACTION_STYLES[output.action]
    if len(rows) == 1 and rows[0].name == "value" and not rows[0].lines:
        return line(f"{head}{rows[0].text.removeprefix('value')}", style=style)
    return _block(line(head, style=style), rows)


def _block(head: Line, rows: Iterable[Row]) -> Line:
    return paragraph([head, *(part for row in rows for part in row_lines(row))])


def row_lines(row: Row) -> Iterator[Line]:
    """Yields the lines of a row of a diff, in its color."""
    style = _ROW_STYLES[row.sign]
    text = row.text.removesuffix(row.note) if row.note else row.text
    yield line((f"  {row.sign} {text}", style), (row.note, "red bold"), " (--full)" if row.is_cut else "")
    for sign, content in row.lines:
        yield line((f"      {sign} {content}", _ROW_STYLES[sign] if sign != " " else "dim"))
