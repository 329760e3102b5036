"""The terminal shows text of others letter by letter, and nothing in it acts."""

from __future__ import annotations

import io
import re
from pathlib import Path

from hypothesis import example, given
from rich.color import ColorSystem

from support.hostile import HOSTILE, texts
from terrace.report.terminal.screen import Group, Record, Screen, Table, Tree, line, paragraph, plain_text, spinner
from terrace.text import LONGEST, commit_text, field, harmless, json_text, readable, visible

SOURCE = Path(__file__).parents[2] / "src/terrace"


def on_a_terminal(record: Record) -> str:
    """What a terminal with colours is sent."""
    out = io.StringIO()
    screen = Screen(out, width=1000)
    screen._force_terminal, screen._color_system = True, ColorSystem.TRUECOLOR
    screen.print(record)
    return out.getvalue()


def every_way(text: str) -> list[Record]:
    table, grid, tree = Table("head", text), Table(), Tree(text, style="bold")
    table.add(text, (text, "red"))
    grid.add(text, paragraph([text, (text, "cyan")]))
    tree.node(text, (text, "green")).node(line(text, style="dim"))
    return [
        line(text),
        line("x ", (text, "red")),
        paragraph([text]),
        table,
        grid,
        tree,
        spinner(text),
        Group(line(text)),
    ]


@given(texts)
def test_text_of_others_acts_on_no_terminal(text: str) -> None:
    for record in every_way(text):
        told = plain_text(record)
        assert all(c.isprintable() or c == "\n" for c in told)
        assert visible(told.replace("\n", " ")) == told.replace("\n", " ")


@given(texts)
def test_text_of_others_is_shown_letter_by_letter_and_stays_one_line(text: str) -> None:
    assert plain_text(line(text)) == f"{field(text)}\n"
    assert plain_text(line("before ", (text, "red"), " after")) == f"before {field(text)} after\n"


def test_markup_emoji_and_links_are_text_and_crash_nothing() -> None:
    for text in ("[/x]", "[red]a[/red]", "[link=https://evil.example]x[/link]", ":smile:", "[x](y)", "\\[x]"):
        assert plain_text(line(text)) == f"{text}\n"
        for record in every_way(text):
            assert text in plain_text(record), record
        told = on_a_terminal(line((text, "red")))
        assert "\x1b]8" not in told and f"{text}" in told


def test_a_screen_shows_what_would_act_whoever_made_it() -> None:
    """Not even a text that passed no function of ours acts."""
    for text in ("\x1b]8;;https://evil.example\x1b\\x", "\u202ex", "a\x9b2Jb", "[red]x"):
        assert plain_text(text) == f"{visible(text)}\n"


def test_a_line_has_an_end() -> None:
    assert len(plain_text(line("a" * 1_000_000))) <= LONGEST + 1
    assert len(plain_text(line("\x1b" * 1_000_000))) <= LONGEST + 1


@given(texts)
def test_visible_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    told = visible(text)
    assert told.isprintable() and visible(told) == told and told.encode() is not None
    assert readable(text).replace("\n", "").isprintable()
    assert len(readable(text).split("\n")) == len(text.replace("\r\n", "\n").split("\n"))


def test_what_shows_nothing_is_shown_by_its_number() -> None:
    assert visible("a\u3164\u2800\u034fb") == "a\\u3164\\u2800\\u034fb"
    assert visible("\U000e0041") == "\\U000e0041"
    assert visible("e" + "\u0301" * 6) == "e" + "\u0301" * 4 + "\\u0301\\u0301"


def test_languages_and_pictures_of_people_stay() -> None:
    for text in ("naïve café", "नमस्ते", "שָׁלוֹם", "日本語", "⚠\ufe0f ok ❤\ufe0f", "🎉"):
        assert visible(text) == text


COMMANDS = re.compile(r"(?m)^\s*::|##[A-Za-z]*\[")


@given(texts)
@example("\n \t::error::x")
@example("##[##[group]")
def test_no_line_is_a_command_to_the_runner_of_a_job(text: str) -> None:
    assert not COMMANDS.search(harmless(text))


def test_json_stays_the_same_value_and_is_no_command() -> None:
    import json

    for text in HOSTILE:
        told = json_text(json.dumps({"a": [[text]], text: 1}))
        assert json.loads(told) == {"a": [[text]], text: 1} and not COMMANDS.search(told)


def test_only_the_screen_makes_what_rich_prints() -> None:
    """No other file may print markup, since none other has Rich at hand."""
    users = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if re.search(r"\brich\b", _imports(path))}
    assert users == {"report/terminal/screen.py"}
    text = (SOURCE / "report/terminal/screen.py").read_text()
    assert "from_markup" not in text and "markup=True" not in text and "render_markup" not in text


def _imports(path: Path) -> str:
    return "\n".join(re.findall(r"^\s*(?:from|import)\b.*", path.read_text(), re.MULTILINE))


@given(texts)
@example("Co-authored-by: ann <ann@example.com>")
@example("\n\nskip-checks: true")
@example("[skip ci] ***NO_CI*** fixes #1, GH-1 and https://github.com/o/r/issues/1 @ann")
def test_text_of_others_in_a_commit_calls_closes_and_skips_nothing(text: str) -> None:
    told = f"Reason: {commit_text(text)}"
    assert told.isprintable() and len(told) < 1100
    assert not re.search(r"[@#!]\w|\bGH-\d|\[\w|\*\*\*|://", told, re.IGNORECASE)


def test_no_line_of_a_tree_is_cut_where_lines_are_not() -> None:
    tree = Tree(line("root"))
    tree.node(line("a " * 300 + "END")).node(line("b" * 500 + "END"))
    assert plain_text(tree).count("END") == 2


def test_rows_of_a_piped_table_do_not_end_with_blanks() -> None:
    table = Table("name", "state")
    table.add("a", "deployed")
    table.add("longer", "x")
    file = io.StringIO()
    Screen(file, width=160, whole=True).print(Group(table, line("end  ")))
    assert file.getvalue().splitlines() == [" name    state", " a       deployed", " longer  x", "end"]
