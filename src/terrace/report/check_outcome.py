"""The result of a check, which every renderer takes, and the sentences about findings that all of them share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from terrace.assess.model import Assessment, Finding, Status
from terrace.assess.risk import Risk
from terrace.gates.model import Verdict
from terrace.stacks.graph import Graph
from terrace.text import clip
from terrace.words import join_some

_MOST_STACKS = 6
_MOST_PLACES = 3


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One run of `terrace check`: the assessment, the gates of the next environments, and whether the change can be
    merged.

    With `explain` every reason of the risk is shown, and its rule in the formula; with `full` every change of the plans
    is shown completely. `graph` is the graph of modules at
    the head of the change, None where it is not available. `tools` are the tools that ran, with or without a finding;
    a tool that a finding names need not be among them.
    """

    assessment: Assessment
    ahead: tuple[Verdict, ...]
    passed: bool
    risk: Risk
    explain: bool = False
    full: bool = False
    graph: Graph | None = None
    tools: tuple[str, ...] = ("terrace",)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that block the change, the worst first."""
        return worst_first(self.assessment.blocking)

    @property
    def advisory(self) -> tuple[Finding, ...]:
        """The findings that do not block, the worst first."""
        return worst_first(f for f in self.assessment.findings if not f.blocks)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Returns findings in the order in which people should read them. The order is the same for the same findings."""
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


def group_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Returns findings of one rule at one place as one, in the order of the first; the messages are joined.

    Findings with the same message in several stacks become one as well, with the names of the stacks; and advisory ones
    with the same message and fix in several files, with the first of the other places.
    """
    groups: dict[Finding, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(replace(finding, message="", detail=""), []).append(finding)
    stacks: dict[tuple[Finding, bool], list[Finding]] = {}
    for finding, same in groups.items():
        details = dict.fromkeys(duplicate.detail for duplicate in same if duplicate.detail)
        joined = replace(
            finding,
            message=_join_messages(dict.fromkeys(duplicate.message for duplicate in same)),
            detail="\n\n".join(details),
        )
        # A finding without a stack is about the whole change.
        alike = replace(joined, message=_without_stack(joined), stack=None)
        stacks.setdefault((alike, bool(finding.stack)), []).append(joined)
    return _by_place(
        group[0] if len(group) == 1 else _with_stacks(alike, [finding.stack or "" for finding in group])
        for (alike, _), group in stacks.items()
    )


def _by_place(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Joins equal advisory findings in several files. Each place of a blocking one is listed: it must be fixed."""
    places: dict[Finding, list[Finding]] = {}
    for finding in findings:
        in_file = finding.path and not finding.address and not finding.blocks
        places.setdefault(replace(finding, path=None, line=0) if in_file else finding, []).append(finding)
    return tuple(
        first
        if not others
        else replace(first, message=f"{first.message} (also at {join_some([place(f) for f in others], _MOST_PLACES)})")
        for first, *others in places.values()
    )


def _without_stack(finding: Finding) -> str:
    """Returns the message of a finding without the name of its stack, where it is about that stack as a whole."""
    if not finding.stack or finding.path or finding.address:
        return finding.message
    return re.sub(rf"(?<![\w/-]){re.escape(finding.stack)}(?![\w/-])", "each", finding.message)


def _with_stacks(finding: Finding, keys: list[str]) -> Finding:
    """Returns a finding with the names of its stacks: beside its address, or after its message where it has a file."""
    names = join_some(keys, _MOST_STACKS)
    if finding.path:
        return replace(finding, message=f"{finding.message} (in {names})")
    return replace(finding, stack=names)


def is_known(finding: Finding) -> bool:
    """Returns whether a finding is a known finding, which existed before the change."""
    return finding.status is Status.WAIVED and finding.waiver is not None and finding.waiver.is_baseline


def _join_messages(messages: Iterable[str]) -> str:
    """Returns messages as one: `a: x`, `a: y` -> `a: x; y`."""
    first, *others = messages
    head, colon, _ = first.partition(": ")
    same = head + colon
    return "; ".join([first, *(message.removeprefix(same) if colon else message for message in others)])


def level_word(finding: Finding) -> str:
    """Returns the level of a finding in a word: `waived`, `advisory`, or its severity."""
    if finding.status is Status.WAIVED:
        return "waived"
    return "advisory" if finding.advisory else finding.severity.word


def finding_text(finding: Finding) -> str:
    """Returns the message of a finding and the effect of waivers: `the bucket is public; waived by ann until ...`."""
    return "; ".join(part for part in (finding.message, finding.note) if part)


def waived_counts(findings: Iterable[Finding]) -> str:
    """Returns how many findings are known or waived: `37 known findings, 2 waived`; "" where none is."""
    records = [finding.waiver for finding in findings if finding.status is Status.WAIVED and finding.waiver is not None]
    baseline = sum(record.is_baseline for record in records)
    counts = ((baseline, "known finding" if baseline == 1 else "known findings"), (len(records) - baseline, "waived"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def place(finding: Finding) -> str:
    """Returns where a finding is: `path:line`, else the stack and the address; "" for the whole change."""
    if finding.path:
        return f"{finding.path}:{finding.line}" if finding.line else finding.path
    return ": ".join(part for part in (finding.stack, finding.address) if part)


def also_reported(finding: Finding) -> str:
    """Returns the rules of other tools that report the same, in brackets after a space; "" where none does."""
    return f" (also {clip(', '.join(finding.also))})" if finding.also else ""


def blocking_reason(finding: Finding) -> str:
    """Returns why a finding blocks the change, in one line: rule, place, reason, fix."""
    at = f" at {clip(where)}" if (where := place(finding)) else ""
    doubt = "could not be determined: " if finding.status is Status.UNKNOWN else ""
    fix = f"; fix: {clip(finding.fix)}" if finding.fix else ""
    return f"{clip(finding.rule)}{at}: {doubt}{clip(finding_text(finding))}{also_reported(finding)}{fix}"
