"""Findings reach code scanning, or it is said why not; a check does not depend on it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from forge.fake import FakeGitHub, Stumble
from support.check_outcomes import rich_outcome
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.code_scanning import CodeScanning
from terrace.adapters.github.credentials import Token
from terrace.assess.model import Finding, Severity, Status
from terrace.report import sarif

SARIF = json.dumps({"version": "2.1.0", "runs": []}).encode()
HEAD, REF = "a" * 40, "refs/pull/7/head"


@pytest.fixture
def fake() -> FakeGitHub:
    return FakeGitHub(grants={"security_events": "write"})


def take(fake: FakeGitHub, sarif: bytes = SARIF) -> str | None:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return CodeScanning(github, sleep=lambda _: None).upload(sarif, HEAD, REF)


def test_a_report_is_there_once_github_says_so(fake: FakeGitHub) -> None:
    assert take(fake) is None
    (report,) = fake.reports.values()
    assert (report["commit"], report["ref"], report["report"]["version"]) == (HEAD, REF, "2.1.0")
    assert fake.count("code-scanning/get-sarif") == 2


@pytest.mark.parametrize(
    ("scanning", "why"),
    [("off", "not enabled"), ("failing", "too many results"), ("slow", "has not finished")],
)
def test_what_github_does_not_take_is_said(fake: FakeGitHub, scanning: str, why: str) -> None:
    fake.scanning = scanning
    assert why in (take(fake) or "")


def test_a_token_that_may_not_is_said(fake: FakeGitHub) -> None:
    fake.grants = {}
    assert "no permission" in (take(fake) or "")


def test_a_bad_gateway_hands_it_over_again(fake: FakeGitHub) -> None:
    fake.stumbles = [Stumble(502, done_first=True)]
    assert take(fake) is None


def test_what_is_too_large_is_not_sent(fake: FakeGitHub) -> None:
    import os

    assert "larger than the 10 MB" in (take(fake, os.urandom(11 << 20)) or "")
    assert fake.asked == []


NOWHERE = Finding("checkov", Severity.MEDIUM, Status.UNKNOWN, "checkov", "checkov is not installed")


def test_a_check_with_a_finding_that_has_no_file_is_taken(fake: FakeGitHub) -> None:
    record = rich_outcome()
    found = (*record.assessment.findings, NOWHERE)
    report = sarif.check(replace(record, assessment=replace(record.assessment, findings=found)))
    assert take(fake, report.encode()) is None


@pytest.mark.parametrize(
    ("locations", "why"),
    [
        ([], "expected at least one location"),
        ([{"logicalLocations": [{"fullyQualifiedName": "aws_vpc.a"}]}], "expected a physical location"),
        ([{"physicalLocation": {"region": {"startLine": 1}}}], "expected artifact location"),
    ],
)
def test_the_fake_refuses_a_whole_report_in_which_one_result_has_no_file(
    fake: FakeGitHub, locations: list[dict[str, object]], why: str
) -> None:
    result = {"message": {"text": "x"}, "locations": locations}
    run = {"tool": {"driver": {"name": "terrace"}}, "results": [result]}
    assert why in (take(fake, json.dumps({"version": "2.1.0", "runs": [run]}).encode()) or "")
