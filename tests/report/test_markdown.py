"""Text of others in Markdown is only text, as a forge and as a plain reader of CommonMark see it."""

from __future__ import annotations

import html
import re

from hypothesis import example, given
from markdown_it import MarkdownIt

from support.hostile import texts
from terrace.report.markdown.escape import code, code_block, plain, plain_within, prose
from terrace.text import visible

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
SPACE = "\u200b"


def tokens(text: str) -> list[tuple[str, str]]:
    """Every token of a text that formats or says something, with what it says."""
    flat = [token for one in READER.parse(text) for token in (one, *(one.children or ()))]
    silent = ("paragraph_open", "paragraph_close", "inline")
    return [(token.type, token.content) for token in flat if token.type not in silent]


@given(texts)
@example("www.evil.example")
@example("/merge")
def test_text_of_others_in_markdown_is_shown_letter_by_letter(text: str) -> None:
    for told in (plain(text), f"- {plain(text)}", f"| {plain(text)} |"):
        inner = [
            one
            for one in tokens(told)
            if one[0] not in ("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close")
        ]
        assert {kind for kind, _ in inner} <= {"text"}
    said = "".join(content for _, content in tokens(f"x{plain(text)}x")).replace(SPACE, "")
    assert said == f"x{visible(text)}x"
    assert not plain(text).startswith("/")
    # What a forge looks for in what was rendered.
    assert not re.search(r"\bwww\.|://", plain(text), re.IGNORECASE)
    assert not re.search(r"@\w|#\d|:[a-z]+:|\bGH-\d", html.unescape(plain(text)))


@given(texts, texts)
@example("", "<b>")
def test_text_of_others_in_a_code_span_stays_in_it(one: str, other: str) -> None:
    found = tokens(f"x {code(one)} y {code(other)} z")
    assert [kind for kind, _ in found] == ["text", "code_inline", "text", "code_inline", "text"]
    for (_, said), text in zip(found[1::2], (one, other), strict=True):
        assert said == (visible(text).replace("|", "¦") or " ")


@given(texts, texts)
def test_text_of_others_in_a_block_of_code_stays_in_it(one: str, other: str) -> None:
    assert [kind for kind, _ in tokens(f"{code_block([one, other], 'diff')}\n\nend")] == ["fence", "text"]


@given(texts)
def test_text_of_others_fits_where_there_is_a_limit(text: str) -> None:
    assert len(plain_within(text * 5, 100)) <= 100
    assert {kind for kind, _ in tokens(prose(text))} <= {"text", "code_inline"}
