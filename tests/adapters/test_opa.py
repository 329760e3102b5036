"""Policies run by the real OPA: what it finds, and everything that keeps it from finding out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.tools import opa
from terrace.adapters.opa.engine import Opa
from terrace.assess.model import Severity, Status
from terrace.checks.policy.rego import evaluation_failure, findings
from terrace.errors import NotReady

pytestmark = pytest.mark.slow

INPUT = {"resources": [{"address": "aws_s3_bucket.it", "type": "aws_s3_bucket", "after": {"acl": "public-read"}}]}

PUBLIC = """
package house.s3

deny contains message if {
    some bucket in input.resources
    bucket.type == "aws_s3_bucket"
    bucket.after.acl == "public-read"
    message := {"msg": "it is public", "resource": bucket.address, "severity": "critical", "fix": "private"}
}

warn_name contains "odd name" if input.resources
"""


@pytest.fixture
def engine() -> Opa:
    return Opa({"PATH": str(opa().parent)}, seconds=5)


def lay(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_messages_become_findings(engine: Opa, tmp_path: Path) -> None:
    ran = engine.evaluate(lay(tmp_path, {"p/s3.rego": PUBLIC}), ["p"], INPUT)
    assert (ran.breakages, ran.old) == ((), ())
    public, odd = findings(ran.data, "prod")
    assert (public.rule, public.severity, public.status) == ("house.s3.deny", Severity.CRITICAL, Status.FAIL)
    assert (public.message, public.address, public.fix) == ("it is public", "aws_s3_bucket.it", "private")
    assert (public.stack, public.blocks) == ("prod", True)
    assert (odd.rule, odd.message, odd.blocks) == ("house.s3.warn_name", "odd name", False)


def test_policies_of_conftest_run_as_they_are(engine: Opa, tmp_path: Path) -> None:
    old = """
package main

deny[msg] { input.resources[_].after.acl == "public-read"; msg = sprintf("%s is public", [input.resources[_].address]) }
deny_tags[msg] { not input.resources[0].after.tags; msg = "no tags" }
violation[{"msg": msg, "details": {}}] { data.limits.buckets < 1; msg = "too many" }
exception[rules] { rules = ["tags"] }
"""
    files = {"policy/main.rego": old, "policy/limits.json": '{"limits": {"buckets": 0}}'}
    ran = engine.evaluate(lay(tmp_path, files), ["policy"], INPUT)
    assert ran.old == ("policy",)
    assert sorted(f.message for f in findings(ran.data, "dev")) == ["aws_s3_bucket.it is public", "too many"]


@pytest.mark.parametrize(
    ("policy", "why", "line"),
    [
        ("package a\n\ndeny contains 1 if time.now_ns() > 1\n", "time.now_ns is disabled: the same plan", 3),
        ('package a\n\ndeny contains 1 if rand.intn("a", 2) == 1\n', "rand.intn is disabled", 3),
        ('package a\n\ndeny contains uuid.rfc4122("a")\n', "uuid.rfc4122 is disabled", 3),
        ("package a\n\ndeny contains 1 if f(1)\n\nf(x) if g(x)\n\ng(x) if f(x)\n", "recurs", 5),
        ("package a\n\ndeny contains 1 if {\n", "rego_parse_error", 4),
        ("package a\n\ndeny contains x if {\n  x := nothing.here\n}\n", "unsafe", 4),
        ('package a\n\ndeny contains 1 if http.send({"method": "get", "url": "http://localhost"})\n', "http.send", 3),
        ("package a\n\ndeny contains 1 if opa.runtime().env\n", "opa.runtime", 3),
        ('package a\n\ndeny contains 1 if net.lookup_ip_addr("localhost")\n', "net.lookup_ip_addr", 3),
        ("package a\n\nx := 1 if true\n\nx := 2 if true\n\ndeny contains x\n", "conflict", 5),
        ("package a\n\ndeny contains 1 if count([1 | some i in numbers.range(1, 90000000)]) > 1\n", "time limit", 0),
    ],
)
def test_a_policy_that_cannot_be_run_says_where_and_is_not_passed(
    engine: Opa, tmp_path: Path, policy: str, why: str, line: int
) -> None:
    if why == "too long":
        engine = Opa({"PATH": str(opa().parent)}, seconds=0.5)
    ran = engine.evaluate(lay(tmp_path, {"p/bad.rego": policy}), ["p"], INPUT)
    assert ran.breakages
    first = ran.breakages[0]
    assert why in first.message or why.startswith("rego_parse")
    if line:
        assert (first.path, first.line) == ("p/bad.rego", line)
    finding = evaluation_failure(first, "dev")
    assert (finding.status, finding.blocks) == (Status.UNKNOWN, True)


def test_policies_see_nothing_of_the_environment(engine: Opa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter22")
    ran = engine.evaluate(lay(tmp_path, {"p/a.rego": "package a\n\ndeny contains input.SECRET\n"}), ["p"], INPUT)
    assert "hunter22" not in json.dumps(ran.data)


def test_tests_beside_policies_are_not_run_with_them(engine: Opa, tmp_path: Path) -> None:
    files = {"p/s3.rego": PUBLIC, "p/s3_test.rego": "package house.s3\n\ndeny contains 'broken"}
    assert engine.evaluate(lay(tmp_path, files), ["p"], INPUT).breakages == ()


def test_without_opa_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="opa was not found") as caught:
        _ = Opa({"PATH": str(tmp_path)}).program
    assert "go install" in (caught.value.hint or "")
    false = tmp_path / "opa"
    false.write_text("#!/bin/sh\necho hello\n")
    false.chmod(0o755)
    with pytest.raises(NotReady, match=r"is not OPA 1\.0 or newer"):
        _ = Opa({"PATH": f"{tmp_path}:{os.environ['PATH']}"}).program


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
RULES = st.dictionaries(st.sampled_from(["deny", "warn_x", "violation", "exception", "other"]), JSON, max_size=4)


@given(st.dictionaries(st.text(max_size=4), RULES | JSON, max_size=3))
def test_whatever_policies_give_becomes_findings(data: dict[str, object]) -> None:
    for finding in findings(data, "dev"):
        assert finding.message
        assert finding.rule


DESCRIBED = """# METADATA
# title: Buckets are not public
# description: Anybody could read them.
# related_resources:
# - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
# custom:
#   id: s3-public
#   severity: critical
#   family: public-storage
#   types: [aws_s3_bucket]
#   controls: [s3_bucket_public_access]
#   remediation: Remove the acl.
package house.s3

deny contains {"msg": "public"} if input.public
"""


def test_policies_describe_their_rules(engine: Opa, tmp_path: Path) -> None:
    lay(tmp_path, {"p/s3.rego": DESCRIBED, "p/plain.rego": PUBLIC, "q/broken.rego": "package q\n\ndeny if {"})
    (rule,) = engine.catalogue(tmp_path, ["p", "q"])
    assert (rule.id, rule.title, rule.severity) == ("s3-public", "Buckets are not public", Severity.CRITICAL)
    assert (rule.family, rule.why, rule.fix) == ("public-storage", "Anybody could read them.", "Remove the acl.")
    assert (rule.types, rule.controls) == (("aws_s3_bucket",), ("s3_bucket_public_access",))
    assert len(rule.references) == 1
    assert (rule.path, rule.line) == ("p/s3.rego", 13)


def test_policies_of_both_versions_stand_side_by_side(engine: Opa, tmp_path: Path) -> None:
    files = {
        "old/main.rego": 'package main\n\ndeny[msg] { input.resources[_].type == data.kinds[_]; msg := "old" }\n',
        "new/main.rego": PUBLIC,
        "shared/kinds.json": '{"kinds": ["aws_s3_bucket"]}',
    }
    ran = engine.evaluate(lay(tmp_path, files), ["new", "old", "shared"], INPUT)
    assert (ran.breakages, ran.old) == ((), ("old",))
    assert {f.rule for f in findings(ran.data, "dev")} == {"main.deny", "house.s3.deny", "house.s3.warn_name"}


def test_a_broken_folder_beside_a_good_one_is_told_with_its_line(engine: Opa, tmp_path: Path) -> None:
    files = {"old/main.rego": 'package main\n\ndeny[msg] { msg := "x" }\n', "bad/a.rego": "package a\n\ndeny if {\n"}
    ran = engine.evaluate(lay(tmp_path, files), ["old", "bad"], INPUT)
    assert [(one.path, one.line) for one in ran.breakages] == [("bad/a.rego", 4)]
    assert [f.message for f in findings(ran.data, "dev")] == ["x"]


SLOW = "package slow\n\ndeny contains 1 if count([1 | some i in numbers.range(1, 90000000)]) > 1\n"
GROWING = """package growing

deny contains 1 if count([[i, j] | some i in numbers.range(1, 5000); some j in numbers.range(1, 5000)]) > 1
"""


def test_what_takes_too_long_is_named(tmp_path: Path) -> None:
    engine = Opa({"PATH": str(opa().parent)}, seconds=1)
    root = lay(tmp_path, {"p/good.rego": PUBLIC, "p/slow.rego": SLOW})
    (one,) = engine.evaluate(root, ["p"], INPUT).breakages
    assert (one.message, one.path) == ("they exceeded the time limit", "p/slow.rego")


def test_what_takes_too_much_memory_is_named(tmp_path: Path) -> None:
    engine = Opa({"PATH": str(opa().parent)}, seconds=20, memory=1 << 28)
    root = lay(tmp_path, {"p/good.rego": PUBLIC, "p/growing.rego": GROWING})
    (one,) = engine.evaluate(root, ["p"], INPUT).breakages
    assert (one.message, one.path) == ("they need more than 256 MB of memory", "p/growing.rego")


def test_what_says_too_much_is_named(tmp_path: Path) -> None:
    engine = Opa({"PATH": str(opa().parent)}, seconds=20, output=1 << 20)
    much = 'package much\n\ndeny contains sprintf("%d %s", [i, input.text]) if some i in numbers.range(1, 2000)\n'
    root = lay(tmp_path, {"p/good.rego": PUBLIC, "p/much.rego": much})
    (one,) = engine.evaluate(root, ["p"], {**INPUT, "text": "x" * 1000}).breakages
    assert (one.message, one.path) == ("they printed more than 1 MB", "p/much.rego")
