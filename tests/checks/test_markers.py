"""Terrace writes between the markers, and changes no other byte of a README."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.module_docs.markers import BEGIN, END, PAIRS, find_marked, put
from terrace.errors import BadInput

OURS = f"{BEGIN}\nold\n{END}\n".encode()
PIECE = st.sampled_from(
    [
        b"",
        b"# Title\n",
        b"text\r\n",
        b"\r\n",
        b"\n",
        b"\xff\xfe\n",
        b"  \t\n",
        b"```\nx\n```\n",
        b"| a |\n",
        b"<!-- no -->\n",
    ]
)


@given(
    st.lists(PIECE, max_size=6).map(b"".join),
    st.lists(PIECE, max_size=6).map(b"".join),
    st.sampled_from(PAIRS),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_all_outside_stays_and_twice_is_once(
    before: bytes, after: bytes, pair: tuple[str, str], newline: bytes, bom: bool, last: bool
) -> None:
    first, second = (f"<!-- {word} -->".encode() for word in pair)
    head = (b"\xef\xbb\xbf" if bom else b"") + before + first + newline
    tail = second + (newline + after if last else b"")
    once = put("new\npage", head + b"old\n" + tail, "README.md")
    assert once == head + b"new" + newline + b"page" + newline + tail
    assert put("new\npage", once, "README.md") == once


@pytest.mark.parametrize(
    ("content", "added"),
    [
        (b"", f"{BEGIN}\npage\n{END}\n".encode()),
        (b"\xef\xbb\xbf", f"{BEGIN}\npage\n{END}\n".encode()),
        (b"# A\n", f"\n{BEGIN}\npage\n{END}\n".encode()),
        (b"# A", f"\n\n{BEGIN}\npage\n{END}".encode()),
        (b"# A\r\n", f"\r\n{BEGIN}\r\npage\r\n{END}\r\n".encode()),
    ],
    ids=["empty", "a mark of the byte order", "text", "no last newline", "Windows"],
)
def test_without_markers_the_docs_are_added_at_the_end(content: bytes, added: bytes) -> None:
    made = put("page", content, "README.md")
    assert made == content + added
    assert put("page", made, "README.md") == made


def test_markers_in_a_code_block_are_text() -> None:
    content = b"````\n```\n<!-- BEGIN_TF_DOCS -->\n````\n\n    " + OURS + b"\n"
    assert find_marked(content.replace(b"    " + OURS, b"    <!-- BEGIN_TF_DOCS -->\n"), "README.md") is None
    shown = b"```\n" + OURS + b"```\n"
    assert put("page", shown + OURS, "README.md") == shown + OURS.replace(b"old", b"page")


def test_what_is_between_the_markers_may_be_anything_but_their_end() -> None:
    inside = OURS.replace(b"old", b"```\nnever closed\n# old")
    assert put("page", inside, "README.md") == OURS.replace(b"old", b"page")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"# A\n\n{BEGIN}\nold\n", 3),
        (f"# A\n\n{END}\nold\n", 3),
        (f"{END}\n{BEGIN}\n", 1),
        (f"{BEGIN}\nold\n{END}\n\n{BEGIN}\n{END}\n", 5),
        (f"{BEGIN}\n{END}\n{END}\n", 3),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", 2),
        (f"{BEGIN}\n<!-- END_TF_DOCS -->\n", 2),
        (f"{BEGIN}\n{END}\n<!-- BEGIN_TF_DOCS -->\n<!-- END_TF_DOCS -->\n", 3),
    ],
    ids=["no end", "no begin", "other way round", "twice", "two ends", "two begins", "another's end", "two kinds"],
)
def test_markers_that_are_half_there_or_twice_are_an_error_at_their_line(content: str, line: int) -> None:
    with pytest.raises(BadInput) as told:
        put("page", content.encode(), "modules/a/README.md")
    assert str(told.value).startswith(f"modules/a/README.md:{line}: ")
    assert told.value.hint
    assert told.value.exit_code == 2


@pytest.mark.parametrize("first", ["[//]: # (BEGIN_TF_DOCS)", "<!--BEGIN_TF_DOCS-->", "  <!-- BEGIN_TF_DOCS -->  "])
def test_markers_of_terraform_docs_are_understood_as_it_writes_them(first: str) -> None:
    last = first.replace("BEGIN", "END")
    assert put("page", f"{first}\nold\n{last}".encode(), "README.md") == f"{first}\npage\n{last}".encode()
