"""A check as SARIF 2.1.0, for code scanning: one run a tool, and fingerprints that survive moved lines.

GitHub refuses a whole report where one result has no file. A finding without a file is a notification of its run.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from terrace.assess.model import Finding, Severity, Status
from terrace.compliance.audit import Audited
from terrace.report.check_outcome import CheckOutcome, place, worst_first
from terrace.stacks.graph import Graph
from terrace.text import readable
from terrace.words import plural

Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}

MOST = 25_000
"""Maximum number of results, and of rules, of one run. GitHub refuses more, and keeps 5,000 results. JSON has all."""

MOST_RUNS = 20
"""Maximum number of runs in one file. GitHub refuses more."""

LARGEST = 10_000_000
"""Maximum bytes of a compressed file. GitHub refuses more."""

LONGEST_NAME = 255
"""Maximum length of a rule name that GitHub accepts."""

LONGEST_TITLE = 1024
"""Maximum length of a short rule description that GitHub accepts."""

LONGEST_MESSAGE = 20_000
"""Maximum length of one message. This is a choice of Terrace, not a limit of GitHub."""

_ROOT = "%SRCROOT%"


def check(record: CheckOutcome) -> str:
    """Returns a check. Every tool that ran has a run, so that findings it no longer reports are closed as fixed."""
    change_set = record.assessment.change_set
    files = {impact.stack.key: _file_of(impact.stack.path, record.graph) for impact in change_set.impacts}
    about = {"base": change_set.base, "head": change_set.head}
    return _document(record.tools, record.assessment.findings, files, "terrace-check/", about)


def full_check(audits: Iterable[Audited]) -> str:
    """Returns a full check. A finding without a file is placed at terrace.yaml, which names its environment."""
    every = tuple(audits)
    findings = tuple(f if f.path else replace(f, path="terrace.yaml") for audit in every for f in audit.findings)
    about = {"environments": [audit.scope.environment for audit in every]}
    return _document(("terrace",), findings, {}, "terrace-everything/", about)


def _tool(name: str) -> str:
    return _cut(readable(name), LONGEST_NAME) or "unnamed"


def _file_of(folder: str, graph: Graph | None) -> str:
    """Returns the file that represents a stack: `main.tf`, else its first file; the folder where no file is known."""
    read = graph.folders.get(folder) if graph is not None else None
    files = sorted(read.files, key=lambda path: (not path.endswith("/main.tf"), path)) if read is not None else []
    return files[0] if files else f"{folder or '.'}/"


def _document(
    tools: Iterable[str], findings: Iterable[Finding], files: Mapping[str, str], category: str, about: Json
) -> str:
    by_tool: dict[str, list[Finding]] = {_tool(tool): [] for tool in tools}
    # Worst first: code scanning keeps the first 5,000 results.
    for finding in worst_first(findings):
        by_tool.setdefault(_tool(finding.tool), []).append(finding)
    if len(by_tool) > MOST_RUNS:
        names = list(by_tool)
        rest = [finding for name in names[MOST_RUNS - 1 :] for finding in by_tool.pop(name)]
        by_tool["other tools"] = list(worst_first(rest))
    # Compressing takes seconds, so limits that leave nothing out are not tried.
    most = min(MOST, max((len(every) for every in by_tool.values()), default=1))
    while True:
        runs = [_run(tool, every, files, category, about, most) for tool, every in by_tool.items()]
        text = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1, ensure_ascii=True) + "\n"
        if most <= 1 or len(text) <= LARGEST or len(gzip.compress(text.encode("ascii"), mtime=0)) <= LARGEST:
            return text
        most //= 2


def _run(tool: str, every: Iterable[Finding], files: Mapping[str, str], category: str, about: Json, most: int) -> Json:
    """Returns the run of one tool, with at most `most` results and as many notifications."""
    placed: list[Finding] = []
    unplaced: list[Finding] = []
    for finding in every:
        (placed if _spot(finding, files) else unplaced).append(finding)
    results, notified = placed[:most], unplaced[:most]
    rules = _rules((*results, *notified))
    notifications = [_notification(finding) for finding in notified]
    if omitted := len(placed) + len(unplaced) - len(results) - len(notified):
        notifications.append(_omission_notification(omitted))
    run: Json = {
        "tool": {"driver": {"name": tool, "rules": rules}},
        "automationDetails": {"id": category},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": _results(results, [rule["id"] for rule in rules], files),
        "properties": about,
    }
    if notifications:
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": notifications}]
    return run


def _notification(finding: Finding) -> Json:
    """Returns a finding without a file. GitHub refuses such results, and accepts notifications of a run."""
    return {
        "associatedRule": {"id": _id(finding)},
        "level": _level(finding),
        "message": {"text": _text(finding)},
        "properties": _properties(finding),
    }


def _omission_notification(count: int) -> Json:
    limit = "code scanning accepts no more in one report"
    text = f"{plural(count, 'finding')} left out: {limit}. `terrace check --json` has all."
    return {"level": "warning", "message": {"text": text}}


def fingerprint(finding: Finding) -> str:
    """Returns a fingerprint that stays the same when lines move: of rule, stack, address or path, and message class."""
    spot = finding.address or finding.path or ""
    parts = [finding.rule, finding.stack or "", spot, message_class(finding.message)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def message_class(message: str) -> str:
    """Returns a message without numbers and digests, which change with the code around it."""
    return re.sub(r"\b[0-9a-f]{7,}\b|\d+", "#", " ".join(message.split()))


def _rules(findings: Iterable[Finding]) -> list[Json]:
    """Returns a descriptor for every rule, in the order of their first finding, which is their worst."""
    first: dict[str, Finding] = {}
    for finding in findings:
        if len(first) < MOST:
            first.setdefault(_id(finding), finding)
    return [_rule(finding) for finding in first.values()]


def _rule(finding: Finding) -> Json:
    fix = f"For example: {finding.fix}" if finding.fix else "See the message of each result."
    return {
        "id": _id(finding),
        "shortDescription": {"text": _cut(_literal(f"{finding.rule} ({finding.tool})"), LONGEST_TITLE)},
        "help": {"text": _cut(_literal(f"{finding.rule} ({finding.tool}). {fix}"), LONGEST_MESSAGE)},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
    }


def _id(finding: Finding) -> str:
    """Returns the name of a rule, cut to the length that GitHub accepts; then it ends in a digest to stay unique."""
    name = readable(finding.rule) or "unnamed"
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(finding.rule.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{name[: LONGEST_NAME - 13]}-{digest}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _level(finding: Finding) -> str:
    return "warning" if finding.status is Status.UNKNOWN else LEVELS[finding.severity]


def _text(finding: Finding) -> str:
    fix = f"\n\nFix: {finding.fix}" if finding.fix else ""
    return _cut(_literal(f"{finding.message or finding.rule}{fix}") or "no message", LONGEST_MESSAGE)


def _properties(finding: Finding) -> Json:
    return {
        "severity": finding.severity.word,
        "status": finding.status.value,
        "advisory": finding.advisory,
        **({"stack": readable(finding.stack)} if finding.stack else {}),
    }


def _results(findings: Iterable[Finding], rules: list[str], files: Mapping[str, str]) -> list[Json]:
    index = {rule: at for at, rule in enumerate(rules)}
    occurrences: Counter[str] = Counter()
    results = []
    for finding in findings:
        mark = fingerprint(finding)
        occurrences[mark] += 1
        results.append(_result(finding, index[_id(finding)], f"{mark}:{occurrences[mark]}", files))
    return results


def _result(finding: Finding, index: int, mark: str, files: Mapping[str, str]) -> Json:
    prints = {"terraceFinding/v1": mark}
    if not finding.line:
        # GitHub identifies an alert by this value alone, and computes it itself where there is a line to hash.
        prints["primaryLocationLineHash"] = mark
    result: Json = {
        "ruleId": _id(finding),
        "ruleIndex": index,
        "kind": "review" if finding.status is Status.UNKNOWN else "fail",
        "level": _level(finding),
        "message": {"text": _text(finding)},
        "partialFingerprints": prints,
        "locations": [_location(finding, files)],
        "properties": _properties(finding),
    }
    if finding.status is Status.WAIVED:
        why = finding.note or finding.fix or f"waived at {place(finding)}"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": readable(why)}]
    return result


def _spot(finding: Finding, files: Mapping[str, str]) -> str:
    """Returns the file of a finding, else that of its stack; "" where it has neither."""
    return finding.path or (files.get(finding.stack, "") if finding.stack else "")


def _location(finding: Finding, files: Mapping[str, str]) -> Json:
    # Without a file of its own, the finding gets the file of its stack and no line.
    physical: Json = {"artifactLocation": _artifact(_spot(finding, files))}
    if finding.path and finding.line:
        physical["region"] = {"startLine": finding.line}
    location: Json = {"physicalLocation": physical}
    if finding.address:
        location["logicalLocations"] = [{"fullyQualifiedName": readable(finding.address), "kind": "resource"}]
    return location


def _artifact(path: str) -> Json:
    # Bytes that are not UTF-8 arrive as surrogates and are written unchanged; other surrogates have no byte.
    named = re.sub("[\ud800-\udc7f\udd00-\udfff]", "?", path)
    uri = quote(named.encode("utf-8", "surrogateescape"), safe="/")
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _literal(text: str) -> str:
    """Returns text from outside as a SARIF message, in which links `[a](b)` and placeholders `{0}` have no effect."""
    shown = readable(text)
    if "](" in shown:
        shown = re.sub(r"([\[\]])", r"\\\1", shown)
    return re.sub(r"\{(\d+)\}", r"{{\1}}", shown)
