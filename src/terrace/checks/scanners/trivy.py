"""The output of trivy for sources, from its JSON."""

from __future__ import annotations

import msgspec

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.families import family_of
from terrace.checks.scanners.heard import Known, decoded

TOOL = "trivy"


class Cause(msgspec.Struct, rename="pascal"):
    """The place of a misconfiguration."""

    resource: str = ""
    start_line: int = 0


class Misconfiguration(msgspec.Struct):
    """One misconfiguration."""

    id: str = msgspec.field(name="ID")
    title: str = msgspec.field(name="Title", default="")
    message: str = msgspec.field(name="Message", default="")
    resolution: str = msgspec.field(name="Resolution", default="")
    severity: str = msgspec.field(name="Severity", default="")
    status: str = msgspec.field(name="Status", default="FAIL")
    cause: Cause = msgspec.field(name="CauseMetadata", default_factory=Cause)


class Target(msgspec.Struct):
    """One file; its path is relative to the folder that trivy was given."""

    target: str = msgspec.field(name="Target")
    found: list[Misconfiguration] | None = msgspec.field(name="Misconfigurations", default=None)


class Report(msgspec.Struct):
    """The whole report. Without results there was nothing to scan."""

    schema: int = msgspec.field(name="SchemaVersion")
    results: list[Target] | None = msgspec.field(name="Results", default=None)


def of_sources(said: bytes, known: Known) -> tuple[Finding, ...]:
    """Returns findings by file and line."""
    report = decoded(TOOL, said, Report)
    return tuple(
        _finding(one, known(target.target))
        for target in report.results or ()
        for one in target.found or ()
        if one.status == "FAIL"
    )


def _finding(found: Misconfiguration, path: str | None) -> Finding:
    named = found.severity.upper()
    what = f"{found.cause.resource}: {found.title}" if found.cause.resource else found.title
    return Finding(
        rule=f"{TOOL}.{found.id}",
        severity=Severity[named] if named in Severity.__members__ else Severity.MEDIUM,
        status=Status.FAIL,
        tool=TOOL,
        message=what or found.message,
        path=path,
        line=max(found.cause.start_line, 0),
        detail=found.message,
        fix=found.resolution or None,
        family=family_of(TOOL, found.id),
    )
