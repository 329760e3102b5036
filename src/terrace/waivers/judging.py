"""Findings x records x today -> findings. None is dropped, and none is touched that no record is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from terrace.assess.model import Finding, Status
from terrace.assess.waiver import Waiver
from terrace.config.checks import DeclaredChecks
from terrace.waivers.comments import Skip
from terrace.waivers.never import why_never

Content = Callable[[Finding], str]
"""The fingerprint of the line where a finding is: equal wherever the line has moved to."""

Key = tuple[str, str, str, str, str, bool]


def no_content(_: Finding) -> str:
    """For findings whose lines are not at hand."""
    return ""


@dataclass(frozen=True, slots=True)
class Waivers:
    """The records of the protected branch, which judge, and those of the change, which are shown; None: of no change.

    `skips` are comments of the change that ask to be let through. `unread` says why those of the protected branch
    could not be read; then none of them counts.
    """

    judging: tuple[Waiver, ...] = ()
    proposed: tuple[Waiver, ...] | None = None
    unread: str = ""
    skips: tuple[Skip, ...] = ()

    @property
    def offered(self) -> tuple[Waiver, ...]:
        """The records that judge once the change is merged."""
        return self.judging if self.proposed is None else self.proposed


NONE = Waivers()
"""Where nobody waives anything."""


def waive(
    findings: Iterable[Finding],
    waivers: Waivers,
    today: date,
    checks: DeclaredChecks,
    content: Content = no_content,
) -> tuple[Finding, ...]:
    """The same findings in the same order, each as the records leave it: waived where one counts today, and with a
    note where one ended, or where the change brings or takes one. The order of the records does not matter."""
    found = tuple(findings)
    counts = matched(found, (w for w in waivers.judging if w.holds(today)), content, checks)
    ended = matched(found, (w for w in waivers.judging if w.ended(today)), content, checks)
    offered = matched(found, (w for w in waivers.offered if w.holds(today)), content, checks)
    return tuple(_as_left(finding, counts.get(at), ended.get(at), offered.get(at)) for at, finding in enumerate(found))


def matched(
    findings: Sequence[Finding], waivers: Iterable[Waiver], content: Content, checks: DeclaredChecks
) -> Mapping[int, Waiver]:
    """For every finding, by its position, the record that is about it: of several the one that lasts longest.

    A waiver is about every finding of its place; a record of the baseline about as many as it counts.
    """
    named: dict[str, list[Waiver]] = {}
    known: dict[Key, Waiver] = {}
    for waiver in sorted(waivers, key=_lasting, reverse=True):
        if waiver.known:
            known.setdefault(waiver.key, waiver)
        else:
            named.setdefault(waiver.rule, []).append(waiver)
    found: dict[int, Waiver] = {}
    for at, finding in enumerate(findings):
        mine = [waiver for name in dict.fromkeys(names_of(finding)) for waiver in named.get(name, ())]
        fitting = [waiver for waiver in mine if is_about(waiver, finding, checks)]
        if fitting:
            found[at] = max(fitting, key=_lasting)
    if known:
        found.update(_known(findings, known, content, checks, found))
    return found


def is_about(waiver: Waiver, finding: Finding, checks: DeclaredChecks) -> bool:
    """Whether a waiver (no record of the baseline) is about a finding, whatever the day."""
    if waiver.rule not in names_of(finding) or why_never(finding, checks) is not None:
        return False
    # What is waived already (a secret, by its own file) needs no second word.
    if finding.status is Status.WAIVED or waiver.unknown != (finding.status is Status.UNKNOWN):
        return False
    return waiver.reaches(finding.stack or "", finding.address or "", finding.path or "")


def names_of(finding: Finding) -> tuple[str, ...]:
    """The rules that say it: its own, those of tools that agree, and their family."""
    return (finding.rule, *finding.also, *((finding.family,) if finding.family else ()))


def key_of(finding: Finding, content: Content, checks: DeclaredChecks, known: Container[Key] = ()) -> Key | None:
    """What a finding is in the baseline, equal as long as it is the same; None where it cannot be in it.

    Where a stack is known the address says where it is; else the file, and what stands in the line. Where several tools
    agree, it is called by their family, since which of them speaks may change; a name that is `known` goes before.
    """
    if finding.status is Status.WAIVED or why_never(finding, checks) is not None:
        return None
    unknown = finding.status is Status.UNKNOWN
    stack = finding.stack or ""
    if finding.address and (stack or not finding.path):
        place = (stack, finding.address, "", "", unknown)
    elif finding.path:
        place = (stack, "", finding.path, content(finding), unknown)
    else:
        return None
    usual = finding.family if finding.also and finding.family else finding.rule
    keys = [(name, *place) for name in names_of(finding)]
    return next((key for key in keys if key in known), (usual, *place))


def _known(
    findings: Sequence[Finding],
    known: Mapping[Key, Waiver],
    content: Content,
    checks: DeclaredChecks,
    taken: Mapping[int, Waiver],
) -> Mapping[int, Waiver]:
    rules = {key[0] for key in known}
    keys = {
        at: key
        for at, finding in enumerate(findings)
        if at not in taken
        and not rules.isdisjoint(names_of(finding))
        and (key := key_of(finding, content, checks, known)) in known
    }
    # Which of equal findings is the new one cannot be told; always the same ones are taken for known.
    ordered = sorted(keys, key=lambda at: (not findings[at].blocks, findings[at].line, repr(findings[at])))
    used: Counter[Key] = Counter()
    found = {}
    for at in ordered:
        key = keys[at]
        assert key is not None
        if used[key] < known[key].count:
            used[key] += 1
            found[at] = known[key]
    return found


def _lasting(waiver: Waiver) -> tuple[object, ...]:
    """Total, so that of several the same one is taken whatever their order."""
    who = (waiver.owner, waiver.reason, waiver.ticket, waiver.granted.isoformat(), waiver.source, waiver.line)
    return (waiver.expires, not waiver.known, waiver.count, *waiver.key, *who)


def _as_left(finding: Finding, counts: Waiver | None, ended: Waiver | None, offered: Waiver | None) -> Finding:
    if counts is not None:
        gone = "" if offered is not None else "; this change takes that waiver away"
        return replace(finding, status=Status.WAIVED, waiver=counts, note=f"{words(counts)}{gone}")
    if offered is not None:
        at = f"{offered.source}:{offered.line}"
        note = f"waived by a waiver that this change proposes ({at}); it counts once merged"
        return replace(finding, note=note)
    if ended is not None:
        note = f"the waiver of {ended.owner} ended on {ended.expires} ({ended.source}:{ended.line})"
        return replace(finding, note=note)
    return finding


def words(waiver: Waiver) -> str:
    """Who answers for a finding, until when and why, in one line."""
    ticket = f" ({waiver.ticket})" if waiver.ticket else ""
    since = f"known from the baseline since {waiver.since}, " if waiver.known else ""
    return f"{since}waived by {waiver.owner} until {waiver.expires}: {' '.join(waiver.reason.split())}{ticket}"
