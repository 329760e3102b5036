"""Issues on the forge: when they open and close."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.model import Finding, Severity, Status
from terrace.compliance.audit import Audited, Scope
from terrace.forge.tracked_problems import TrackedProblem
from terrace.report.markdown.issues import audit_issues

COMMIT = "c" * 40


def look(*found: Finding) -> Audited:
    return Audited(Scope("prod", "deployed", {COMMIT: ("prod",)}), findings=found)


def finding(status: Status = Status.FAIL, *, advisory: bool = False) -> Finding:
    return Finding("public-bucket", Severity.HIGH, status, "opa", "anybody can read it", "prod", advisory=advisory)


def test_an_environment_has_an_issue_while_a_finding_would_block_a_change() -> None:
    (matter,) = audit_issues([look(finding())])
    assert (matter.key, matter.kind, matter.open) == ("prod", "compliance", True)
    assert "| `public-bucket` |" in matter.body and not matter.body.startswith("# ")
    assert [one.open for one in audit_issues([look(finding(Status.UNKNOWN))])] == [True], (
        "an unknown result keeps it open"
    )
    assert [one.open for one in audit_issues([look(finding(advisory=True))])] == [False]
    assert [one.open for one in audit_issues([look()])] == [False]


@given(st.text(max_size=60))
def test_the_marker_is_one_hidden_line(key: str) -> None:
    marker = TrackedProblem(key, "drift", "x", "y", open=True).marker
    assert "\n" not in marker
    assert (marker.count("--"), marker.count(">")) == (2, 1 + key.count(">"))
    assert marker.index("-->") == len(marker) - 3
