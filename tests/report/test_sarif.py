"""SARIF is valid whatever the findings say, and says the same of a finding whose lines moved."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator

from support.checked import HOSTILE, checks, many, rich
from support.golden import assert_golden
from terrace.assess.compliance.audit import Audited, Scope
from terrace.assess.model import Finding, Severity, Status
from terrace.report import sarif
from terrace.report.checked import Checked


@cache
def schema() -> Draft4Validator:
    text = (Path(__file__).parent.parent / "schemas/sarif-schema-2.1.0.json").read_text()
    return Draft4Validator(json.loads(text))


def results(*found: Finding) -> list[dict[str, Any]]:
    """The results that these findings become."""
    record = rich()
    told = json.loads(sarif.check(replace(record, assessment=replace(record.assessment, findings=found))))
    return [result for run in told["runs"] for result in run["results"]]


FORMAT = Finding("format", Severity.LOW, Status.FAIL, "fmt", "a.tf:12 is not formatted", path="a.tf", line=12)


def test_golden() -> None:
    text = sarif.check(rich())
    schema().validate(json.loads(text))
    assert_golden("check.sarif", text)


@settings(max_examples=40)
@given(checks())
def test_it_is_valid_whatever_stands_in_it(record: Checked) -> None:
    text = sarif.check(record)
    assert text.isascii()
    told = json.loads(text)
    schema().validate(told)
    found = [result for run in told["runs"] for result in run["results"]]
    assert len(found) == len(record.assessment.findings)
    for run in told["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(rules) == len(set(rules))
        assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_the_mark_of_a_finding_stays_when_its_line_moves() -> None:
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
def test_the_mark_tells_findings_apart(other: Finding) -> None:
    assert sarif.fingerprint(other) != sarif.fingerprint(FORMAT)


def test_two_of_a_kind_have_two_marks() -> None:
    marks = [r["partialFingerprints"]["terraceFinding/v1"] for r in results(FORMAT, replace(FORMAT, line=20))]
    assert [mark[-2:] for mark in marks] == [":1", ":2"]


def test_unknown_is_for_review_and_waived_is_suppressed() -> None:
    unknown, waived = replace(FORMAT, status=Status.UNKNOWN), replace(FORMAT, rule="z", status=Status.WAIVED)
    first, second = results(unknown, waived)
    assert (first["kind"], first["level"], first["properties"]["status"]) == ("review", "warning", "unknown")
    assert second["suppressions"][0]["status"] == "accepted"


def test_a_finding_of_a_stack_lies_in_its_folder() -> None:
    (one,) = results(replace(FORMAT, path=None, line=0, stack="prod/network", address="aws_vpc.main"))
    (location,) = one["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "environments/prod/network/", "uriBaseId": "%SRCROOT%"}
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "aws_vpc.main", "kind": "resource"}]
    assert "primaryLocationLineHash" in one["partialFingerprints"]


def test_a_tool_that_found_nothing_has_a_run() -> None:
    record = rich()
    told = json.loads(sarif.check(replace(record, assessment=replace(record.assessment, findings=()))))
    assert [run["tool"]["driver"]["name"] for run in told["runs"]] == ["terrace", "terraform", "terraform fmt"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_message_links_or_substitutes(text: str) -> None:
    (one,) = results(replace(FORMAT, message=text))
    assert "[here](" not in one["message"]["text"]
    assert "\x1b" not in one["message"]["text"]
    assert "{0}" not in one["message"]["text"].replace("{{0}}", "")


def test_ten_thousand_findings() -> None:
    assert len(json.loads(sarif.check(many(10_000)))["runs"][-1]["results"]) == 10_000


def test_everything_that_stands_has_a_place_in_code_scanning() -> None:
    """Code scanning shows nothing without a file; what has none of its own is where its environment is named."""
    bucket = Finding(
        "s3-encryption", Severity.HIGH, Status.FAIL, "opa", "is open", stack="prod", address="aws_s3_bucket.a"
    )
    looks = [Audited(Scope(name, "deployed", {"c": (name,)}), (bucket, FORMAT)) for name in ("staging", "prod")]
    told = json.loads(sarif.everything(looks))
    schema().validate(told)
    found = [result for run in told["runs"] for result in run["results"]]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in found]
    assert sorted(places) == ["a.tf", "a.tf", "terrace.yaml", "terrace.yaml"]
    assert all(run["properties"] == {"environments": ["staging", "prod"]} for run in told["runs"])
