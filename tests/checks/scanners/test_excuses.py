"""Comments that tell scanners to skip a rule apply only where they were accepted."""

from __future__ import annotations

import pytest

from terrace.checks.scanners.excuses import disable_new_excuses

COMMENTS = (
    b"#checkov:skip=CKV_AWS_20:public on purpose",
    b"# bridgecrew:skip=CKV_AWS_20",
    b"#trivy:ignore:AWS-0086",
    b"// tfsec:ignore:aws-s3-block",
    b"# tflint-ignore: terraform_unused_declarations",
    b'key = "x" # gitleaks:allow',
    b'key = "x" # trufflehog:ignore',
)


@pytest.mark.parametrize("comment", COMMENTS)
def test_one_that_a_change_brings_is_unmade_and_lines_stay(comment: bytes) -> None:
    content = b'resource "a" "b" {\r\n' + comment + b"\n}\n"
    made = disable_new_excuses(content, b"")
    assert len(made) == len(content)
    assert made.count(b"\n") == content.count(b"\n")
    assert comment not in made
    assert disable_new_excuses(made, b"") == made


@pytest.mark.parametrize("comment", COMMENTS)
def test_one_that_was_accepted_counts_as_often_as_it_was(comment: bytes) -> None:
    old = b"{\n  " + comment + b"\n}\n"
    assert disable_new_excuses(b"{\n    " + comment + b"\n}\n", old) == b"{\n    " + comment + b"\n}\n"
    assert disable_new_excuses(old + old, old).count(comment) == 1


def test_another_reason_is_another_comment() -> None:
    assert disable_new_excuses(b"#checkov:skip=CKV_AWS_21", b"#checkov:skip=CKV_AWS_20") == b"#checkov_skip=CKV_AWS_21"
