"""The attribute diff in rows that the terminal and Markdown share: values as text, cut with a count of what was cut."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from terrace.plans.attribute_diff import ABSENT, Difference, ShownDiff, output_diff, resource_diff
from terrace.plans.model import MASKED, UNKNOWN, Action, OutputChange, Plan, ResourceChange, Value
from terrace.plans.riskiest import may_lose_data
from terrace.plans.summaries import ACTIONS, describe_actions
from terrace.words import and_more, join_some, plural

CONTEXT = 2
"""Equal lines that are shown around a changed line of a text."""

NAMES = 4
"""Attributes that are named where only their number matters."""

IDENTITY = ("id", "arn", "name", "bucket", "key")
"""Attributes that identify a deleted object."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a diff is shown: rows of one resource, characters of a value, lines of a text; None for all."""

    rows: int | None
    characters: int | None
    lines: int | None


SHORT = Extent(rows=10, characters=60, lines=12)
FULL = Extent(rows=None, characters=None, lines=None)
ONE_ROW = Extent(rows=1, characters=60, lines=0)


@dataclass(frozen=True, slots=True)
class Row:
    """One line about an attribute. `sign` is `+`, `-`, `~`, `→` for a moved element, `!` for a warning, and a space for
    a remark. `lines` are the changed lines of a text, each with its sign. `is_cut`: it says how much is not shown."""

    sign: str
    name: str
    before: str = ""
    after: str = ""
    notes: tuple[str, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    is_cut: bool = False

    @property
    def note(self) -> str:
        """The notes as a comment at the end of the line; "" for none."""
        return f"  # {', '.join(self.notes)}" if self.notes else ""

    @property
    def text(self) -> str:
        """The row in one line, without its sign and without the lines of a text."""
        if self.lines or not (self.before or self.after):
            return f"{self.name}{':' if self.lines else ''}{self.note}"
        if self.before and self.after:
            return f"{self.name} = {self.before} → {self.after}{self.note}"
        return f"{self.name} = {self.after or self.before}{self.note}"


def plan_line(plan: Plan) -> str:
    """Returns a plan in one line: the number of changes, and its digest."""
    if plan.is_empty:
        return f"no changes (digest {plan.digest.short})"
    return f"{describe_actions(plan)} (digest {plan.digest.short})"


def headline(change: ResourceChange) -> str:
    """Returns a change in one line: its sign, its address, and what is unusual about it."""
    return f"{ACTIONS[change.action].terraform_sign} {change.shown_address}{remarks(change)}"


def remarks(change: ResourceChange) -> str:
    """Returns what is unusual about a change, in brackets after a space; "" for nothing."""
    notes = []
    if change.previous_address:
        notes.append(f"moved from {change.previous_address}")
    if change.importing:
        notes.append("imported")
    if change.action is Action.FORGET:
        notes.append("forgotten: it stays, and Terraform no longer manages it")
    if change.action is Action.REPLACE:
        notes.append("created before the old one is deleted" if change.create_first else "deleted, then created")
    if why := _REASONS.get(change.reason or "", ""):
        notes.append(why)
    if may_lose_data(change):
        notes.append("may hold data")
    return f" ({', '.join(notes)})" if notes else ""


_REASONS: Mapping[str, str] = {
    "replace_because_tainted": "tainted",
    "replace_by_request": "replacement requested",
    "replace_by_triggers": "replace_triggered_by",
    "delete_because_no_resource_config": "no longer in the configuration",
    "delete_because_no_module": "its module is no longer called",
    "delete_because_wrong_repetition": "count or for_each was added or removed",
    "delete_because_count_index": "its index is beyond count",
    "delete_because_each_key": "its key is no longer in for_each",
    "delete_because_no_move_target": "moved to an address that does not exist",
}


def change_rows(change: ResourceChange, extent: Extent) -> list[Row]:
    """Returns the rows of one change, what forces a replacement first. The last rows count what they leave out."""
    shown = resource_diff(change).select_shown()
    rows = [
        *warning_rows(shown.opens, shown.forced),
        *(_row(difference, extent) for difference in _select_differences(change, shown, extent)),
        *(Row("~", name, "(sensitive)", "(sensitive)") for name in shown.hidden),
    ]
    cut = rows if extent.rows is None else rows[: extent.rows]
    more = len(rows) - len(cut)
    return [*cut, *_omission_rows(shown, more, extent)]


def output_rows(output: OutputChange, extent: Extent) -> list[Row]:
    """Returns the rows of one output."""
    return _cut([_row(difference, extent) for difference in output_diff(output)], extent)


def attribute_rows(path: str, diffs: Iterable[Difference], extent: Extent) -> list[Row]:
    """Returns the rows of one attribute that differs, at `path`, as `value_diff` compares it.

    The extent counts the rows of the attribute.
    """
    rows = [
        replace(
            _row(difference, extent), name=f"{path}{'' if difference.name[:1] in ('', '[') else '.'}{difference.name}"
        )
        for difference in sorted(diffs, key=lambda difference: (not difference.forces, not difference.exposes))
    ]
    return _cut(rows, extent)


def warning_rows(opens: Iterable[str], forced: Iterable[str]) -> list[Row]:
    """Returns the rows about what a resource opens, and what forces its replacement, that no difference shows."""
    return [
        *(Row("!", exposure) for exposure in opens),
        *(Row("~", name, notes=("forces replacement",)) for name in forced),
    ]


def _cut(rows: list[Row], extent: Extent) -> list[Row]:
    cut = rows if extent.rows is None else rows[: extent.rows]
    more = and_more(len(rows) - len(cut), "difference")
    return [*cut, *([Row(" ", more, is_cut=True)] if more else [])]


def changed_outputs(plan: Plan) -> Iterator[OutputChange]:
    """Yields the outputs that a plan changes."""
    yield from (output for output in plan.outputs if output.action is not Action.NO_OP)


def riskiest_line(change: ResourceChange) -> str:
    """Returns a change in one line with its most important difference."""
    if change.action in (Action.DELETE, Action.FORGET):
        return headline(change)
    rows = change_rows(change, ONE_ROW)
    first = f": {rows[0].text}" if rows and rows[0].sign != " " else ""
    return f"{headline(change)}{first}"


def value_text(value: Value, limit: int | None) -> str:
    """Returns a value as text; what is beyond `limit` characters is left out, and counted."""
    if value is ABSENT:
        return ""
    if value is UNKNOWN or value is MASKED:
        return repr(value)
    text = json.dumps(value, default=_special, ensure_ascii=False)
    if limit is None or len(text) <= limit:
        return text
    return f"{text[:limit]}… ({plural(len(text) - limit, 'more character')})"


def _special(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return repr(value)


def _select_differences(change: ResourceChange, shown: ShownDiff, extent: Extent) -> Iterator[Difference]:
    """Yields the differences that are shown: of a deleted resource only what identifies it, of a forgotten one nothing,
    unless all are."""
    if change.action is Action.FORGET and extent.rows is not None:
        return
    for difference in shown.differences:
        if (
            change.action is not Action.DELETE
            or extent.rows is None
            or difference.exposes
            or difference.name in IDENTITY
        ):
            yield difference


def _omission_rows(shown: ShownDiff, more: int, extent: Extent) -> Iterator[Row]:
    if more > 0:
        yield Row(" ", and_more(more, "attribute"), is_cut=True)
    if shown.later:
        names = join_some(shown.later, len(shown.later) if extent.rows is None else NAMES)
        yield Row(" ", f"known after apply: {len(shown.later)} ({names})")
    if shown.copies and extent.rows is None:
        yield Row(" ", f"tags_all: {plural(shown.copies, 'difference')} as in tags")


def _row(difference: Difference, extent: Extent) -> Row:
    notes = [
        *(["forces replacement"] if difference.forces else []),
        *([difference.exposes] if difference.exposes else []),
    ]
    name = difference.name or "value"
    if difference.moved:
        return Row("→", name, value_text(difference.before, extent.characters), notes=("another position", *notes))
    sign = "+" if difference.is_added else "-" if difference.is_removed else "~"
    lines = tuple(_text_lines(difference, extent))
    before = "" if difference.is_added else value_text(difference.before, extent.characters)
    after = "" if difference.is_removed else value_text(difference.after, extent.characters)
    if before and before == after and difference.before is not MASKED:
        before, after = _where_different(difference, extent)
    return Row(sign, name, before, after, tuple(notes), lines)


def _where_different(difference: Difference, extent: Extent) -> tuple[str, str]:
    """Returns two long values from the place where they differ."""
    before, after = value_text(difference.before, None), value_text(difference.after, None)
    start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(0, start - 10)
    limit = extent.characters or len(before)
    return f"…{before[start : start + limit]}", f"…{after[start : start + limit]}"


def _text_lines(difference: Difference, extent: Extent) -> Iterator[tuple[str, str]]:
    """Yields the changed lines of a text of several lines, with the equal ones around them."""
    before, after = _lines_of(difference.before), _lines_of(difference.after)
    if before is None or after is None or max(len(before), len(after)) < 2:
        return
    lines = list(_changed_lines(before, after))
    cut = lines if extent.lines is None else lines[: extent.lines]
    for sign, text in cut:
        yield sign, text if extent.characters is None else clipped_line(text, extent.characters)
    if more := and_more(len(lines) - len(cut), "line"):
        yield " ", f"… {more}"


def clipped_line(text: str, limit: int) -> str:
    """Returns a line of a text, cut with a count."""
    return text if len(text) <= limit else f"{text[:limit]}… ({plural(len(text) - limit, 'more character')})"


def _lines_of(value: Value) -> list[str] | None:
    if value is ABSENT or value is None:
        return []
    return value.removesuffix("\n").split("\n") if isinstance(value, str) else None


MOST_LINES = 5_000
"""Lines of a text beyond which it is shown as removed and added as a whole."""


def _changed_lines(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    if len(before) + len(after) > MOST_LINES:
        yield from (("-", text) for text in before)
        yield from (("+", text) for text in after)
        return
    groups = list(SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT))
    if not groups:
        yield " ", "only the line break at the end differs"
    end = 0
    for group in groups:
        if skipped := group[0][1] - end:
            yield " ", f"… {plural(skipped, 'equal line')}"
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from ((" ", text) for text in before[a:b])
                continue
            yield from (("-", text) for text in before[a:b])
            yield from (("+", text) for text in after[c:d])
        end = group[-1][2]
    if groups and (skipped := len(before) - end):
        yield " ", f"… {plural(skipped, 'equal line')}"
