"""Answers to commands: what stands between backticks is code, whatever else is only text, and no line is told twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from terrace.report.markdown.escape import prose
from terrace.report.markdown.replies import Reply, as_markdown


def test_what_comes_next_is_told_once_and_a_hint_is_a_sentence() -> None:
    text = as_markdown(
        Reply("No.", following=("/terrace help", "/terrace help"), hint="`terrace status` tells [it]"), "1"
    )
    assert text.endswith("**Next**: `terrace status` tells &#91;it&#93; · `/terrace help`\n")


@given(st.text(alphabet="`*_[](<>)@#!|\\ab \n"))
def test_a_sentence_formats_nothing_but_code(text: str) -> None:
    (inline,) = (token for token in MarkdownIt().parse(f"x{prose(text)}x") if token.type == "inline")
    assert {child.type for child in inline.children or ()} <= {"text", "text_special", "code_inline"}
