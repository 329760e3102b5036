"""Findings of several tools about the same fault, merged by family of rules and by place.

Findings of one family at one resource, or at one block of the sources, mean the same. One of them is kept, with the
highest severity; it blocks if any of them blocks, and names the others. Tools that disagree, so that one result is
unknown or waived where another one fails, keep their findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from terrace.assess.model import Finding
from terrace.checks.scanners.families import LEAKED

Spot = tuple[str, int]
"""A file, and the line where a block begins."""

OURS = ("terrace", "opa")
"""Tools whose findings go before those of scanners."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places of blocks in the sources: `of` an address of a stack, and `at` any line."""

    of: Callable[[str, str], Spot | None] = field(default=lambda stack, address: None)
    at: Callable[[str, int], Spot | None] = field(default=lambda path, line: (path, line))


Word = tuple[str, ...]
Place = tuple[str, ...]


def together(findings: Iterable[Finding], places: Places) -> tuple[Finding, ...]:
    """Returns the findings, each fault once, in their order."""
    distinct = tuple(dict.fromkeys(findings))
    addressed: dict[tuple[Word, Place], list[Finding]] = {}
    spotted: dict[tuple[Word, Spot], list[Finding]] = {}
    for finding in distinct:
        place, spot = _address(finding), _spot(finding, places)
        if place is not None:
            addressed.setdefault((_word(finding), place), []).append(finding)
        elif spot is not None:
            spotted.setdefault((_word(finding), spot), []).append(finding)
    # A finding about a block applies to each of its resources.
    covered: set[tuple[Word, Spot]] = set()
    merged: dict[Finding, Finding] = {}
    for (word, _), members in addressed.items():
        spots = {(word, spot) for member in members if (spot := _spot(member, places)) is not None}
        covered |= spots & spotted.keys()
        merged.update(_merge_members(members, [other for key in spots for other in spotted.get(key, ())]))
    for key, members in spotted.items():
        if key not in covered:
            merged.update(_merge_members(members, ()))
    loose = {f for f in distinct if _address(f) is None and _spot(f, places) is None}
    # Two that differed only in their enforcement are one now.
    return tuple(dict.fromkeys(merged.get(f, f) for f in distinct if f in merged or f in loose))


def _merge_members(members: Iterable[Finding], also: Iterable[Finding]) -> Mapping[Finding, Finding]:
    """Those of the members that stay, as they stay. `also` agree with them, and stay nowhere."""
    members = list(members)
    best = min(members, key=_rank)
    staying = [f for f in members if _stays(f, best)]
    others = [*(f for f in members if not _stays(f, best)), *also]
    if not others:
        return {f: f for f in staying}
    severity = max(f.severity for f in others)
    holds = any(f.blocks for f in others)
    names = {name for f in others for name in (f.rule, *f.also)} - {f.rule for f in staying}
    return {
        f: replace(
            f,
            severity=max(f.severity, severity),
            advisory=f.advisory and not holds,
            also=tuple(sorted({*f.also, *names})) if f.family else f.also,
        )
        for f in staying
    }


def _stays(finding: Finding, best: Finding) -> bool:
    """Returns whether a finding is kept beside the best one.

    Several findings of one rule are several faults, such as two secrets in a line; so are our own rules of one family.
    """
    if best.tool in OURS:
        return finding.tool in OURS
    return (finding.tool, finding.rule) == (best.tool, best.rule)


def _rank(finding: Finding) -> tuple[object, ...]:
    return (finding.tool not in OURS, -finding.severity, finding.tool, finding.rule)


def _word(finding: Finding) -> Word:
    """Returns the subject of a finding: its family, or its own rule; and its status."""
    if finding.family:
        return ("family", finding.family, finding.status.value)
    return ("rule", finding.tool, finding.rule, finding.status.value)


def _address(finding: Finding) -> Place | None:
    return (finding.stack or "", finding.address) if finding.address else None


def _spot(finding: Finding, places: Places) -> Spot | None:
    if finding.path and finding.line:
        # Two secrets in one block are two faults.
        exact = finding.family == LEAKED
        return (finding.path, finding.line) if exact else places.at(finding.path, finding.line)
    if finding.stack and finding.address:
        return places.of(finding.stack, finding.address)
    return None
