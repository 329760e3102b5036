"""The baseline: records of findings that existed before Terrace checked them. Their number only falls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from terrace.assess.model import Finding, Status
from terrace.assess.waiver import BASELINE, Waiver
from terrace.config.checks import DeclaredChecks
from terrace.waivers.judging import Content, Key, key_of, names_of
from terrace.waivers.never import is_blind, why_never
from terrace.waivers.telling import blind_to


@dataclass(frozen=True, slots=True)
class Grant:
    """The owner of new records of the baseline, the reason, and the days from which and until which they are valid."""

    owner: str
    reason: str
    granted: date
    expires: date


@dataclass(frozen=True, slots=True)
class Renewed:
    """A renewed baseline: its `records`, those that are `gone`, how many findings were added and were known `before`.

    `fresh` are findings that it does not cover (any more) and could cover. `outside` are those that no baseline covers,
    each with the reason. Both block. `blind` are findings that something could not be checked: its records are kept.
    """

    records: tuple[Waiver, ...]
    gone: tuple[Waiver, ...]
    came: int
    before: int
    fresh: tuple[Finding, ...]
    outside: tuple[tuple[Finding, str], ...]
    blind: tuple[Finding, ...]

    @property
    def count(self) -> int:
        """How many findings it covers."""
        return sum(record.count for record in self.records)


class Everything:
    """A container of every rule, for the first baseline."""

    def __contains__(self, _: object) -> bool:
        return True


def renew(
    findings: Sequence[Finding],
    previous: Iterable[Waiver],
    accept: Container[str],
    grant: Grant,
    content: Content,
    checks: DeclaredChecks,
) -> Renewed:
    """Returns the baseline for these findings.

    Records without a finding are removed. Only findings of rules in `accept` are added, or renewed where their record
    has expired. A finding that does not block needs no record.
    """
    before = {record.key: record for record in previous}
    keys = [key_of(finding, content, checks, before) for finding in findings]
    counts = Counter(key for key in keys if key is not None)
    holding = Counter(key for key, f in zip(keys, findings, strict=True) if key is not None and f.blocks)
    blind = blind_to(findings, checks)
    named = {key for key, f in zip(keys, findings, strict=True) if any(name in accept for name in names_of(f))}
    records = {}
    for key, record in before.items():
        number_left = record.count if blind(record) else min(record.count, counts[key])
        if number_left:
            anew = key in named and record.has_expired(grant.granted)
            records[key] = (
                _again(replace(record, count=number_left), grant) if anew else replace(record, count=number_left)
            )
    came = 0
    for key, number in holding.items():
        have = records[key].count if key in records else 0
        if key in named and number > have:
            records[key] = _record(key, number, grant, records.get(key))
            came += number - have
    room = Counter({key: record.count for key, record in records.items() if not record.has_expired(grant.granted)})
    return Renewed(
        records=tuple(records.values()),
        gone=tuple(record for key, record in before.items() if key not in records),
        came=came,
        before=sum(record.count for record in before.values()),
        fresh=_find_uncovered(findings, keys, room),
        outside=tuple(
            (finding, why_never(finding, checks) or "it names no place")
            for finding, key in zip(findings, keys, strict=True)
            if key is None and _blocks(finding)
        ),
        blind=tuple(finding for finding in findings if is_blind(finding, checks) and finding.blocks),
    )


def _blocks(finding: Finding) -> bool:
    return finding.blocks and finding.status is not Status.WAIVED


def _find_uncovered(findings: Sequence[Finding], keys: Sequence[Key | None], room: Counter[Key]) -> tuple[Finding, ...]:
    uncovered = []
    for finding, key in zip(findings, keys, strict=True):
        if key is None or not finding.blocks:
            continue
        room[key] -= 1
        if room[key] < 0:
            uncovered.append(finding)
    return tuple(uncovered)


def _again(record: Waiver, grant: Grant) -> Waiver:
    return replace(record, owner=grant.owner, reason=grant.reason, granted=grant.granted, expires=grant.expires)


def _record(key: Key, count: int, grant: Grant, old: Waiver | None) -> Waiver:
    rule, stack, address, path, content, unknown = key
    return Waiver(
        rule=rule,
        owner=grant.owner,
        reason=grant.reason,
        granted=grant.granted,
        expires=grant.expires,
        address=address,
        path=path,
        stack=stack,
        unknown=unknown,
        since=old.since if old is not None else grant.granted,
        content=content,
        count=count,
        source=BASELINE,
    )
