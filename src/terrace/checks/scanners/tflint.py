"""tflint, which scans sources with its built-in rules and no plugin. Its JSON is read."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.output import decode
from terrace.checks.scanners.scanner import Call, KnownPath, ScanFolders, Scanner, Settings, SourceScan
from terrace.checks.tools import GoModule, Tool
from terrace.errors import BadInput, Place
from terrace.hcl.blocks import read_blocks

TOOL = "tflint"

_SEVERITIES = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "notice": Severity.LOW, "info": Severity.LOW}


class Position(msgspec.Struct):
    """A position in a file."""

    line: int = 0


class Range(msgspec.Struct):
    """A place; the path of the file is relative to the folder that tflint was started in."""

    filename: str = ""
    start: Position = msgspec.field(default_factory=Position)


class RuleName(msgspec.Struct):
    """A rule, with its severity and its page."""

    name: str
    severity: str = "warning"
    link: str = ""


class Issue(msgspec.Struct):
    """One thing that a rule found."""

    rule: RuleName
    message: str
    range: Range = msgspec.field(default_factory=Range)


class Failure(msgspec.Struct):
    """An error of tflint."""

    message: str
    severity: str = "error"
    range: Range | None = None


class Report(msgspec.Struct):
    """The whole report."""

    issues: list[Issue]
    errors: list[Failure]


def read_sources(output: bytes, path_of: KnownPath) -> tuple[Finding, ...]:
    """Returns findings by file and line. A file that tflint could not read is unknown."""
    report = decode(TOOL, output, Report)
    return (
        *(_issue(issue, path_of) for issue in report.issues),
        *(_failure(failure, path_of) for failure in report.errors),
    )


def _issue(issue: Issue, path_of: KnownPath) -> Finding:
    return Finding(
        rule=f"{TOOL}.{issue.rule.name}",
        severity=_SEVERITIES.get(issue.rule.severity.lower(), Severity.MEDIUM),
        status=Status.FAIL,
        tool=TOOL,
        message=issue.message,
        path=path_of(issue.range.filename),
        line=max(issue.range.start.line, 0),
        fix=issue.rule.link or None,
    )


def _failure(failure: Failure, path_of: KnownPath) -> Finding:
    place = failure.range or Range()
    return Finding(
        rule=TOOL,
        severity=Severity.HIGH,
        status=Status.UNKNOWN,
        tool=TOOL,
        message=f"tflint could not scan: {failure.message}",
        path=path_of(place.filename) if place.filename else None,
        line=max(place.start.line, 0),
        fix="fix the error",
    )


def _call_on_sources(folders: ScanFolders) -> Call:
    return Call(
        ("--recursive", "--format=json", "--force", f"--config={folders.settings / 'tflint.hcl'}"),
        {"TFLINT_PLUGIN_DIR": str(folders.home / "plugins")},
    )


_PASSED_ON: Mapping[str, frozenset[str]] = {
    "config": frozenset({"disabled_by_default"}),
    "plugin terraform": frozenset({"enabled", "preset"}),
    # All settings of a rule are values.
    "rule": frozenset(),
}


def _settings(files: Mapping[str, bytes]) -> Settings:
    name = ".tflint.hcl"
    file = read_blocks(name, files.get(name, b""))
    if file.error_line:
        raise BadInput("it cannot be read", hint="fix the syntax error", place=Place(name))
    blocks, ignored = [], []
    for block in file.root.blocks():
        title = " ".join((block.type, *block.labels))
        names = _PASSED_ON.get(title, _PASSED_ON.get(block.type) if block.type == "rule" else None)
        if names is None:
            ignored.append((name, title))
            continue
        settings = {key: value for key, value in block.attributes.items() if not names or key in names}
        ignored += [(name, f"{title}.{key}") for key in block.attributes if key not in settings]
        head = " ".join((block.type, *(json.dumps(label) for label in block.labels)))
        blocks.append(
            "\n".join((head + " {", *(f"  {key} = {value.source()}" for key, value in settings.items()), "}"))
        )
    return Settings({"tflint.hcl": "\n".join(blocks).encode()}, tuple(ignored))


SCANNER = Scanner(
    tool=Tool(
        TOOL,
        "0.64.0",
        "finds deprecated syntax and mistakes in sources",
        "its rules are not checked",
        (GoModule("github.com/terraform-linters/tflint@v0.64.0"),),
    ),
    finds="mistakes and deprecated syntax in sources",
    accepted="`.tflint.hcl` on the protected branch turns a rule off.",
    sources=SourceScan(_call_on_sources, read_sources),
    keys={".tflint.hcl": '`config { disabled_by_default }`, `plugin "terraform" { enabled, preset }`, every `rule`'},
    settings=_settings,
    comment=rb"tflint-(?=ignore)",
    # It exits with 1 and reports the reason in its JSON.
    completed=(0, 1),
)
