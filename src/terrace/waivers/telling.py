"""What is to say of the records themselves: they end, they ended, they are about nothing, there are more of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from terrace.assess.model import Finding, Severity, Status
from terrace.assess.waiver import BASELINE, Waiver
from terrace.config.checks import DeclaredChecks
from terrace.waivers.judging import Content, Waivers, matched
from terrace.waivers.never import PLANNING, is_blind, is_single
from terrace.words import plural

SOON = timedelta(days=14)
"""How long before its end a waiver is told."""

RENEW = "mend what it waives, or have its owner grant it anew; else take the record out"


def dated(
    findings: Sequence[Finding], waivers: Waivers, today: date, content: Content, checks: DeclaredChecks
) -> tuple[Finding, ...]:
    """A finding for every record of the change that ended, or ends soon; those of the baseline by their day.

    One that ended holds the change only where what it waived was found; elsewhere it is told.
    """
    ended = [w for w in waivers.offered if w.ended(today)]
    ending = [w for w in waivers.offered if w.holds(today) and w.expires - today <= SOON]
    speaking = {w.key for at, w in matched(findings, ended, content, checks).items() if findings[at].blocks}
    found = [_expired(group, any(w.key in speaking for w in group)) for group in _grouped(ended)]
    return (*found, *(_ends(group, today) for group in _grouped(ending)))


def unused(judged: Iterable[Finding], waivers: Waivers, today: date, checks: DeclaredChecks) -> tuple[Finding, ...]:
    """A finding for every record that judges and is about nothing any more, by findings that `waive` has judged.

    Only for a look at everything that is there.
    """
    findings = [_as_found(finding) for finding in judged]
    idle = idle_records(findings, [w for w in waivers.judging if w.holds(today)], _content_of_record, checks)
    return tuple(_unused(group) for group in _grouped(idle))


def _as_found(finding: Finding) -> Finding:
    if finding.waiver is None:
        return finding
    return replace(finding, status=Status.UNKNOWN if finding.waiver.unknown else Status.FAIL)


def _content_of_record(finding: Finding) -> str:
    return finding.waiver.content if finding.waiver is not None else ""


def idle_records(
    findings: Sequence[Finding], records: Sequence[Waiver], content: Content, checks: DeclaredChecks
) -> list[Waiver]:
    """The records that are about no finding, without those that may be about one that could not be found."""
    busy = {(w.source, w.key) for w in matched(findings, (w for w in records if not w.known), content, checks).values()}
    busy |= {(w.source, w.key) for w in matched(findings, (w for w in records if w.known), content, checks).values()}
    blind = blind_to(findings, checks)
    return [w for w in records if (w.source, w.key) not in busy and not blind(w)]


def blind_to(findings: Iterable[Finding], checks: DeclaredChecks) -> Callable[[Waiver], bool]:
    """Tells what a record may be about though nothing was found: its stack has no whole plan, or its tool broke.

    A check of one rule that could not be made says so of that rule alone, where it names a file of that folder; a tool
    of many rules says so of every rule that is not such a check's.
    """
    unseen = [finding for finding in findings if is_blind(finding, checks)]

    def blind(waiver: Waiver) -> bool:
        return any(_hides(finding, waiver, checks) for finding in unseen)

    return blind


def _hides(finding: Finding, waiver: Waiver, checks: DeclaredChecks) -> bool:
    if finding.stack and waiver.stack and finding.stack != waiver.stack:
        return False
    if finding.rule in PLANNING:
        return True
    if is_single(finding.rule, checks):
        near = not finding.path or not waiver.path or _folder(finding.path) == _folder(waiver.path)
        return waiver.rule == finding.rule and near
    return not is_single(waiver.rule, checks)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def more_waived(waivers: Waivers) -> tuple[Finding, ...]:
    """A finding of the trust root for every record that a change adds, widens or prolongs; one for all of the
    baseline, whose count may only fall."""
    known = {w.key: w for w in sorted(waivers.judging, key=lambda w: (w.expires, w.count)) if w.known}
    named: dict[str, list[Waiver]] = {}
    for old in waivers.judging:
        if not old.known:
            named.setdefault(old.rule, []).append(old)
    added = []
    for new in waivers.offered:
        likes = [*named.get(new.rule, ()), *([known[new.key]] if new.known and new.key in known else ())]
        if not any(_covers(old, new) for old in likes):
            added.append(new)
    before = {(w.source, w.key) for w in waivers.judging}
    return tuple(_more(group, (group[0].source, group[0].key) in before) for group in _grouped(added, by_day=False))


def _covers(old: Waiver, new: Waiver) -> bool:
    """Whether what a record waives, and for how long, was waived so before: by a waiver as wide, or by the baseline."""
    if old.expires < new.expires or old.unknown != new.unknown:
        return False
    if old.known:
        return old.count >= new.count
    exact = "*" not in new.address + new.path
    return old.key == new.key or (exact and old.reaches(new.stack, new.address, new.path))


def _grouped(waivers: Sequence[Waiver], *, by_day: bool = True) -> list[list[Waiver]]:
    """Each alone, but those of the baseline together: there may be hundreds."""
    groups: dict[object, list[Waiver]] = {}
    for at, waiver in enumerate(waivers):
        groups.setdefault(((waiver.expires if by_day else None) if waiver.known else at), []).append(waiver)
    return list(groups.values())


def _named(group: Sequence[Waiver]) -> str:
    first = group[0]
    if first.known:
        return f"{plural(len(group), 'record')} of {BASELINE}"
    return f"the waiver of {first.owner} for {first.about}"


def _expired(group: Sequence[Waiver], speaks: bool) -> Finding:
    what = "what it waived speaks again" if len(group) == 1 else "what they waived speaks again"
    return _finding(
        "waiver-expired",
        Severity.MEDIUM,
        f"{_named(group)} ended on {group[0].expires}: {what}",
        group[0],
        RENEW,
        advisory=not speaks,
    )


def _ends(group: Sequence[Waiver], today: date) -> Finding:
    days = (group[0].expires - today).days
    when = "today" if days == 0 else "tomorrow" if days == 1 else f"in {plural(days, 'day')}"
    ends = "ends" if len(group) == 1 else "end"
    return _finding("waiver-ends", Severity.INFO, f"{_named(group)} {ends} {when}", group[0], RENEW, advisory=True)


def _unused(group: Sequence[Waiver]) -> Finding:
    known = group[0].known
    verb = "is" if len(group) == 1 else "are"
    fix = "run `terrace baseline`" if known else "take the record out"
    message = f"{_named(group)} {verb} about nothing any more"
    return _finding("waiver-unused", Severity.INFO, message, group[0], fix, advisory=True)


def _more(group: Sequence[Waiver], before: bool) -> Finding:
    first = group[0]
    if first.known:
        message = f"this change adds, widens or prolongs {_named(group)}"
    elif before:
        message = f"this change prolongs {_named(group)} to {first.expires}"
    else:
        message = f"this change adds {_named(group)}, until {first.expires}: {' '.join(first.reason.split())}"
    fix = "take it back, or have an owner merge it on its own: it counts for whatever comes after it"
    return _finding("trust-root", Severity.HIGH, message, first, fix, advisory=False)


def _finding(rule: str, severity: Severity, message: str, at: Waiver, fix: str, *, advisory: bool) -> Finding:
    return Finding(
        rule,
        severity,
        Status.FAIL,
        "terrace",
        message,
        path=at.source,
        line=at.line,
        fix=fix,
        advisory=advisory,
    )
