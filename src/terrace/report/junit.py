"""A check as JUnit XML: a test case for every planned stack and every finding, so that any CI server can show them."""

from __future__ import annotations

import xml.etree.ElementTree as Xml

from terrace.assess.model import Finding, Status
from terrace.report.check_outcome import CheckOutcome, finding_text, level_word, place, worst_first
from terrace.text import readable


def check(record: CheckOutcome) -> str:
    """Returns a check. Findings that block are failures, unknown ones errors; the others are skipped with a message."""
    suites: dict[str, list[Xml.Element]] = {"plans": [_plan_case(key) for key in record.assessment.plans]}
    for finding in worst_first(record.assessment.findings):
        suites.setdefault(readable(finding.tool), []).append(_case(finding))
    every_case = [case for cases in suites.values() for case in cases]
    root = Xml.Element("testsuites", {"name": "terrace check", **_counts(every_case)})
    for name, cases in suites.items():
        Xml.SubElement(root, "testsuite", {"name": name, **_counts(cases)}).extend(cases)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _counts(cases: list[Xml.Element]) -> dict[str, str]:
    counts = {"tests": str(len(cases))}
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counts[name] = str(sum(1 for case in cases if case.find(tag) is not None))
    return counts


def _plan_case(key: str) -> Xml.Element:
    return Xml.Element("testcase", classname="plan", name=readable(key))


def _case(finding: Finding) -> Xml.Element:
    where = readable(place(finding))
    rule = readable(finding.rule)
    case = Xml.Element("testcase", classname=rule, name=f"{rule} at {where}" if where else rule)
    if finding.path:
        case.set("file", readable(finding.path))
        if finding.line:
            case.set("line", str(finding.line))
    text = readable(finding_text(finding))
    if not finding.blocks:
        Xml.SubElement(case, "skipped", message=f"{level_word(finding)}: {finding.status.value}: {text}")
        return case
    tag = "error" if finding.status is Status.UNKNOWN else "failure"
    problem = Xml.SubElement(case, tag, type=finding.severity.word, message=text)
    fix = f"fix: {finding.fix}" if finding.fix else ""
    problem.text = readable("\n".join(part for part in (finding.detail, fix) if part))
    return case
