"""checkov, which scans sources and plans. Its JSON is read, because its SARIF loses addresses, severities and lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.families import SEVERITIES, family_of
from terrace.checks.scanners.output import decode, describe_excuse
from terrace.checks.scanners.scanner import Call, KnownPath, PlanScan, ScanFolders, Scanner, Settings, SourceScan
from terrace.checks.scanners.yaml_settings import read_yaml
from terrace.checks.tools import Locked, Tool
from terrace.errors import NotReady

TOOL = "checkov"

KEYS = ("check", "skip-check", "skip-path", "evaluate-variables", "deep-analysis")
"""Keys of its configuration that are passed on: none of them runs code."""

_ASSUMED = "checkov gives no severity without an account; medium is assumed"


class Result(msgspec.Struct):
    """The result of one check. `suppress_comment` is the reason in a comment that asks to skip it."""

    result: str = ""
    suppress_comment: str | None = None


class Record(msgspec.Struct):
    """One check of one resource. In a plan `resource_address` is the full address."""

    check_id: str
    check_name: str
    check_result: Result
    file_path: str
    resource: str
    file_line_range: list[int] = []
    file_abs_path: str = ""
    resource_address: str | None = None
    severity: str | None = None
    guideline: str | None = None


class Results(msgspec.Struct):
    """The results of one report. Passed checks are not read."""

    failed_checks: list[Record] = []
    skipped_checks: list[Record] = []
    parsing_errors: list[str] = []


class Summary(msgspec.Struct):
    """The counts of one report. A quiet run does not name the files that it could not read, and counts them here."""

    parsing_errors: int = 0


class Report(msgspec.Struct):
    """The report of one framework; without `results` it is the short form for no input."""

    results: Results | None = None
    summary: Summary | None = None
    checkov_version: str | None = None


def read_sources(output: bytes, path_of: KnownPath) -> tuple[Finding, ...]:
    """Returns findings by file and line. A file that checkov could not read is unknown."""
    return tuple(_source_findings(output, path_of))


def read_plans(output: bytes, stacks: Mapping[str, str]) -> tuple[Finding, ...]:
    """Returns findings by address. `stacks` are the keys of stacks by the full path of the file with their plan."""
    return tuple(_plan_findings(output, stacks))


def _source_findings(output: bytes, path_of: KnownPath) -> Iterator[Finding]:
    for results in (report.results for report in _reports(output) if report.results is not None):
        for record in results.failed_checks:
            yield _finding(record, Status.FAIL, path=path_of(record.file_abs_path), line=_line(record))
        for record in results.skipped_checks:
            yield _finding(record, Status.WAIVED, path=path_of(record.file_abs_path), line=_line(record))
        for path in results.parsing_errors:
            where = path_of(path)
            yield Finding(
                rule=TOOL,
                severity=Severity.HIGH,
                status=Status.UNKNOWN,
                tool=TOOL,
                message=f"checkov could not read {where or path}: nothing in it was scanned",
                path=where,
                fix="fix the syntax error",
            )


def _plan_findings(output: bytes, stacks: Mapping[str, str]) -> Iterator[Finding]:
    for report in _reports(output):
        if report.summary is not None and report.summary.parsing_errors:
            keys = ", ".join(sorted(stacks.values()))
            message = f"checkov could not read one of the plans of {keys}"
            yield Finding(TOOL, Severity.HIGH, Status.UNKNOWN, TOOL, message)
        for record in report.results.failed_checks if report.results else ():
            stack = stacks.get(record.file_abs_path)
            if stack is None:
                raise NotReady(f"checkov reports {record.file_path}, which it was not given")
            yield _finding(record, Status.FAIL, stack=stack, address=record.resource_address or record.resource)


def _reports(output: bytes) -> list[Report]:
    """Returns every report in the output. Raises NotReady where one is neither results nor the short form."""
    first = output.lstrip()[:1]
    reports = decode(TOOL, output, list[Report]) if first == b"[" else [decode(TOOL, output, Report)]
    if any(report.results is None and report.checkov_version is None for report in reports) or not reports:
        raise NotReady("the output of checkov is not a report", hint="`terrace tools list` shows which one is used")
    return reports


def _finding(
    record: Record,
    status: Status,
    *,
    stack: str | None = None,
    address: str | None = None,
    path: str | None = None,
    line: int = 0,
) -> Finding:
    family = family_of(TOOL, record.check_id)
    severity = _severity(record, family)
    accepted = describe_excuse(record.check_result.suppress_comment)
    return Finding(
        rule=f"{TOOL}.{record.check_id}",
        severity=severity,
        status=status,
        tool=TOOL,
        message=f"{record.resource}: {record.check_name}" + (accepted if status is Status.WAIVED else ""),
        stack=stack,
        address=address,
        path=path,
        line=line,
        detail="" if record.severity or family else _ASSUMED,
        fix=record.guideline,
        family=family,
    )


def _severity(record: Record, family: str) -> Severity:
    named = (record.severity or "").upper()
    if named in Severity.__members__:
        return Severity[named]
    return SEVERITIES.get(family, Severity.MEDIUM)


def _line(record: Record) -> int:
    return max(record.file_line_range[0], 0) if record.file_line_range else 0


def _call_on_sources(folders: ScanFolders) -> Call:
    return Call((*_arguments(folders), "--directory", folders.root, "--framework", "terraform"))


def _call_on_plans(folders: ScanFolders, plans: Sequence[Path]) -> Call:
    files = [part for plan in plans for part in ("--file", plan)]
    # Values that are known only after apply are treated as set.
    return Call(
        (*_arguments(folders), "--quiet", "--framework", "terraform_plan", *files), {"EVAL_TF_PLAN_AFTER_UNKNOWN": "1"}
    )


def _arguments(folders: ScanFolders) -> tuple[str | Path, ...]:
    return (
        *("--output", "json", "--compact", "--skip-download", "--soft-fail"),
        *("--config-file", folders.settings / "checkov.yaml"),
    )


def _settings(files: Mapping[str, bytes]) -> Settings:
    name, text = next(iter(files.items()), (".checkov.yaml", b""))
    written = read_yaml(name, text)
    supported = {key: value for key, value in written.items() if key in KEYS}
    ignored = tuple((name, str(key)) for key in written if key not in supported)
    # JSON is YAML; an empty file is refused.
    return Settings({"checkov.yaml": json.dumps(supported or {"compact": True}, default=str).encode()}, ignored)


_KEYS = ", ".join(f"`{key}`" for key in KEYS)

SCANNER = Scanner(
    tool=Tool(
        TOOL,
        "3.3.30",
        "finds insecure configuration in sources and plans",
        "its rules are not checked",
        (Locked(__package__, "checkov.lock"),),
    ),
    finds="insecure settings in sources and plans",
    accepted="A `checkov:skip` comment that is on the protected branch accepts a finding.",
    sources=SourceScan(_call_on_sources, read_sources),
    plans=PlanScan(_call_on_plans, read_plans),
    keys={".checkov.yaml": _KEYS, ".checkov.yml": _KEYS},
    settings=_settings,
    comment=rb"(checkov|bridgecrew|cortex):(?=skip)",
)
