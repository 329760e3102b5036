"""Texts of others that try to act: on a terminal, in Markdown, in the log of a job, in a configuration."""

from __future__ import annotations

from hypothesis import strategies as st

HOSTILE = (
    "[/x]",
    "[red]",
    "[bold red on white]all checks passed[/]",
    "[link=https://evil.example]here[/link]",
    "[x](https://evil.example)",
    "[@click=app.bell]x",
    ":smile: :100: :+1:",
    "\\[",
    "\x1b[2J\x1b[31m",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x9b31m\x9d0;title\x9c",
    "\x07\x08\x08\x08\x0b\x0c\x7f",
    "a\rverdict: pass",
    "closed\nverdict: pass",
    "closed\x85verdict: pass\u2028verdict: pass\u2029",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "zero\u200bwidth\u200d\u2060\ufeff\u00ad",
    "\u034f\u115f\u3164\u2800\uffa0",
    "tags \U000e0001\U000e0041\U000e007f",
    "e" + "\u0301" * 20,
    "x\ufe0f\ufe0f\ufe00\U000e0100",
    "\udfff\udc80\ud800",
    "::set-output name=environment::prod",
    "  ::error file=x::y",
    "::stop-commands::x",
    "text ##[set-output name=environment;]prod",
    "##vso[task.setvariable variable=x]y",
    "section_start:1:x\r\x1b[0K",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)\" x=\"",
    "</details></td></table><!--",
    "-->",
    "```\n# broken out\n```",
    "`` ` ``",
    "| a | b |\n| --- | --- |",
    "@everyone #1 GH-1 www.evil.example https://evil.example a@evil.example",
    "1. one",
    "===",
    "    indented",
    "$$x$$ $y$",
    "]]>&amp;&lt;!--",
    '{0} %n %SRCROOT% ${file("/etc/passwd")} %{ if true }',
    '"\n}\nresource "x" "y" {',
    "--output=/tmp/x",
    "$(id) `id` ; id | id && id",
    "\0",
    "",
    " ",
)
"""Texts, each of which does something where it is not taken for text."""

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec=None), max_size=40),
    st.lists(st.sampled_from([*HOSTILE, "a", " ", "`", "|", "\n", ":", "#", "[", "]"]), min_size=1, max_size=5).map(
        "".join
    ),
)
"""Text as it may come from a repository, a tool, a provider, a person, or the ledger."""
