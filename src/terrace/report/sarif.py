"""A check as SARIF 2.1.0, for code scanning: one run a tool, and fingerprints that survive moved lines."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from terrace.assess.compliance.audit import Audited
from terrace.assess.model import Finding, Severity, Status
from terrace.report.checked import Checked, place, worst_first
from terrace.report.text import readable

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
"""Results of one run: GitHub refuses a file with more, and keeps 5,000. JSON has all."""

_ROOT = "%SRCROOT%"


def check(record: Checked) -> str:
    """The whole check. Every tool that had its say has a run, so that what it no longer finds counts as fixed."""
    folders = {impact.stack.key: impact.stack.path for impact in record.assessment.change_set.impacts}
    change_set = record.assessment.change_set
    about = {"base": change_set.base, "head": change_set.head}
    return _document(record.tools, record.assessment.findings, folders, "terrace-check/", about)


def everything(looks: Iterable[Audited]) -> str:
    """A look at everything that stands. What has no file of its own is at terrace.yaml, which names its environment."""
    told = tuple(looks)
    findings = tuple(one if one.path else replace(one, path="terrace.yaml") for look in told for one in look.findings)
    about = {"environments": [look.scope.environment for look in told]}
    return _document(("terrace",), findings, {}, "terrace-everything/", about)


def _document(
    tools: Iterable[str], findings: Iterable[Finding], folders: Mapping[str, str], category: str, about: Json
) -> str:
    by_tool: dict[str, list[Finding]] = {readable(tool): [] for tool in tools}
    # Worst first: code scanning keeps the first 5,000 results.
    for finding in worst_first(findings):
        by_tool.setdefault(readable(finding.tool), []).append(finding)
    runs = [
        {
            "tool": {"driver": {"name": tool, "rules": (rules := _rules(found))}},
            "automationDetails": {"id": category},
            "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
            "columnKind": "unicodeCodePoints",
            "results": _results(found, [rule["id"] for rule in rules], folders),
            "properties": about,
        }
        for tool, every in by_tool.items()
        for found in [every[:MOST]]
    ]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1, ensure_ascii=True) + "\n"


def fingerprint(finding: Finding) -> str:
    """Equal for the same finding before and after its lines moved: rule, stack, address or path, class of message."""
    spot = finding.address or finding.path or ""
    parts = [finding.rule, finding.stack or "", spot, message_class(finding.message)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def message_class(message: str) -> str:
    """A message without what changes when the code around it does: numbers and digests."""
    return re.sub(r"\b[0-9a-f]{7,}\b|\d+", "#", " ".join(message.split()))


def _rules(findings: Iterable[Finding]) -> list[Json]:
    """A descriptor for every rule, in the order of their first finding, which is their worst."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(readable(finding.rule), finding)
    return [_rule(finding) for finding in first.values()]


def _rule(finding: Finding) -> Json:
    fix = f"For example: {finding.fix}" if finding.fix else "What broke it stands in the message of each result."
    return {
        "id": readable(finding.rule),
        "shortDescription": {"text": _literal(f"{finding.rule} ({finding.tool})")},
        "help": {"text": _literal(f"{finding.rule} of {finding.tool}. {fix}")},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
    }


def _results(findings: Iterable[Finding], rules: list[str], folders: Mapping[str, str]) -> list[Json]:
    index = {rule: at for at, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        mark = fingerprint(finding)
        seen[mark] += 1
        results.append(_result(finding, index[readable(finding.rule)], f"{mark}:{seen[mark]}", folders))
    return results


def _result(finding: Finding, index: int, mark: str, folders: Mapping[str, str]) -> Json:
    prints = {"terraceFinding/v1": mark}
    if not finding.line:
        # GitHub follows an alert by this name alone, and makes it itself where there is a line to hash.
        prints["primaryLocationLineHash"] = mark
    unknown = finding.status is Status.UNKNOWN
    fix = f"\n\nFix: {finding.fix}" if finding.fix else ""
    result: Json = {
        "ruleId": readable(finding.rule),
        "ruleIndex": index,
        "kind": "review" if unknown else "fail",
        "level": "warning" if unknown else LEVELS[finding.severity],
        "message": {"text": _literal(f"{finding.message or finding.rule}{fix}")},
        "partialFingerprints": prints,
        "properties": {
            "severity": finding.severity.word,
            "status": finding.status.value,
            "advisory": finding.advisory,
            **({"stack": readable(finding.stack)} if finding.stack else {}),
        },
    }
    if location := _location(finding, folders):
        result["locations"] = [location]
    if finding.status is Status.WAIVED:
        why = finding.note or finding.fix or f"waived at {place(finding)}"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": readable(why)}]
    return result


def _location(finding: Finding, folders: Mapping[str, str]) -> Json:
    found: Json = {}
    # Without a file it is the folder of the stack: a line nobody saw is not made up.
    folder = folders.get(finding.stack) if finding.stack else None
    spot = finding.path or (f"{folder}/" if folder else None)
    if spot:
        physical: Json = {"artifactLocation": _artifact(spot)}
        if finding.path and finding.line:
            physical["region"] = {"startLine": finding.line}
        found["physicalLocation"] = physical
    if finding.address:
        found["logicalLocations"] = [{"fullyQualifiedName": readable(finding.address), "kind": "resource"}]
    return found


def _artifact(path: str) -> Json:
    # Bytes that are no UTF-8 come as surrogates and go as they were; other surrogates stand for no byte.
    named = re.sub("[\ud800-\udc7f\udd00-\udfff]", "?", path)
    uri = quote(named.encode("utf-8", "surrogateescape"), safe="/")
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _literal(text: str) -> str:
    """Text from outside as a SARIF message that shows it: no link `[a](b)` and no placeholder `{0}` is one."""
    shown = readable(text)
    if "](" in shown:
        shown = re.sub(r"([\[\]])", r"\\\1", shown)
    return re.sub(r"\{(\d+)\}", r"{{\1}}", shown)
