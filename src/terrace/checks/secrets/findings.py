"""Leaks -> findings: one for a secret in a file, with its current place or the commit that still has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.families import LEAKED
from terrace.checks.secrets.baseline import Accepted, Baseline
from terrace.checks.secrets.model import Leak
from terrace.checks.secrets.patch import Patch

RULE = "secrets"
REVOKE = "revoke it where it was issued, then remove it from the commits too; or have an owner accept it in"
NOT_YET = "remove it before it is committed; or have an owner accept it in"

Whence = Callable[[str], str]
"""The origin of a leak, by its commit: `was added by commit 1234567`."""


def with_commits(commit: str) -> str:
    """Returns that the commit added the secret."""
    return f"was added by commit {commit[:7]}"


def is_in_file(commit: str) -> str:
    """Returns that the secret is in the files; the commit that added it was not searched for."""
    return "is in the file"


UNCOMMITTED = "is in the working tree, and is not committed yet"


def secret_findings(
    leaks: Iterable[Leak],
    current: Iterable[Leak],
    baseline: Baseline,
    today: date,
    path: str,
    whence: Whence = with_commits,
) -> tuple[Finding, ...]:
    """Returns a finding for each secret of a file, the worst first. `current` are those in the newest files.

    Accepted secrets are waived until their expiry date; `path` is the file that accepts them.
    """
    now = {(leak.fingerprint, leak.path): leak for leak in current}
    first: dict[tuple[str, str], Leak] = {}
    for leak in leaks:
        first.setdefault((leak.fingerprint, leak.path), leak)
    findings = [
        _finding(leak, now.get(key), baseline.accepted.get(leak.fingerprint), today, path, whence)
        for key, leak in first.items()
    ]
    return tuple(sorted(findings, key=lambda f: (-f.severity, f.path or "", f.line)))


def _finding(
    leak: Leak, current: Leak | None, accepted: Accepted | None, today: date, path: str, whence: Whence
) -> Finding:
    where = f"commit {leak.commit[:7]}"
    if not leak.path:
        message = f"{leak.kind.title} ({leak.looks}) is in the message of {where}"
    elif current is None:
        message = f"{leak.kind.title} ({leak.looks}) is in {where}; a later commit removes it, and history keeps it"
    else:
        message = f"{leak.kind.title} ({leak.looks}) {whence(leak.commit)}"
    status, note = Status.FAIL, ""
    fix: str | None = f"{NOT_YET if whence(leak.commit) == UNCOMMITTED else REVOKE} {path}"
    if accepted is not None:
        if today <= accepted.until:
            status, fix = Status.WAIVED, None
            note = f"waived by {accepted.owner} until {accepted.until}: {' '.join(accepted.reason.split())}"
        else:
            note = f"the waiver of {accepted.owner} expired on {accepted.until} ({path}:{accepted.line})"
    return Finding(
        rule=RULE,
        severity=leak.kind.severity,
        status=status,
        tool="terrace",
        message=f"{message} [{leak.fingerprint}]",
        path=leak.path or None,
        line=(current or leak).line,
        fix=fix,
        note=note,
        family=LEAKED,
    )


def partial_scan_findings(patches: Iterable[Patch]) -> tuple[Finding, ...]:
    """Returns a finding of status unknown for each file of which only a part was scanned."""
    message = "is too large: its end was not scanned for secrets"
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
"""The finding where not every commit is in the clone."""


def more_accepted(old: Baseline, new: Baseline, path: str) -> tuple[Finding, ...]:
    """Returns a finding for each secret that a change starts to accept, or accepts for longer."""
    fix = "revert it, or merge it separately, after a review by an owner"
    findings = []
    for fingerprint, accepted in new.accepted.items():
        accepted_before = old.accepted.get(fingerprint)
        if accepted_before is not None and accepted.until <= accepted_before.until:
            continue
        word = "for longer" if accepted_before is not None else "a secret"
        message = (
            f"this change accepts {word}: {fingerprint} until {accepted.until} ({accepted.owner}: {accepted.reason})"
        )
        findings.append(
            Finding(RULE, Severity.HIGH, Status.FAIL, "terrace", message, path=path, line=accepted.line, fix=fix)
        )
    return tuple(findings)
