"""The output of scanners becomes findings; output that cannot be read is an error. The samples are their own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners import checkov, gitleaks, tflint, trivy, trufflehog
from terrace.checks.scanners.scanner import Settings
from terrace.errors import NotReady

NONE = Settings({})
SAMPLES = Path(__file__).parent / "samples"


def known(named: str) -> str | None:
    """Paths as in the samples."""
    path = named.removeprefix("/scan/source/")
    return path if path.endswith(".tf") else None


def told(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.rule: finding for finding in findings}


def test_checkov_reports_sources_by_file_and_line() -> None:
    found = told(checkov.read_sources((SAMPLES / "checkov.json").read_bytes(), known))
    ssh = found["checkov.CKV_AWS_24"]
    assert (ssh.path, ssh.line, ssh.severity, ssh.family) == ("env/dev/main.tf", 5, Severity.HIGH, "open-ingress")
    assert found["checkov.CKV_AWS_17"].severity is Severity.CRITICAL
    # It says no severity itself, and this rule is in no family: what is assumed is said.
    assert found["checkov.CKV_AWS_118"].severity is Severity.MEDIUM
    assert "medium is assumed" in found["checkov.CKV_AWS_118"].detail


def test_a_skip_that_reached_checkov_is_waived_with_its_reason() -> None:
    found = told(checkov.read_sources((SAMPLES / "checkov.json").read_bytes(), known))["checkov.CKV_AWS_161"]
    assert found.status is Status.WAIVED
    assert "no IAM here" in found.message


def test_a_file_that_checkov_cannot_read_is_unknown_though_it_ends_well() -> None:
    found = told(checkov.read_sources((SAMPLES / "checkov.json").read_bytes(), known))["checkov"]
    assert (found.status, found.path, found.blocks) == (Status.UNKNOWN, "modules/broken.tf", True)


def test_checkov_reports_plans_by_address() -> None:
    record = json.loads((SAMPLES / "checkov.json").read_bytes())
    one = record["results"]["failed_checks"][0]
    one.update(file_abs_path="/scan/source/plan-0.json", resource_address='module.a["x.y"].aws_security_group.open[0]')
    record["results"] = {"failed_checks": [one]}
    record["summary"]["parsing_errors"] = 0
    (found,) = checkov.read_plans(json.dumps(record).encode(), {"/scan/source/plan-0.json": "dev"})
    assert (found.stack, found.address) == ("dev", 'module.a["x.y"].aws_security_group.open[0]')
    record["summary"]["parsing_errors"] = 1
    assert (
        checkov.read_plans(json.dumps(record).encode(), {"/scan/source/plan-0.json": "dev"})[0].status is Status.UNKNOWN
    )
    with pytest.raises(NotReady, match="was not given"):
        checkov.read_plans(json.dumps(record).encode(), {"/scan/source/other.json": "dev"})


def test_a_severity_that_checkov_does_say_counts() -> None:
    record = json.loads((SAMPLES / "checkov.json").read_bytes())
    record["results"]["failed_checks"][0]["severity"] = "LOW"
    (first, *_) = checkov.read_sources(json.dumps(record).encode(), known)
    assert first.severity is Severity.LOW


def test_checkov_with_nothing_to_look_at_says_so() -> None:
    assert checkov.read_sources(b'{"passed": 0, "failed": 0, "checkov_version": "3.3.30"}', known) == ()
    assert checkov.read_sources(b'[{"results": {}}, {"passed": 0, "checkov_version": "3"}]', known) == ()


def test_trivy_reports_by_file_and_line() -> None:
    found = told(trivy.read_sources((SAMPLES / "trivy.json").read_bytes(), known))
    ssh = found["trivy.AWS-0107"]
    assert (ssh.path, ssh.line, ssh.severity, ssh.family) == ("env/dev/main.tf", 10, Severity.HIGH, "open-ingress")
    assert found["trivy.AWS-0133"].family == ""
    assert trivy.read_sources(b'{"SchemaVersion": 2}', known) == ()


def test_tflint_reports_by_file_and_line_with_its_errors() -> None:
    found = told(tflint.read_sources((SAMPLES / "tflint.json").read_bytes(), known))
    version = found["tflint.terraform_required_version"]
    assert (version.path, version.line, version.severity) == ("env/dev/main.tf", 1, Severity.MEDIUM)
    assert found["tflint"].status is Status.UNKNOWN


def test_a_finding_has_the_kind_and_place_of_a_secret_and_never_the_secret() -> None:
    leak = {"RuleID": "github-pat", "File": "x.tf", "StartLine": 5, "Secret": "hunter2", "Match": "hunter2"}
    hog = {
        "DetectorName": "Github",
        "Raw": "hunter2",
        "SourceMetadata": {"Data": {"Filesystem": {"file": "x.tf", "line": 5}}},
    }
    lines = b"\n".join([b'{"level":"info","msg":"finished scanning"}', json.dumps(hog).encode(), b""])

    def spot(name: str) -> tuple[str, str] | None:
        return ("abcdef1234", name) if name == "x.tf" else None

    found = (
        *gitleaks.read_commits(json.dumps([leak]).encode(), spot, NONE),
        *trufflehog.read_commits(lines, spot, NONE),
    )
    assert [(f.rule, f.path, f.line, f.family) for f in found] == [
        ("gitleaks.github-pat", "x.tf", 5, "leaked-secret"),
        ("trufflehog.Github", "x.tf", 5, "leaked-secret"),
    ]
    assert "abcdef1" in found[0].message
    assert "hunter2" not in repr(found)
    ignore = Settings({"gitleaksignore": b"x.tf:github-pat:5\n"})
    (waived,) = gitleaks.read_commits(json.dumps([leak]).encode(), spot, ignore)
    assert waived.status is Status.WAIVED


READERS: dict[str, Callable[[bytes], object]] = {
    "checkov": lambda said: checkov.read_sources(said, known),
    "checkov plans": lambda said: checkov.read_plans(said, {}),
    "trivy": lambda said: trivy.read_sources(said, known),
    "tflint": lambda said: tflint.read_sources(said, known),
    "gitleaks": lambda said: gitleaks.read_commits(said, lambda name: None, NONE),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("said", [b"", b"{}", b"null", b"Segfault", b'{"results"', b"\xff\xfe", b"[" * 9999, b"[1]"])
def test_garbage_is_never_a_pass(reader: Callable[[bytes], object], said: bytes) -> None:
    with pytest.raises(NotReady):
        reader(said)


def test_garbage_of_trufflehog_is_never_a_pass() -> None:
    with pytest.raises(NotReady) as told:
        trufflehog.read_commits(b"panic: hunter2", lambda name: None, NONE)
    assert "hunter2" not in str(told.value)
