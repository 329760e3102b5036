"""What a check came to, as the renderers of it take it, and the words about findings that all of them share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from terrace.assess.model import Assessment, Finding, Status
from terrace.assess.risk import Risk
from terrace.gates.model import Verdict
from terrace.stacks.graph import Graph
from terrace.text import clipped

_MOST_STACKS = 6


@dataclass(frozen=True, slots=True)
class Checked:
    """One run of `terrace check`: what is known, what the gates ahead say, and whether the change may be merged.

    With `explain` every reason of the risk is shown, and its place in the formula. `graph` is the graph of modules at
    the head of the change, None where it is not at hand. `tools` are the tools that had their say, with or without a
    finding; a tool that is named by a finding need not be in it.
    """

    assessment: Assessment
    ahead: tuple[Verdict, ...]
    passed: bool
    risk: Risk
    explain: bool = False
    graph: Graph | None = None
    tools: tuple[str, ...] = ("terrace",)

    @property
    def holding(self) -> tuple[Finding, ...]:
        """The findings that hold the change, worst first."""
        return worst_first(self.assessment.blocking)

    @property
    def aside(self) -> tuple[Finding, ...]:
        """What was found and holds nothing, worst first."""
        return worst_first(f for f in self.assessment.findings if not f.blocks)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order in which people should read them; the same findings always in the same order."""
    return tuple(
        sorted(
            findings,
            key=lambda f: (
                not f.blocks,
                -f.severity,
                f.status is not Status.FAIL,
                f.rule,
                f.path or "",
                f.line,
                f.stack or "",
                f.address or "",
                f.message,
            ),
        )
    )


def told_together(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of one rule at one place as one, in the order of the first: only what differs is told of the others.

    Those that say the same of several stacks are one as well, with the names of the stacks.
    """
    groups: dict[Finding, list[str]] = {}
    for finding in findings:
        groups.setdefault(replace(finding, message="", detail=""), []).append(finding.message)
    stacks: dict[tuple[Finding, bool], list[Finding]] = {}
    for one, messages in groups.items():
        told = replace(one, message=_joined(dict.fromkeys(messages)))
        # One that is about no stack is about the whole change.
        alike = replace(told, message=_of_each(told), stack=None)
        stacks.setdefault((alike, bool(one.stack)), []).append(told)
    return tuple(
        found[0] if len(found) == 1 else _of_stacks(alike, [one.stack or "" for one in found])
        for (alike, _), found in stacks.items()
    )


def _of_each(finding: Finding) -> str:
    """The message of a finding without the name of its stack, where it is about that stack as a whole."""
    if not finding.stack or finding.path or finding.address:
        return finding.message
    return re.sub(rf"(?<![\w/-]){re.escape(finding.stack)}(?![\w/-])", "each", finding.message)


def _of_stacks(finding: Finding, keys: list[str]) -> Finding:
    """A finding with the names of its stacks: beside its address, or after its message where a file is its place."""
    more = f" and {len(keys) - _MOST_STACKS} more" if len(keys) > _MOST_STACKS else ""
    names = ", ".join(keys[:_MOST_STACKS]) + more
    if finding.path:
        return replace(finding, message=f"{finding.message} (in {names})")
    return replace(finding, stack=names)


def is_known(finding: Finding) -> bool:
    """Whether the baseline answers for a finding: it was there before the change."""
    return finding.status is Status.WAIVED and finding.waiver is not None and finding.waiver.known


def _joined(messages: Iterable[str]) -> str:
    """`a: x`, `a: y` -> `a: x; y`."""
    first, *others = messages
    head, colon, _ = first.partition(": ")
    same = head + colon
    return "; ".join([first, *(one.removeprefix(same) if colon else one for one in others)])


def weight(finding: Finding) -> str:
    """How much a finding weighs, in a word: `waived`, `advisory`, or its severity."""
    if finding.status is Status.WAIVED:
        return "waived"
    return "advisory" if finding.advisory else finding.severity.word


def said(finding: Finding) -> str:
    """What a finding says, and what records about it change: `the bucket is public; waived by ann until ...`."""
    return "; ".join(part for part in (finding.message, finding.note) if part)


def answered_for(findings: Iterable[Finding]) -> str:
    """How many findings records answer for: `37 known from the baseline, 2 waived`; "" where none does."""
    records = [finding.waiver for finding in findings if finding.status is Status.WAIVED and finding.waiver is not None]
    known = sum(record.known for record in records)
    counts = ((known, "known from the baseline"), (len(records) - known, "waived"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def place(finding: Finding) -> str:
    """Where it is, as people write it: `path:line`, else the stack and the address; "" for the whole change."""
    if finding.path:
        return f"{finding.path}:{finding.line}" if finding.line else finding.path
    return ": ".join(part for part in (finding.stack, finding.address) if part)


def seen_by(finding: Finding) -> str:
    """Which rules of other tools say the same, in brackets and with a space before; "" where none does."""
    return f" (also {clipped(', '.join(finding.also))})" if finding.also else ""


def why_held(finding: Finding) -> str:
    """What holds the change, in one line: rule, place, why, how to fix."""
    at = f" at {clipped(where)}" if (where := place(finding)) else ""
    doubt = "could not be told: " if finding.status is Status.UNKNOWN else ""
    fix = f"; fix: {clipped(finding.fix)}" if finding.fix else ""
    return f"{clipped(finding.rule)}{at}: {doubt}{clipped(said(finding))}{seen_by(finding)}{fix}"
