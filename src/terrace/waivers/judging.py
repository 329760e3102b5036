"""The waivers that apply to findings: findings x records x today -> findings. No finding is dropped."""

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
"""The fingerprint of the line that a finding is about: the same wherever the line has moved to."""

Key = tuple[str, str, str, str, str, bool]


def no_content(_: Finding) -> str:
    """Returns no fingerprint, for findings whose lines are not available."""
    return ""


@dataclass(frozen=True, slots=True)
class Waivers:
    """The records of the protected branch, which are valid, and those that a change proposes; None: there is no change.

    `skips` are comments of the change that ask to skip rules. `unread` is why the records of the protected branch could
    not be read; then none is valid.
    """

    judging: tuple[Waiver, ...] = ()
    proposed: tuple[Waiver, ...] | None = None
    unread: str = ""
    skips: tuple[Skip, ...] = ()

    @property
    def offered(self) -> tuple[Waiver, ...]:
        """The records that are valid once the change is merged."""
        return self.judging if self.proposed is None else self.proposed


NONE = Waivers()
"""No waivers at all."""


def waive(
    findings: Iterable[Finding],
    waivers: Waivers,
    today: date,
    checks: DeclaredChecks,
    content: Content = no_content,
) -> tuple[Finding, ...]:
    """Returns the same findings in the same order, waived where a record is valid today.

    A finding gets a note where its record has expired, and where the change adds or removes one. The order of the
    records does not matter.
    """
    every = tuple(findings)
    counts = match_waivers(every, (w for w in waivers.judging if w.holds(today)), content, checks)
    ended = match_waivers(every, (w for w in waivers.judging if w.has_expired(today)), content, checks)
    offered = match_waivers(every, (w for w in waivers.offered if w.holds(today)), content, checks)
    return tuple(_as_left(finding, counts.get(at), ended.get(at), offered.get(at)) for at, finding in enumerate(every))


def match_waivers(
    findings: Sequence[Finding], waivers: Iterable[Waiver], content: Content, checks: DeclaredChecks
) -> Mapping[int, Waiver]:
    """Returns the record for each finding, by the finding's position: of several the one that lasts longest.

    A waiver applies to every finding of its place; a record of the baseline to as many as its count.
    """
    named: dict[str, list[Waiver]] = {}
    by_key: dict[Key, Waiver] = {}
    for waiver in sorted(waivers, key=_sort_key, reverse=True):
        if waiver.is_baseline:
            by_key.setdefault(waiver.key, waiver)
        else:
            named.setdefault(waiver.rule, []).append(waiver)
    matches: dict[int, Waiver] = {}
    for at, finding in enumerate(findings):
        candidates = [waiver for name in dict.fromkeys(names_of(finding)) for waiver in named.get(name, ())]
        fitting = [waiver for waiver in candidates if is_about(waiver, finding, checks)]
        if fitting:
            matches[at] = max(fitting, key=_sort_key)
    if by_key:
        matches.update(_match_known(findings, by_key, content, checks, matches))
    return matches


def is_about(waiver: Waiver, finding: Finding, checks: DeclaredChecks) -> bool:
    """Returns whether a waiver (not a record of the baseline) applies to a finding, whatever the day."""
    if waiver.rule not in names_of(finding) or why_never(finding, checks) is not None:
        return False
    # A finding that is waived already (a secret, by its own file) needs no second record.
    if finding.status is Status.WAIVED or waiver.unknown != (finding.status is Status.UNKNOWN):
        return False
    return waiver.reaches(finding.stack or "", finding.address or "", finding.path or "")


def names_of(finding: Finding) -> tuple[str, ...]:
    """Returns the names of a finding: its own rule, those of tools that agree, and their family."""
    return (finding.rule, *finding.also, *((finding.family,) if finding.family else ()))


def key_of(finding: Finding, content: Content, checks: DeclaredChecks, in_baseline: Container[Key] = ()) -> Key | None:
    """Returns the key of a finding in the baseline, which stays the same; None where no baseline can contain it.

    The place is the address where a stack is known, else the file and the content of the line. If several tools agree,
    the name is their family, because another one of them can report it next time; a name in the baseline goes first.
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
    return next((key for key in keys if key in in_baseline), (usual, *place))


def _match_known(
    findings: Sequence[Finding],
    by_key: Mapping[Key, Waiver],
    content: Content,
    checks: DeclaredChecks,
    taken: Mapping[int, Waiver],
) -> Mapping[int, Waiver]:
    rules = {key[0] for key in by_key}
    keys = {
        at: key
        for at, finding in enumerate(findings)
        if at not in taken
        and not rules.isdisjoint(names_of(finding))
        and (key := key_of(finding, content, checks, by_key)) in by_key
    }
    # Equal findings cannot be distinguished: always the same ones are treated as known.
    ordered = sorted(keys, key=lambda at: (not findings[at].blocks, findings[at].line, repr(findings[at])))
    used: Counter[Key] = Counter()
    families = {}
    for at in ordered:
        key = keys[at]
        assert key is not None
        if used[key] < by_key[key].count:
            used[key] += 1
            families[at] = by_key[key]
    return families


def _sort_key(waiver: Waiver) -> tuple[object, ...]:
    """Returns a total order, so that the same one of several records is used whatever their order."""
    who = (waiver.owner, waiver.reason, waiver.ticket, waiver.granted.isoformat(), waiver.source, waiver.line)
    return (waiver.expires, not waiver.is_baseline, waiver.count, *waiver.key, *who)


def _as_left(finding: Finding, counts: Waiver | None, ended: Waiver | None, offered: Waiver | None) -> Finding:
    if counts is not None:
        gone = "" if offered is not None else "; this change removes that waiver"
        return replace(finding, status=Status.WAIVED, waiver=counts, note=f"{words(counts)}{gone}")
    if offered is not None:
        at = f"{offered.source}:{offered.line}"
        note = f"waived by a waiver that this change proposes ({at}), once it is merged"
        return replace(finding, note=note)
    if ended is not None:
        note = f"the waiver of {ended.owner} expired on {ended.expires} ({ended.source}:{ended.line})"
        return replace(finding, note=note)
    return finding


def words(waiver: Waiver) -> str:
    """Returns the owner, the expiry date and the reason of a waiver, in one line."""
    ticket = f" ({waiver.ticket})" if waiver.ticket else ""
    since = f"known from the baseline since {waiver.since}, " if waiver.is_baseline else ""
    return f"{since}waived by {waiver.owner} until {waiver.expires}: {' '.join(waiver.reason.split())}{ticket}"
