"""Leaks -> findings: one for a secret in a file, with the place where it is now or the commit that still has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.families import LEAKED
from terrace.checks.secrets.baseline import Accepted, Baseline
from terrace.checks.secrets.model import Leak
from terrace.checks.secrets.patch import Patch

RULE = "secrets"
REVOKE = "revoke it where it was issued, then take it out of the commits too; or have an owner accept it in"
NOT_YET = "take it out before it is committed; or have an owner accept it in"

Whence = Callable[[str], str]
"""How it came there, by the commit of a leak: `came with commit 1234567`."""


def with_commits(commit: str) -> str:
    """It came with that commit."""
    return f"came with commit {commit[:7]}"


def standing(commit: str) -> str:
    """It stands there; who brought it was not looked for."""
    return "stands there"


UNCOMMITTED = "stands in the working tree, and is not committed yet"


def told(
    leaks: Iterable[Leak],
    there: Iterable[Leak],
    baseline: Baseline,
    today: date,
    path: str,
    whence: Whence = with_commits,
) -> tuple[Finding, ...]:
    """A finding for every secret of a file, worst first. `there` are those that stand in the newest files.

    What the baseline accepts is waived until its day; `path` is the baseline's own.
    """
    now = {(leak.fingerprint, leak.path): leak for leak in there}
    first: dict[tuple[str, str], Leak] = {}
    for leak in leaks:
        first.setdefault((leak.fingerprint, leak.path), leak)
    found = [
        _finding(leak, now.get(key), baseline.accepted.get(leak.fingerprint), today, path, whence)
        for key, leak in first.items()
    ]
    return tuple(sorted(found, key=lambda f: (-f.severity, f.path or "", f.line)))


def _finding(
    leak: Leak, here: Leak | None, accepted: Accepted | None, today: date, path: str, whence: Whence
) -> Finding:
    where = f"commit {leak.commit[:7]}"
    if not leak.path:
        message = f"{leak.kind.title} ({leak.looks}) stands in the message of {where}"
    elif here is None:
        message = f"{leak.kind.title} ({leak.looks}) stands in {where}; a later commit removes it, and history keeps it"
    else:
        message = f"{leak.kind.title} ({leak.looks}) {whence(leak.commit)}"
    status, note = Status.FAIL, ""
    fix: str | None = f"{NOT_YET if whence(leak.commit) == UNCOMMITTED else REVOKE} {path}"
    if accepted is not None:
        if today <= accepted.until:
            status, fix = Status.WAIVED, None
            note = f"waived by {accepted.owner} until {accepted.until}: {' '.join(accepted.reason.split())}"
        else:
            note = f"the waiver of {accepted.owner} ended on {accepted.until} ({path}:{accepted.line})"
    return Finding(
        rule=RULE,
        severity=leak.kind.severity,
        status=status,
        tool="terrace",
        message=f"{message} [{leak.fingerprint}]",
        path=leak.path or None,
        line=(here or leak).line,
        fix=fix,
        note=note,
        family=LEAKED,
    )


def unlooked(patches: Iterable[Patch]) -> tuple[Finding, ...]:
    """A finding of status unknown for every file of which only a part was looked at."""
    message = "is too large: the end of it was not looked at for secrets"
    paths = dict.fromkeys(patch.path for patch in patches if not patch.whole)
    return tuple(
        Finding(
            RULE, Severity.HIGH, Status.UNKNOWN, "terrace", f"{path} {message}", path=path, fix="keep it out of Git"
        )
        for path in paths
    )


COMMITS_MISSING = Finding(
    RULE,
    Severity.HIGH,
    Status.UNKNOWN,
    "terrace",
    "this clone is shallow and lacks commits: a secret that one of them adds and a later one removes is not seen",
    fix="git fetch --unshallow",
)
"""What is told where not every commit is in the clone."""


def more_accepted(old: Baseline, new: Baseline, path: str) -> tuple[Finding, ...]:
    """A finding for every secret that a change begins to accept, or accepts for longer: the count may only fall."""
    fix = "take it back, or have an owner merge it on its own"
    found = []
    for fingerprint, accepted in new.accepted.items():
        known = old.accepted.get(fingerprint)
        if known is not None and accepted.until <= known.until:
            continue
        word = "for longer" if known is not None else "a secret"
        message = (
            f"this change accepts {word}: {fingerprint} until {accepted.until} ({accepted.owner}: {accepted.reason})"
        )
        found.append(
            Finding(RULE, Severity.HIGH, Status.FAIL, "terrace", message, path=path, line=accepted.line, fix=fix)
        )
    return tuple(found)
