"""Comments that ask to skip a rule -> findings, each with the record that can be written instead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from terrace.assess.model import Finding, Severity, Status
from terrace.assess.waiver import PATH, Waiver
from terrace.config.checks import DeclaredChecks
from terrace.waivers.comments import Skip
from terrace.waivers.judging import names_of
from terrace.waivers.never import why_rule_never
from terrace.waivers.reading import empty_reason
from terrace.waivers.writing import snippet

WHO = "NAME"
"""Placeholder for the owner of a proposed record."""

_PREFIXES = {"checkov": "checkov.", "trivy": "trivy.", "tfsec": "trivy.", "tflint": "tflint."}
"""Prefixes of the rules of each tool; trivy has the rules of tfsec."""

_INDEX = re.compile(r'\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]')


@dataclass(frozen=True, slots=True)
class Terms:
    """The day on which a proposed record is granted, and the longest time that it can be valid."""

    today: date
    longest: timedelta


def propose(
    skips: Iterable[Skip], findings: Sequence[Finding], terms: Terms, checks: DeclaredChecks
) -> tuple[Finding, ...]:
    """Returns a finding for each comment, except where a record already waives its rule there, or will.

    A comment that matches a finding proposes a record for the finding's address; else one for its file.
    """
    proposals = []
    for skip in skips:
        met = [finding for finding in findings if _met(skip, finding)]
        if not met or not all(finding.note for finding in met):
            proposals.append(_finding(skip, met, terms, checks))
    return tuple(proposals)


def _met(skip: Skip, finding: Finding) -> bool:
    """Returns whether a comment applies to a finding: to its rule, and to its block or lines."""
    names = [name.lower() for name in names_of(finding)]
    if not skip.wide and skip.rule.lower() not in [*names, *(name.removeprefix(f"{skip.tool}.") for name in names)]:
        return False
    if finding.path is not None and finding.path != skip.path:
        return False
    if skip.resource and finding.address:
        address = _INDEX.sub("", finding.address)
        return address == skip.resource or address.endswith(f".{skip.resource}")
    if finding.path is None:
        return False
    return skip.last == 0 or not finding.line or skip.first <= finding.line <= skip.last


def _finding(skip: Skip, met: Sequence[Finding], terms: Terms, checks: DeclaredChecks) -> Finding:
    never = why_rule_never(skip.rule, checks)
    text = f"a comment asks to skip {skip.rule} ({skip.tool}); a comment alone waives nothing"
    if skip.reason:
        text += f": {skip.reason}"
    record = None if skip.wide or never is not None else _record(skip, met, terms)
    if record is not None:
        fix = _command(record)
    elif never is not None:
        fix = f"remove it: {never}"
    else:
        fix = "name the rule: a waiver is for one rule"
    return Finding(
        "skip-comment",
        Severity.INFO,
        Status.FAIL,
        "terrace",
        text,
        path=skip.path,
        line=skip.line,
        detail=f"# {PATH}\n{snippet(record)}" if record is not None else "",
        fix=fix,
        advisory=True,
    )


def _record(skip: Skip, met: Sequence[Finding], terms: Terms) -> Waiver:
    """Returns the record that a comment asks for. For several stacks it names none, for several instances any index."""
    addresses = {finding.address for finding in met if finding.address}
    stacks = {finding.stack or "" for finding in met}
    if len(addresses) > 1:
        addresses = {_INDEX.sub("[*]", address) for address in addresses if address}
    address = next(iter(addresses)) if len(addresses) == 1 and all(f.address for f in met) else ""
    last = terms.today + terms.longest
    return Waiver(
        rule=met[0].rule if met else f"{_PREFIXES.get(skip.tool, '')}{skip.rule}",
        owner=WHO,
        reason=skip.reason if not empty_reason(skip.reason) else "WHY",
        granted=terms.today,
        expires=max(terms.today, min(last, skip.until)) if skip.until else last,
        address=address or "",
        path="" if address else skip.path,
        stack=next(iter(stacks)) if len(stacks) == 1 else "",
        unknown=bool(met) and all(finding.status is Status.UNKNOWN for finding in met),
    )


def _command(record: Waiver) -> str:
    place = [record.address] if record.address else ["--path", record.path]
    words = ["terrace", "waive", record.rule, *place]
    words += ["--stack", record.stack] if record.stack else []
    words += ["--owner", record.owner, "--reason", record.reason, "--until", record.expires.isoformat()]
    return shlex.join([*words, *(["--unknown"] if record.unknown else [])])
