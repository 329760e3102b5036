"""Comments that ask to skip a rule: their forms, the code that they apply to, and the records that they propose."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.all import CHECKS
from terrace.config.model import Config
from terrace.waivers.comments import Skip, find_added_skips, skips
from terrace.waivers.proposals import Terms, propose
from terrace.waivers.reading import read_waivers

PATH = "modules/a/main.tf"
TERMS = Terms(date(2026, 6, 15), timedelta(days=180))
SOURCE = b"""\
# terrace:ignore s3-logging logs go elsewhere
resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18,CKV_AWS_20:access logs: none
  acl = "public-read" # trivy:ignore:AVD-AWS-0092
  rule {
    // tflint-ignore: aws_a, aws_b # because
    a = "# terrace:ignore no text"
  }
}

#tfsec:ignore:aws-x:exp:2026-07-01 tfsec:ignore:aws-y[a=b] for now
module "net" {
  source = "./net"
  a      = <<-EOT
    # terrace:ignore no heredoc
  EOT
}
/* terrace:ignore format
   trivy:ignore:* */
# tflint-ignore-file: aws_c
# ignore what I said; terrace:ignored and checkov skip are no such comments
"""


def test_every_form_of_comment_is_read_and_other_texts_are_not() -> None:
    found = [(s.tool, s.rule, s.reason, s.line, s.resource) for s in skips(PATH, SOURCE)]
    assert found == [
        ("terrace", "s3-logging", "logs go elsewhere", 1, "aws_s3_bucket.logs"),
        ("checkov", "CKV_AWS_18", "access logs: none", 3, "aws_s3_bucket.logs"),
        ("checkov", "CKV_AWS_20", "access logs: none", 3, "aws_s3_bucket.logs"),
        ("trivy", "AVD-AWS-0092", "", 4, "aws_s3_bucket.logs"),
        ("tflint", "aws_a", "because", 6, "aws_s3_bucket.logs"),
        ("tflint", "aws_b", "because", 6, "aws_s3_bucket.logs"),
        ("tfsec", "aws-x", "for now", 11, "module.net"),
        ("tfsec", "aws-y", "for now", 11, "module.net"),
        ("terrace", "format", "", 18, ""),
        ("trivy", "*", "", 19, ""),
        ("tflint", "aws_c", "", 20, ""),
    ]


def test_what_they_say_of_place_and_time_is_kept() -> None:
    found = {s.rule: (s.first, s.last, s.until) for s in skips(PATH, SOURCE)}
    assert found["s3-logging"] == (1, 9, None)
    assert found["aws-x"] == (11, 17, date(2026, 7, 1))
    assert found["aws_c"] == (1, 0, None)


IN_JSON = b"""{
  "//": ["terrace:ignore format", 1],
  "resource": {"aws_s3_bucket": {"logs": [{
    "//": "terrace:ignore s3-logging logs go elsewhere",
    "bucket": "terrace:ignore no text",
    "rule": {"//": "checkov:skip=CKV_AWS_18: none"}
  }]}},
  "module": {"net": {"//": "tfsec:ignore:aws-x:exp:2026-07-01", "//": "trivy:ignore:y"}},
  "output": {"//": {"value": "terrace:ignore no property"}, "a": {"//": "terrace:ignore\\u0020unused"}}
}"""


def test_a_property_for_comments_in_json_is_read_as_a_comment() -> None:
    found = [(s.tool, s.rule, s.reason, s.line, s.resource, s.until) for s in skips(f"{PATH}.json", IN_JSON)]
    assert found == [
        ("terrace", "format", "", 2, "", None),
        ("terrace", "s3-logging", "logs go elsewhere", 4, "aws_s3_bucket.logs", None),
        ("checkov", "CKV_AWS_18", "none", 6, "aws_s3_bucket.logs", None),
        ("tfsec", "aws-x", "", 8, "module.net", date(2026, 7, 1)),
        ("trivy", "y", "", 8, "module.net", None),
        ("terrace", "unused", "", 9, "", None),
    ]
    assert find_added_skips(f"{PATH}.json", b"\n" + IN_JSON, IN_JSON) == ()


@pytest.mark.parametrize(
    "content", [b'{"//": "terrace:ignore a"', b"[" * 100_000 + b"terrace:ignore", b"\xffterrace:ignore"]
)
def test_a_broken_file_in_json_has_no_comments(content: bytes) -> None:
    assert skips(f"{PATH}.json", content) == ()


def test_only_comments_that_the_change_brings_count_wherever_they_move() -> None:
    moved = b"# one line more\n" + SOURCE
    assert find_added_skips(PATH, moved, SOURCE) == ()
    more = SOURCE + b"# terrace:ignore s3-logging logs go elsewhere\n# terrace:ignore unused set by hand\n"
    assert [(skip.rule, skip.line) for skip in find_added_skips(PATH, more, SOURCE)] == [
        ("s3-logging", 22),
        ("unused", 23),
    ]
    assert find_added_skips(PATH, SOURCE, b"") == skips(PATH, SOURCE)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_source_is_too_broken(before: bytes, after: bytes) -> None:
    for skip in skips(PATH, before + b"# terrace:ignore x y\n" + after):
        assert skip.line > 0


ONE = Finding(
    "s3-logging", Severity.HIGH, Status.FAIL, "opa", "no", stack="dev", address='module.a["x"].aws_s3_bucket.logs[0]'
)
FIRST = skips(PATH, SOURCE)[0]


def told(skip: Skip, *found: Finding) -> str:
    (one,) = propose([skip], found, TERMS, CHECKS)
    assert (one.rule, one.advisory, one.path, one.line) == ("skip-comment", True, PATH, skip.line)
    return one.detail


def test_rules_of_scanners_are_named_as_their_findings_name_them() -> None:
    checkov = replace(FIRST, tool="checkov", rule="CKV_AWS_18")
    assert "rule: checkov.CKV_AWS_18\n" in told(checkov)
    met = replace(ONE, rule="checkov.CKV_AWS_18", tool="checkov", path=PATH, line=2, address=None, stack=None)
    assert f"rule: checkov.CKV_AWS_18\n    path: {PATH}\n" in told(checkov, met)
    trivy = replace(met, rule="trivy.AVD-AWS-0089", tool="trivy", also=("checkov.CKV_AWS_18",))
    assert "rule: trivy.AVD-AWS-0089\n" in told(checkov, trivy)


def test_the_record_is_for_the_finding() -> None:
    assert f"address: {ONE.address}\n    owner: NAME\n    reason: logs go elsewhere\n" in told(FIRST, ONE)
    assert "stack: dev\n" in told(FIRST, ONE)
    several = told(FIRST, ONE, replace(ONE, stack="prod", address='module.a["y"].aws_s3_bucket.logs[1]'))
    assert "address: module.a[*].aws_s3_bucket.logs[*]\n" in several
    assert "stack" not in several
    assert "status: unknown\n" in told(FIRST, replace(ONE, status=Status.UNKNOWN))


def test_without_a_finding_it_is_for_the_file_and_reads_as_a_file() -> None:
    text = told(replace(FIRST, until=date(2026, 7, 1)))
    assert f"path: {PATH}\n" in text
    assert "expires: 2026-07-01\n" in text
    (waiver,) = read_waivers(f"version: 1\nwaivers:\n{text}".encode(), ".terrace/waivers.yaml", Config())
    assert (waiver.rule, waiver.path) == ("s3-logging", PATH)


@pytest.mark.parametrize("rule", ["*", "aws-*", "all", "plan", "trust-root"])
def test_no_record_is_proposed_for_everything_nor_for_what_is_never_waived(rule: str) -> None:
    (one,) = propose([replace(FIRST, rule=rule)], [], TERMS, CHECKS)
    assert one.detail == ""
    assert "terrace waive" not in (one.fix or "")


def test_what_a_record_waives_already_is_not_told_again() -> None:
    waived = replace(ONE, status=Status.WAIVED, note="waived by ann until 2026-12-31: it moves")
    assert propose([FIRST], [waived], TERMS, CHECKS) == ()
    assert len(propose([FIRST], [waived, replace(ONE, stack="prod")], TERMS, CHECKS)) == 1
    elsewhere = replace(waived, address="aws_s3_bucket.other")
    assert len(propose([FIRST], [elsewhere], TERMS, CHECKS)) == 1
