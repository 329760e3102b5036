"""SARIF is valid whatever the findings say, and says the same of a finding whose lines moved."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator

from forge.scanning_rules import faults
from support.check_outcomes import HOSTILE, outcome_with_findings, outcomes, rich_outcome
from support.golden import assert_golden
from terrace.assess.model import Finding, Severity, Status
from terrace.compliance.audit import Audited, Scope
from terrace.report import sarif
from terrace.report.check_outcome import CheckOutcome
from terrace.stacks.graph import Graph


@cache
def schema() -> Draft4Validator:
    text = (Path(__file__).parent.parent / "schemas/sarif-schema-2.1.0.json").read_text()
    return Draft4Validator(json.loads(text))


def results(*found: Finding) -> list[dict[str, Any]]:
    """The results that these findings become."""
    record = rich_outcome()
    told = json.loads(sarif.check(replace(record, assessment=replace(record.assessment, findings=found))))
    return [result for run in told["runs"] for result in run["results"]]


def notifications(told: dict[str, Any]) -> list[dict[str, Any]]:
    """What the runs of a report say beside their results."""
    every = [one for run in told["runs"] for one in run.get("invocations", [])]
    return [note for one in every for note in one["toolExecutionNotifications"]]


def report(*found: Finding) -> dict[str, Any]:
    """The report of a check that found this."""
    record = rich_outcome()
    told: dict[str, Any] = json.loads(
        sarif.check(replace(record, assessment=replace(record.assessment, findings=found)))
    )
    return told


FORMAT = Finding("format", Severity.LOW, Status.FAIL, "fmt", "a.tf:12 is not formatted", path="a.tf", line=12)


def test_golden() -> None:
    text = sarif.check(rich_outcome())
    schema().validate(json.loads(text))
    assert_golden("check.sarif", text)


@settings(max_examples=40)
@given(outcomes())
def test_the_report_is_valid_for_every_check(record: CheckOutcome) -> None:
    text = sarif.check(record)
    assert text.isascii()
    told = json.loads(text)
    schema().validate(told)
    assert faults(told) == []
    found = [result for run in told["runs"] for result in run["results"]]
    assert len(found) + len(notifications(told)) == len(record.assessment.findings)
    for run in told["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(rules) == len(set(rules))
        assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_the_fingerprint_of_a_finding_stays_when_its_line_moves() -> None:
    moved = replace(FORMAT, line=90, message="a.tf:90 is not formatted")
    (one,), (other,) = results(FORMAT), results(moved)
    assert one["partialFingerprints"] == other["partialFingerprints"]
    assert one["locations"][0]["physicalLocation"]["region"] == {"startLine": 12}


@pytest.mark.parametrize(
    "other",
    [
        replace(FORMAT, rule="else"),
        replace(FORMAT, path="b.tf"),
        replace(FORMAT, address="aws_vpc.a"),
        replace(FORMAT, stack="prod"),
        replace(FORMAT, message="it cannot be read"),
    ],
)
def test_different_findings_have_different_fingerprints(other: Finding) -> None:
    assert sarif.fingerprint(other) != sarif.fingerprint(FORMAT)


def test_two_equal_findings_have_two_fingerprints() -> None:
    marks = [r["partialFingerprints"]["terraceFinding/v1"] for r in results(FORMAT, replace(FORMAT, line=20))]
    assert [mark[-2:] for mark in marks] == [":1", ":2"]


def test_unknown_is_for_review_and_waived_is_suppressed() -> None:
    unknown, waived = replace(FORMAT, status=Status.UNKNOWN), replace(FORMAT, rule="z", status=Status.WAIVED)
    first, second = results(unknown, waived)
    assert (first["kind"], first["level"], first["properties"]["status"]) == ("review", "warning", "unknown")
    assert second["suppressions"][0]["status"] == "accepted"


def test_a_finding_of_a_stack_is_placed_in_its_folder() -> None:
    (one,) = results(replace(FORMAT, path=None, line=0, stack="prod/network", address="aws_vpc.main"))
    (location,) = one["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "environments/prod/network/", "uriBaseId": "%SRCROOT%"}
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "aws_vpc.main", "kind": "resource"}]
    assert "primaryLocationLineHash" in one["partialFingerprints"]


def test_a_finding_of_a_stack_is_placed_in_its_main_file_if_known() -> None:
    record = rich_outcome()
    assert record.graph is not None
    folder = "environments/prod/network"
    known = replace(record.graph.folders[folder], files=(f"{folder}/data.tf", f"{folder}/main.tf"))
    graph = Graph({**record.graph.folders, folder: known}, {})
    found = (replace(FORMAT, path=None, line=0, stack="prod/network"),)
    told = json.loads(sarif.check(replace(record, graph=graph, assessment=replace(record.assessment, findings=found))))
    (result,) = [result for run in told["runs"] for result in run["results"]]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"{folder}/main.tf"


@pytest.mark.parametrize(
    "finding",
    [
        Finding("checkov", Severity.MEDIUM, Status.UNKNOWN, "checkov", "checkov is not installed"),
        Finding("commits", Severity.LOW, Status.FAIL, "terrace", "`wip` says nothing"),
        Finding("policy", Severity.HIGH, Status.FAIL, "opa", "of a stack that is gone", stack="gone", address="a.b"),
        replace(FORMAT, path=None, line=0, status=Status.WAIVED),
    ],
)
def test_a_finding_without_a_file_is_a_notification_of_its_run(finding: Finding) -> None:
    """GitHub refuses a whole report in which one result has no file."""
    told = report(finding, FORMAT)
    schema().validate(told)
    assert faults(told) == []
    (note,) = notifications(told)
    assert note["associatedRule"] == {"id": finding.rule}
    assert note["message"]["text"].startswith(finding.message)
    assert len([result for run in told["runs"] for result in run["results"]]) == 1


@pytest.mark.slow
def test_a_report_respects_the_limits_of_github() -> None:
    """25,000 results and rules, 20 runs, names of 255 characters; what is left out is counted."""
    found = [replace(FORMAT, rule=f"rule-{n}", line=n + 1) for n in range(25_003)]
    told = report(*found)
    assert faults(told) == []
    run = next(run for run in told["runs"] if run["tool"]["driver"]["name"] == "fmt")
    assert len(run["results"]) == 25_000
    (note,) = notifications(told)
    assert note["message"]["text"].startswith("3 findings left out")
    assert faults(report(*(replace(FORMAT, tool=f"tool {n}") for n in range(60)))) == []
    long = [replace(FORMAT, rule="r" * 300 + end, message="m" * 100_000) for end in "ab"]
    told = report(*long)
    assert faults(told) == []
    assert len({result["ruleId"] for run in told["runs"] for result in run["results"]}) == 2
    assert max(len(result["message"]["text"]) for run in told["runs"] for result in run["results"]) <= 20_000


@pytest.mark.slow
def test_a_report_that_would_be_too_large_has_only_the_worst_findings() -> None:
    chance = random.Random(1)
    found = [
        replace(FORMAT, message=chance.randbytes(9_900).hex(), severity=Severity.CRITICAL if not n else Severity.LOW)
        for n in range(1_200)
    ]
    record = rich_outcome()
    text = sarif.check(replace(record, assessment=replace(record.assessment, findings=tuple(found))))
    assert len(gzip.compress(text.encode())) <= 10_000_000
    told = json.loads(text)
    kept = [result for run in told["runs"] for result in run["results"]]
    assert kept[0]["properties"]["severity"] == "critical"
    assert len(kept) > 100
    assert notifications(told)[0]["message"]["text"].startswith(f"{1_200 - len(kept)} findings left out")


def test_a_tool_that_found_nothing_has_a_run() -> None:
    record = rich_outcome()
    told = json.loads(sarif.check(replace(record, assessment=replace(record.assessment, findings=()))))
    assert [run["tool"]["driver"]["name"] for run in told["runs"]] == ["terrace", "terraform", "terraform fmt"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_message_links_or_substitutes(text: str) -> None:
    (one,) = results(replace(FORMAT, message=text))
    assert "[here](" not in one["message"]["text"]
    assert "\x1b" not in one["message"]["text"]
    assert "{0}" not in one["message"]["text"].replace("{{0}}", "")


def test_ten_thousand_findings() -> None:
    assert len(json.loads(sarif.check(outcome_with_findings(10_000)))["runs"][-1]["results"]) == 10_000


def test_findings_of_a_full_check_have_a_place_in_code_scanning() -> None:
    """Code scanning shows nothing without a file; what has none of its own is where its environment is named."""
    bucket = Finding(
        "s3-encryption", Severity.HIGH, Status.FAIL, "opa", "is open", stack="prod", address="aws_s3_bucket.a"
    )
    looks = [Audited(Scope(name, "deployed", {"c": (name,)}), (bucket, FORMAT)) for name in ("staging", "prod")]
    told = json.loads(sarif.full_check(looks))
    schema().validate(told)
    found = [result for run in told["runs"] for result in run["results"]]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in found]
    assert sorted(places) == ["a.tf", "a.tf", "terrace.yaml", "terrace.yaml"]
    assert all(run["properties"] == {"environments": ["staging", "prod"]} for run in told["runs"])
