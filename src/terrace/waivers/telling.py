"""Findings about the records themselves: they expire, they have expired, they apply to nothing, a change adds some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from terrace.assess.model import Finding, Severity, Status
from terrace.assess.waiver import BASELINE, Waiver
from terrace.config.checks import DeclaredChecks
from terrace.waivers.judging import Content, Waivers, match_waivers
from terrace.waivers.never import PLANNING, is_blind, is_single
from terrace.words import plural

SOON = timedelta(days=14)
"""Time before its expiry from which a waiver is reported."""

RENEW = "fix the finding, or ask its owner to renew it; otherwise remove the record"


def find_expiring(
    findings: Sequence[Finding], waivers: Waivers, today: date, content: Content, checks: DeclaredChecks
) -> tuple[Finding, ...]:
    """Returns a finding for each record of the change that has expired, or expires soon; the baseline's one for a day.

    An expired record blocks the change only where the finding that it waived was found; elsewhere it is advisory.
    """
    ended = [w for w in waivers.offered if w.has_expired(today)]
    ending = [w for w in waivers.offered if w.holds(today) and w.expires - today <= SOON]
    speaking = {w.key for at, w in match_waivers(findings, ended, content, checks).items() if findings[at].blocks}
    ended_findings = [_expired_finding(group, any(w.key in speaking for w in group)) for group in _group(ended)]
    return (*ended_findings, *(_ends(group, today) for group in _group(ending)))


def find_unused(
    judged: Iterable[Finding], waivers: Waivers, today: date, checks: DeclaredChecks
) -> tuple[Finding, ...]:
    """Returns a finding for each valid record that applies to none of the findings, as `waive` returned them.

    Only for audits of everything.
    """
    findings = [_as_found(finding) for finding in judged]
    idle = idle_records(findings, [w for w in waivers.judging if w.holds(today)], _content_of_record, checks)
    return tuple(_unused_finding(group) for group in _group(idle))


def _as_found(finding: Finding) -> Finding:
    if finding.waiver is None:
        return finding
    return replace(finding, status=Status.UNKNOWN if finding.waiver.unknown else Status.FAIL)


def _content_of_record(finding: Finding) -> str:
    return finding.waiver.content if finding.waiver is not None else ""


def idle_records(
    findings: Sequence[Finding], records: Sequence[Waiver], content: Content, checks: DeclaredChecks
) -> list[Waiver]:
    """Returns the records that apply to no finding, except where a finding could have been missed."""
    busy = {
        (w.source, w.key)
        for w in match_waivers(findings, (w for w in records if not w.is_baseline), content, checks).values()
    }
    busy |= {
        (w.source, w.key)
        for w in match_waivers(findings, (w for w in records if w.is_baseline), content, checks).values()
    }
    blind = blind_to(findings, checks)
    return [w for w in records if (w.source, w.key) not in busy and not blind(w)]


def blind_to(findings: Iterable[Finding], checks: DeclaredChecks) -> Callable[[Waiver], bool]:
    """Returns a predicate of records: whether their finding could have been missed.

    It could where the stack has no complete plan, and where a tool failed. A check with a single rule that could not
    run misses findings of that rule alone, in the folder of the file that it names; a tool with many rules misses every
    rule that is not of such a check.
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
    """Returns a finding of the trust root for each record that a change adds, widens or extends.

    The records of the baseline have one together: their number may only fall.
    """
    by_key = {w.key: w for w in sorted(waivers.judging, key=lambda w: (w.expires, w.count)) if w.is_baseline}
    named: dict[str, list[Waiver]] = {}
    for old in waivers.judging:
        if not old.is_baseline:
            named.setdefault(old.rule, []).append(old)
    added = []
    for new in waivers.offered:
        likes = [*named.get(new.rule, ()), *([by_key[new.key]] if new.is_baseline and new.key in by_key else ())]
        if not any(_covers(old, new) for old in likes):
            added.append(new)
    before = {(w.source, w.key) for w in waivers.judging}
    return tuple(_more(group, (group[0].source, group[0].key) in before) for group in _group(added, by_day=False))


def _covers(old: Waiver, new: Waiver) -> bool:
    """Returns whether an old record waives as much, for as long: a waiver as wide, or the baseline."""
    if old.expires < new.expires or old.unknown != new.unknown:
        return False
    if old.is_baseline:
        return old.count >= new.count
    exact = "*" not in new.address + new.path
    return old.key == new.key or (exact and old.reaches(new.stack, new.address, new.path))


def _group(waivers: Sequence[Waiver], *, by_day: bool = True) -> list[list[Waiver]]:
    """Returns each record alone, but those of the baseline together: there can be hundreds."""
    groups: dict[object, list[Waiver]] = {}
    for at, waiver in enumerate(waivers):
        groups.setdefault(((waiver.expires if by_day else None) if waiver.is_baseline else at), []).append(waiver)
    return list(groups.values())


def _name(group: Sequence[Waiver]) -> str:
    first = group[0]
    if first.is_baseline:
        return f"{plural(len(group), 'record')} of {BASELINE}"
    return f"the waiver of {first.owner} for {first.about}"


def _expired_finding(group: Sequence[Waiver], speaks: bool) -> Finding:
    consequence = f"the findings that {'it' if len(group) == 1 else 'they'} waived count again"
    return _finding(
        "waiver-expired",
        Severity.MEDIUM,
        f"{_name(group)} expired on {group[0].expires}: {consequence}",
        group[0],
        RENEW,
        advisory=not speaks,
    )


def _ends(group: Sequence[Waiver], today: date) -> Finding:
    days = (group[0].expires - today).days
    when = "today" if days == 0 else "tomorrow" if days == 1 else f"in {plural(days, 'day')}"
    ends = "expires" if len(group) == 1 else "expire"
    return _finding("waiver-ends", Severity.INFO, f"{_name(group)} {ends} {when}", group[0], RENEW, advisory=True)


def _unused_finding(group: Sequence[Waiver]) -> Finding:
    is_baseline = group[0].is_baseline
    verb = "is" if len(group) == 1 else "are"
    fix = "run `terrace baseline`" if is_baseline else "remove the record"
    message = f"{_name(group)} {verb} no longer needed: nothing was found there"
    return _finding("waiver-unused", Severity.INFO, message, group[0], fix, advisory=True)


def _more(group: Sequence[Waiver], before: bool) -> Finding:
    first = group[0]
    if first.is_baseline:
        message = f"this change adds, widens or extends {_name(group)}"
    elif before:
        message = f"this change extends {_name(group)} to {first.expires}"
    else:
        message = f"this change adds {_name(group)}, until {first.expires}: {' '.join(first.reason.split())}"
    fix = "revert it, or merge it separately, after a review by an owner: it applies only to later changes"
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
