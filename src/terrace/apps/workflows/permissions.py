"""The permissions of commands on GitHub, from which those of the generated jobs are derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Level = Literal["read", "write"]

_READS: Mapping[str, Level] = {"contents": "read"}
_RECORDS: Mapping[str, Level] = {"contents": "write"}
_PLANS: Mapping[str, Level] = {"contents": "read", "id-token": "write"}
_ANSWERS: Mapping[str, Level] = {"contents": "write", "issues": "write", "pull-requests": "write"}
_OBSERVES: Mapping[str, Level] = {"contents": "write", "id-token": "write"}
_TRACKS: Mapping[str, Level] = {**_OBSERVES, "issues": "write"}
_DEPLOYS: Mapping[str, Level] = {**_ANSWERS, "id-token": "write", "actions": "read", "deployments": "write"}

COMMANDS: Mapping[str, Mapping[str, Level]] = {
    "approve": _DEPLOYS,
    "chatops": {**_ANSWERS, "actions": "write"},
    "chatops --act": _DEPLOYS,
    "check": _READS,
    "check --all": _TRACKS,
    "check --static": _READS,
    "check --publish": {**_READS, "pull-requests": "write", "checks": "write", "security-events": "write"},
    "deploy": _DEPLOYS,
    "destroy": _DEPLOYS,
    "drift look": _TRACKS,
    "impact": _READS,
    "plan": _PLANS,
    "promote": _DEPLOYS,
    "report": _READS,
    "resume": _DEPLOYS,
    "rollback": _DEPLOYS,
    "scan": _READS,
    "state backup": _OBSERVES,
    "status": _READS,
    "tick": _DEPLOYS,
    "tick --checks": _TRACKS,
    "tick --due": {**_READS, "issues": "read", "pull-requests": "read"},
    "tools install": _READS,
}
"""The commands of the generated jobs, each with the permissions that the token of its job needs. A command with an
option that changes them has an entry of its own."""

ACTIONS: Mapping[str, Mapping[str, Level]] = {"github/codeql-action/upload-sarif": {"security-events": "write"}}
"""Actions of others that need more than the permission to read the repository."""

REASONS: Mapping[tuple[str, Level], str] = {
    ("actions", "read"): "which run requested a deployment",
    ("actions", "write"): "a requested check runs again",
    ("checks", "write"): "the verdict, with annotations at lines",
    ("contents", "write"): "the ledger is a branch",
    ("deployments", "write"): "what is deployed where, on the repository's page",
    ("id-token", "write"): "for the cloud's short-lived credentials",
    ("issues", "read"): "whether the approvals on issues still exist",
    ("issues", "write"): "answers, and an issue for each problem",
    ("pull-requests", "read"): "whether the approvals on pull requests still exist",
    ("pull-requests", "write"): "comments on the pull request",
    ("security-events", "write"): "code scanning",
}
"""The reason for each permission, written into the workflow as a comment."""

JOBS: Mapping[str, tuple[str, ...]] = {
    "reading": ("status", "impact", "scan", "report"),
    "planning": ("deploy", "promote", "rollback", "destroy", "tick"),
    "applying": ("approve", "resume", "tick"),
    "plan of a change": ("plan",),
    "check of a change": ("check --publish", "check", "check --static"),
    "audit": ("check --all", "github/codeql-action/upload-sarif"),
    "drift": ("drift look",),
    "backup": ("state backup",),
    "due": ("tick --due",),
    "checks": ("tick --checks",),
    "hearing": ("chatops",),
    "acting": ("chatops --act",),
}
"""The kinds of generated jobs, each with the commands and actions that it runs."""


def combine_permissions(names: Iterable[str]) -> dict[str, Level]:
    """Returns the permissions that commands and actions need together, by scope in alphabetical order."""
    levels: dict[str, Level] = {}
    for name in names:
        for scope, level in {**COMMANDS, **ACTIONS}[name].items():
            if levels.get(scope) != "write":
                levels[scope] = level
    return dict(sorted(levels.items()))


def permission_blocks() -> Mapping[str, str]:
    """Returns the `permissions:` of every kind of job, by the name of its placeholder."""
    return {f"permissions of {job}": _block(combine_permissions(names)) for job, names in JOBS.items()}


def _block(levels: Mapping[str, Level]) -> str:
    lines = ["permissions:"]
    for scope, level in levels.items():
        reason = REASONS.get((scope, level))
        lines.append(f"  {scope}: {level} # {reason}" if reason else f"  {scope}: {level}")
    return "\n".join(lines) + "\n"
