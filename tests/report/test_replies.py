"""Replies to commands: text between backticks is code, other text is escaped, and no command is listed twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from terrace.report.markdown.escape import prose
from terrace.report.markdown.replies import Reply, reply_markdown


def test_next_commands_are_listed_once_and_a_hint_is_a_sentence() -> None:
    text = reply_markdown(
        Reply("No.", following=("/terrace help", "/terrace help"), hint="`terrace status` tells [it]"), "1"
    )
    assert text.endswith("**Next**: `terrace status` tells &#91;it&#93; · `/terrace help`\n")


@given(st.text(alphabet="`*_[](<>)@#!|\\ab \n"))
def test_only_code_in_a_sentence_is_formatted(text: str) -> None:
    (inline,) = (token for token in MarkdownIt().parse(f"x{prose(text)}x") if token.type == "inline")
    assert {child.type for child in inline.children or ()} <= {"text", "text_special", "code_inline"}
