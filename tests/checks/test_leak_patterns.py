"""Patterns that begin with what is searched for fast find what their plain forms find, in any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.secrets.kinds import BY_NAME

PLAIN = {
    "aws-access-key": r"(?<![A-Za-z0-9/+])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9/+])",
    "url-password": r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@\"'<>?#]{0,64}:([^\s/@\"'<>]{3,128})@[A-Za-z0-9\[$]",
    "connection-string": r"(?:;\s*|(?:Server|Data Source|Host|User Id|Uid|Username)=[^;\"'\n]{1,200};\s*)"
    r"(?i:password|pwd)=([^;\"'\s]{4,128})",
}
PARTS = [
    *("AKIA", "ASIA", "ABCDEFGH234567AB", "A", "a", "7", "/", "+", " ", "\n", '"', ";", "; ", "x"),
    *("https", "postgres", "s3", "://", "user", ":", "pa55word!", "@", "db.local", "?", "."),
    *("Server=", "Host=", "tcp:db,1433", "User Id=", "Password=", "pwd=", "PASSWORD=", "hunter-22"),
]


@pytest.mark.parametrize("name", PLAIN)
@given(parts=st.lists(st.sampled_from(PARTS), max_size=14))
def test_a_pattern_finds_the_secrets_that_its_plain_form_finds(name: str, parts: list[str]) -> None:
    text = "".join(parts)
    fast, plain = BY_NAME[name].pattern, re.compile(PLAIN[name])
    group = min(plain.groups, 1)
    found, wanted = ({m.span(group) for m in pattern.finditer(text)} for pattern in (fast, plain))
    # The fast form does not ask whether a scheme begins with a letter and is of a usual length.
    assert wanted <= found if name == "url-password" else wanted == found
