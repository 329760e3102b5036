"""A baseline made anew, for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from terrace.assess.model import Finding
from terrace.assess.waiver import BASELINE, Waiver
from terrace.report.checked import place
from terrace.report.machine import finding, waiver
from terrace.text import visible
from terrace.waivers.baseline import Renewed

if TYPE_CHECKING:
    from terrace.report.screen import Record

MOST = 10
"""Lines of one part."""


def machine(found: Renewed, idle: Iterable[Waiver]) -> dict[str, Any]:
    """`terrace baseline`: how many findings are known, were, came in; what is gone, and what holds nevertheless; and
    `unused`, waivers that are about nothing any more."""
    return {
        "schema": "terrace/baseline@1",
        "file": BASELINE,
        "known": found.count,
        "was": found.before,
        "came": found.came,
        "gone": [waiver(one) for one in found.gone],
        "new": [finding(one) for one in found.fresh],
        "outside": [{**finding(one), "why": why} for one, why in found.outside],
        "unused": [waiver(one) for one in idle],
        "complete": not found.blind,
    }


def terminal(found: Renewed, idle: Iterable[Waiver]) -> Record:
    """The count and what it was, what came and went, and what still holds a change."""
    from terrace.report.screen import paragraph

    was = f" (was {found.before})" if found.before or not found.came else ""
    lines = [f"{found.count} known from the baseline{was}"]
    if found.came:
        rules = Counter[str]()
        for record in found.records:
            rules[record.rule] += record.count
        lines += [f"  {number:>4} {visible(rule)}" for rule, number in rules.most_common(MOST)]
    if found.gone:
        lines += ["gone:", *_some(f"  {visible(one.about)}" for one in found.gone)]
    if found.fresh:
        lines += ["new, and not in it; mend them, or --accept their RULE:", *_some(_line(f) for f in found.fresh)]
    if found.outside:
        lines += ["never in it:", *_some(f"{_line(one)} ({why})" for one, why in found.outside)]
    if unused := [f"  {one.source}:{one.line}: {visible(one.about)} ({visible(one.owner)})" for one in idle]:
        lines += ["waivers that are about nothing any more; take them out:", *_some(unused)]
    if found.blind:
        lines += ["not everything could be looked at: what may be there was kept"]
    return paragraph(lines)


def _line(one: Finding) -> str:
    where = place(one)
    return visible(f"  {one.rule} at {where}: {one.message}" if where else f"  {one.rule}: {one.message}")


def _some(lines: Iterable[str]) -> list[str]:
    every = list(lines)
    return every[:MOST] + ([f"  and {len(every) - MOST} more"] if len(every) > MOST else [])
