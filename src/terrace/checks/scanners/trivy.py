"""trivy, which scans sources. Its JSON is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.families import family_of
from terrace.checks.scanners.output import decode
from terrace.checks.scanners.scanner import Call, KnownPath, ScanFolders, Scanner, Settings, SourceScan
from terrace.checks.scanners.yaml_settings import read_yaml
from terrace.checks.tools import Release, Tool

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


def read_sources(output: bytes, path_of: KnownPath) -> tuple[Finding, ...]:
    """Returns findings by file and line."""
    report = decode(TOOL, output, Report)
    return tuple(
        _finding(misconfiguration, path_of(target.target))
        for target in report.results or ()
        for misconfiguration in target.found or ()
        if misconfiguration.status == "FAIL"
    )


def _finding(misconfiguration: Misconfiguration, path: str | None) -> Finding:
    named = misconfiguration.severity.upper()
    message = (
        f"{misconfiguration.cause.resource}: {misconfiguration.title}"
        if misconfiguration.cause.resource
        else misconfiguration.title
    )
    return Finding(
        rule=f"{TOOL}.{misconfiguration.id}",
        severity=Severity[named] if named in Severity.__members__ else Severity.MEDIUM,
        status=Status.FAIL,
        tool=TOOL,
        message=message or misconfiguration.message,
        path=path,
        line=max(misconfiguration.cause.start_line, 0),
        detail=misconfiguration.message,
        fix=misconfiguration.resolution or None,
        family=family_of(TOOL, misconfiguration.id),
    )


def _call_on_sources(folders: ScanFolders) -> Call:
    settings = ("--config", folders.settings / "trivy.yaml", "--ignorefile", folders.settings / "trivyignore")
    # As variables: versions that do not know one of them ignore it.
    quiet = {"TRIVY_SKIP_CHECK_UPDATE": "true", "TRIVY_SKIP_VERSION_CHECK": "true", "TRIVY_DISABLE_TELEMETRY": "true"}
    return Call(("config", "--format", "json", "--quiet", *settings, "."), quiet)


def _settings(files: Mapping[str, bytes]) -> Settings:
    accepted: dict[str, Any] = {}
    ignored = []
    for key, value in read_yaml("trivy.yaml", files.get("trivy.yaml", b"")).items():
        if key == "severity":
            accepted[key] = value
        elif key == "scan" and isinstance(value, dict):
            accepted[key] = {inner: value[inner] for inner in ("skip-dirs", "skip-files") if inner in value}
            ignored += [f"scan.{inner}" for inner in value if inner not in accepted[key]]
        else:
            ignored.append(str(key))
    passed_on = {
        "trivy.yaml": json.dumps(accepted, default=str).encode(),
        "trivyignore": files.get(".trivyignore", b""),
    }
    return Settings(passed_on, tuple(("trivy.yaml", key) for key in ignored))


SCANNER = Scanner(
    tool=Tool(
        TOOL,
        "0.74.0",
        "finds insecure configuration in sources",
        "its rules are not checked",
        (
            Release(
                "https://github.com/aquasecurity/trivy/releases/download/v0.74.0",
                {
                    "linux_amd64": (
                        "trivy_0.74.0_Linux-64bit.tar.gz",
                        "2ae6fe3ee734b7fdf11335663e18c75ea12dccc76062f09f164a3b0f8be4371a",
                    ),
                    "linux_arm64": (
                        "trivy_0.74.0_Linux-ARM64.tar.gz",
                        "b94ce1976bbf3c15b514b605ee88be7c6d94a29be2302847ff01cb794d47aad5",
                    ),
                    "darwin_amd64": (
                        "trivy_0.74.0_macOS-64bit.tar.gz",
                        "472816f6888dda689d075c30254d4210b4d1035acf365aa72332f584c2f60485",
                    ),
                    "darwin_arm64": (
                        "trivy_0.74.0_macOS-ARM64.tar.gz",
                        "1caada5e0e2091909357c7525d3aa76f4b660b13821bc143b190c7483e31cc11",
                    ),
                },
            ),
        ),
        # Published with stolen credentials: CVE-2026-33634.
        refused=("0.69.4", "0.69.5", "0.69.6"),
    ),
    finds="insecure settings in sources",
    accepted="`.trivyignore`, or a `trivy:ignore` comment, on the protected branch accepts a finding.",
    sources=SourceScan(_call_on_sources, read_sources),
    keys={"trivy.yaml": "`severity`, `scan.skip-dirs`, `scan.skip-files`", ".trivyignore": "every line"},
    settings=_settings,
    comment=rb"(trivy|tfsec):(?=ignore)",
    reports_syntax_errors=False,
)
