"""Patches and accepted secrets: anything can be read, and a fault in accepted secrets is reported with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.secrets.baseline import read_baseline
from terrace.checks.secrets.patch import patches
from terrace.config.problems import BadConfig

PIECES = [
    b"\0abc\n",
    b"message\n",
    b"\0\n",
    b"diff --git a/x b/x\n",
    b"+++ b/x\n",
    b"+++ /dev/null\n",
    b'+++ "b/\\303x"\n',
]
PIECES += [
    b"@@ -1 +1 @@\n",
    b"@@@ -1 -1 +1,2 @@@\n",
    b"+new\n",
    b" old\n",
    b"-gone\n",
    b"++both\n",
    b"\n",
    b"\\ No newline\n",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20)))
def test_whatever_git_says_every_line_has_its_number(lines: list[bytes]) -> None:
    # A stream is read line by line: no line holds the end of another.
    for patch in patches([part + b"\n" for part in b"".join(lines).split(b"\n")]):
        assert len(patch.numbers) == patch.text.count("\n") + 1 or not patch.whole


def test_only_what_is_added_has_a_number_above_zero() -> None:
    lines = [
        b"\0abc\n",
        b"m\0\n",
        b"diff --git a/x b/x\n",
        b"+++ b/x\n",
        b"@@ -3,2 +3,2 @@\n",
        b" old\n",
        b"-gone\n",
        b"+++ b/y\n",
    ]
    _, patch = patches(lines)
    assert (patch.path, patch.text, patch.numbers) == ("x", "old\n++ b/y", (-3, 4))


@pytest.mark.parametrize(
    "text", [b"version: 1\naccepted:\n  - {owner: ann}\n", b"accepted: []\n", b"version: 1\nmore: 2\n"]
)
def test_a_fault_in_the_accepted_secrets_is_reported(text: bytes) -> None:
    with pytest.raises(BadConfig, match=r"\.terrace/secrets\.yaml"):
        read_baseline(text)
