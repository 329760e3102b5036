"""A command is heard where a forge shows it as a plain line, and nowhere else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.forge.grammar import Approve, UnknownCommand, read_command
from terrace.forge.plain_lines import LONGEST

HASH = "1a2b3c4d" * 4
LINE = f"/terrace approve prod {HASH}"
HEARD = Approve("prod", HASH)

TALK = {
    "fenced": "```\n{}\n```",
    "fenced with tildes": "~~~\n{}\n~~~",
    "fenced and never closed": "```sh\nx\n\n{}",
    "a formula in a fence": "```math\n{}\n```",
    "indented": "    {}",
    "quoted": "> {}",
    "an item": "- {}",
    "a numbered item": "1. {}",
    "a heading": "# {}",
    "a comment": "<!--\n{}\n-->",
    "a comment that is never closed": "<!-- x\n\n{}\n",
    "inline code": "`{}`",
    "a cell": "| a |\n| --- |\n| {} |",
}
"""Constructs that hold the line as talk about a command: nothing is answered."""

DOUBTFUL = {
    "inline code over lines": "see `x\n{}\ny`",
    "pre": "<pre>\n{}\n</pre>",
    "pre after a blank line": "<pre>\n\n{}\n\n</pre>",
    "code": "<code>\n{}\n</code>",
    "code with blank lines": "<code>\n\n{}\n\n</code>",
    "inline code element": "see <code>\n{}\n</code>",
    "div": "<div>\n{}\n</div>",
    "div with blank lines": "<div hidden>\n\n{}\n\n</div>",
    "details": "<details><summary>x</summary>\n\n{}\n\n</details>",
    "details never closed": "<details>\n\n{}",
    "blockquote of HTML": "<blockquote>\n\n{}\n\n</blockquote>",
    "table of HTML": "<table><tr><td>\n\n{}\n\n</td></tr></table>",
    "struck in HTML": "<del>\n\n{}\n\n</del>",
    "script": "<script>\n{}\n</script>",
    "style": "<style>\n{}\n</style>",
    "textarea": "<textarea>\n{}\n</textarea>",
    "after a raw element": "<textarea></textarea>\n\n{}",
    "a processing instruction": "<?php\n{}\n?>",
    "a declaration": "<!X\n{}\n>",
    "CDATA": "<![CDATA[\n{}\n]]>",
    "CDATA in a line": "x <![CDATA[\n{}\n]]>",
    "an attribute": 'x <b title="\n{}\n">y</b>',
    "an attribute of a block": '<div title="\n{}\n">',
    "a comment in a line": "x <!--\n{}\n-->",
    "a comment that HTML ends before": "<!--> <details> -->\n\n{}",
    "a comment that HTML ends otherwise": "<!-- --!> <details> -->\n\n{}",
    "tags out of order": "<b><i></b></i>\n\n{}",
    "the title of a link": '[x](/y "\n{}\n")',
    "the text of a link": "[x\n{}\n](https://example.com)",
    "the text of an image": "![x\n{}\n](https://example.com)",
    "the title of a definition": '[x]: /y "\n{}\n"',
    "the text below a definition": "[x]: /y\n{}",
    "a footnote": "[^1]: x\n{}",
    "a footnote in a paragraph": "x\n[^1]: x\n{}",
    "a formula": "$$\n{}\n$$",
    "a formula over paragraphs": "$$ x\n\n{}\n\n$$",
    "a formula in a line": "see $x\n{}\n$",
    "a lazy line of a quote": "> x\n{}",
    "a lazy line of a quote in a quote": "> > x\n{}",
    "a lazy line of an item": "- x\n{}",
    "a lazy line of a numbered item": "1. x\n{}",
    "a heading with a line below": "{}\n===",
    "a smaller heading with a line below": "{}\n---",
    "a row of a table": "| a |\n| --- |\n{}",
    "a head of a table": "{}\n| --- |",
    "a head of a table without lines": "{}\n:-:",
    "emphasis over lines": "**x\n{} y**",
    "struck over lines": "~~x\n{} y~~",
    "a header of data": "---\na: b\n\n{}\n\n---",
}
"""Constructs in which a forge shows the line as something else than plain: refused, with the reason."""


@pytest.mark.parametrize("name", TALK)
def test_a_command_in_talk_is_not_heard(name: str) -> None:
    assert read_command(TALK[name].format(LINE)) is None


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_command_that_is_not_shown_plain_is_not_heard_and_told_why(name: str) -> None:
    for before in ("", "Hello\n\n", "- x\n\nThen\n\n"):
        if name == "a header of data" and before:
            continue
        found = read_command(before + DOUBTFUL[name].format(LINE))
        assert found is None or isinstance(found, UnknownCommand), name
    found = read_command(DOUBTFUL[name].format(LINE))
    assert isinstance(found, UnknownCommand) and found.why, name


PLAIN = (
    "",
    "Looks good.\n",
    "Looks *good*, `x` and [y](https://example.com).\n\n",
    "It costs 5 < 6 & 7.\n",
    "# Title\n",
    "```\n/terrace status\n```\n",
    "> /terrace status\n\n",
    "- x\n- y\n\n",
    "| a | b |\n| --- | --- |\n| c | d |\n\n",
    "<!-- a template -->\n",
    "<!--\n/terrace status\n-->\n\n",
    "<details><summary>log</summary>\n\n```\nx\n```\n\n</details>\n\n",
    'see <img src="https://example.com/a.png" width="10"> and <b>this</b>\n\n',
    "***\n",
    "$$x$$\n\n",
    "one\\\ntwo  \n",
    "@ann: #1\n\n",
    "[x]: /y\n\n",
)


@given(
    st.lists(st.sampled_from(PLAIN), max_size=4),
    st.sampled_from(["", "\n", "\nThanks!", "\n\n- x", "  \n\n> y", "\r\n"]),
)
def test_a_plain_line_is_always_heard(before: list[str], after: str) -> None:
    assert read_command("".join(before) + LINE + after) == HEARD


@given(
    st.lists(st.sampled_from(PLAIN), max_size=3),
    st.sampled_from([*TALK.values(), *(form for form in DOUBTFUL.values() if form[:3] != "---")]),
    st.sampled_from(["", "\n\nmore", "\n", "\r\n\r\nmore"]),
)
def test_no_construct_lets_a_command_through_whatever_is_around_it(before: list[str], form: str, after: str) -> None:
    assert not isinstance(read_command("".join(before) + form.format(LINE) + after), Approve)


@given(
    st.lists(
        st.sampled_from(
            [
                LINE,
                "\n",
                "\n\n",
                "`",
                "```\n",
                "<!--",
                "-->",
                "<b>",
                "</b>",
                "<pre>",
                "> ",
                "- ",
                "$$",
                "$",
                "[",
                "](x",
                '"',
                ")",
                "[a]: ",
                "|",
                "---",
                "**",
                "~~",
                "<?",
                "?>",
                "<a b='",
                "'>",
                " ",
                "    ",
                "\r",
                "x",
            ]
        ),
        max_size=12,
    )
)
def test_what_is_heard_is_a_line_of_a_paragraph_and_nothing_breaks(parts: list[str]) -> None:
    text = "".join(parts)
    if isinstance(read_command(text), Approve):
        assert LINE in [line.rstrip(" \t") for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "![",
        "`a",
        "<!--",
        "<a ",
        "*a_",
        "> ",
        "- ",
        "**",
        "[a](",
        "<",
        "&",
        "\\",
        "| a ",
        "|-",
        "]: ",
        "$",
        "~~a",
        "<?",
        "<![CDATA[",
        "[a]: /b\n",
        "<b>",
        "'",
        "\n",
        " \t",
    ],
)
def test_no_comment_keeps_a_machine_busy(piece: str) -> None:
    text = f"{piece * ((LONGEST - 80) // len(piece))}\n\n{LINE}"
    assert len(text) <= LONGEST
    began = time.process_time()
    read_command(text)
    assert time.process_time() - began < 20


def test_a_comment_with_a_command_has_a_size() -> None:
    assert read_command(f"{LINE}\n\n{'x' * (LONGEST - len(LINE) - 2)}") == HEARD
    assert isinstance(read_command(f"{LINE}\n\n{'x' * LONGEST}"), UnknownCommand)
