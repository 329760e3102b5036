"""Skip comments for scanners: those that a change adds are ignored, those already accepted apply."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from terrace.assess.model import Finding, Status
from terrace.checks.scanners.all import SCANNERS
from terrace.checks.scanners.output import describe_excuse
from terrace.waivers.comments import Skip

_EXCUSE = re.compile(b"|".join(scanner.comment for scanner in SCANNERS.values() if scanner.comment), re.IGNORECASE)


def disable_new_excuses(content: bytes, accepted: bytes) -> bytes:
    """Returns the content with every such comment disabled that `accepted`, the previous content, has less often.

    Lines keep their numbers.
    """
    if not _EXCUSE.search(content):
        return content
    remaining = Counter(line.strip() for line in accepted.splitlines() if _EXCUSE.search(line))
    return b"".join(_line(line, remaining) for line in content.splitlines(keepends=True))


def apply_excuses(finding: Finding, skips: Iterable[Skip], blocks: Iterable[tuple[str, int]]) -> Finding:
    """Returns the finding, waived where an accepted comment inside one of these blocks skips its rule.

    `blocks` are the file and first line of the block of the resource and of each module call above it: checkov reads
    comments in both when it scans sources, and none when it scans a plan.
    """
    starts = set(blocks)
    for skip in skips:
        is_inside = skip.line >= skip.first and (skip.path, skip.first) in starts
        if is_inside and finding.status is Status.FAIL and finding.rule == f"{skip.tool}.{skip.rule}":
            return replace(finding, status=Status.WAIVED, message=f"{finding.message}{describe_excuse(skip.reason)}")
    return finding


def _line(line: bytes, remaining: Counter[bytes]) -> bytes:
    if not _EXCUSE.search(line):
        return line
    key = line.strip()
    if remaining[key] > 0:
        remaining[key] -= 1
        return line
    return _EXCUSE.sub(lambda match: match[0][:-1] + b"_", line)
