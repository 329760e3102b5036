"""Known findings after `terrace baseline`, in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from terrace.assess.model import Finding
from terrace.assess.waiver import Waiver
from terrace.report.check_outcome import place
from terrace.report.terminal.screen import Record, paragraph
from terrace.text import visible
from terrace.waivers.baseline import Renewed
from terrace.words import and_more, plural

MOST = 10
"""Lines of one part."""


def baseline_summary(renewed: Renewed, unused: Iterable[Waiver]) -> Record:
    """Returns the number of known findings before and now, what was added and removed, and what still blocks a change.

    `unused` are waivers that match no finding.
    """
    was = f" (was {renewed.before})" if renewed.before or not renewed.came else ""
    lines = [f"{plural(renewed.count, 'known finding')}{was}"]
    if renewed.came:
        rules = Counter[str]()
        for record in renewed.records:
            rules[record.rule] += record.count
        lines += [f"  {number:>4} {visible(rule)}" for rule, number in rules.most_common(MOST)]
    if renewed.gone:
        lines += ["no longer found:", *_shorten([f"  {visible(record.about)}" for record in renewed.gone])]
    if renewed.fresh:
        lines += ["new findings; fix them, or --accept their RULE:", *_shorten([_line(f) for f in renewed.fresh])]
    if renewed.outside:
        outside = [f"{_line(finding)} ({why})" for finding, why in renewed.outside]
        lines += ["cannot be known findings:", *_shorten(outside)]
    if idle := [f"  {w.source}:{w.line}: {visible(w.about)} ({visible(w.owner)})" for w in unused]:
        lines += ["waivers that match no finding; remove them:", *_shorten(idle)]
    if renewed.blind:
        lines += ["Not everything could be checked: records of the unchecked parts were kept."]
    return paragraph(lines)


def _line(finding: Finding) -> str:
    where = place(finding)
    at = f" at {where}" if where else ""
    return visible(f"  {finding.rule}{at}: {finding.message}")


def _shorten(lines: Sequence[str]) -> list[str]:
    more = and_more(len(lines) - MOST)
    return [*lines[:MOST], *([f"  {more}"] if more else [])]
