"""Comments that tell scanners to look away: those that a change brings do not count, those already accepted do."""

from __future__ import annotations

import re
from collections import Counter

_EXCUSE = re.compile(
    rb"(checkov|bridgecrew|cortex)(:)(?=skip)|(trivy|tfsec)(:)(?=ignore)|(tflint)(-)(?=ignore)|(gitleaks)(:)(?=allow)"
    rb"|(trufflehog)(:)(?=ignore)",
    re.IGNORECASE,
)


def unexcused(content: bytes, accepted: bytes) -> bytes:
    """The content with every such comment unmade that `accepted`, the same file as it was, does not have as often.

    Lines stay where they are.
    """
    if not _EXCUSE.search(content):
        return content
    left = Counter(line.strip() for line in accepted.splitlines() if _EXCUSE.search(line))
    return b"".join(_line(line, left) for line in content.splitlines(keepends=True))


def _line(line: bytes, left: Counter[bytes]) -> bytes:
    if not _EXCUSE.search(line):
        return line
    key = line.strip()
    if left[key] > 0:
        left[key] -= 1
        return line
    return _EXCUSE.sub(lambda match: match[0][:-1] + b"_", line)
