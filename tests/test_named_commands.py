"""Every command that Terrace tells people to run exists, with these options, and lacks none that it needs."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import terrace
from support.named_commands import (
    FIELD,
    NamedCommand,
    commands_in_page,
    commands_in_source,
    find_mistake,
    hints_in,
    options_of,
    sources,
)
from terrace.apps.cli.main import cli

ROOT = Path(terrace.__file__).parent
NO_COMMAND = {("adapters/backup_encryption.py", "terrace recipients")}
"""Texts that only look like a command: a label that a hash begins with."""

# What a file of a workflow is filled in with: before it is written, when it runs, by the shell.
_FILLED_IN = re.compile(r"<<[^>]*>>|\$\{\{[^}]*\}\}")
_IF_GIVEN = re.compile(r"\$\{[A-Z]+:\+[^}]*\}")


def python() -> list[NamedCommand]:
    return [told for place, text in sources(ROOT) for told in commands_in_source(text, place)]


def others() -> list[NamedCommand]:
    found: list[NamedCommand] = []
    for path in sorted(ROOT.rglob("*")):
        if path.suffix in (".yml", ".yaml", ".md", ".tf", ".html", ".rego"):
            text = _IF_GIVEN.sub("", _FILLED_IN.sub(FIELD, path.read_text()))
            found += commands_in_page(text, str(path.relative_to(ROOT)))
    return found


def mistakes(commands: list[NamedCommand]) -> list[str]:
    return [
        f"{told.place}: `{told.text}`: {why}"
        for told in commands
        if (told.place.partition(":")[0], told.text) not in NO_COMMAND and (why := find_mistake(cli, told))
    ]


def test_every_command_in_a_text_of_the_code_can_be_run_as_it_is_told() -> None:
    commands = python()
    assert len(commands) > 300, "the texts are looked through"
    assert mistakes(commands) == []


def test_every_command_in_the_files_that_terrace_writes_can_be_run_as_it_is_told() -> None:
    commands = others()
    assert len(commands) > 30, "the files are looked through"
    assert mistakes(commands) == []


def test_every_command_in_the_documentation_can_be_run_as_it_is_told() -> None:
    top = ROOT.parent.parent
    pages = [*(top / "docs").rglob("*.md"), top / "README.md", top / "SECURITY.md", top / "CONTRIBUTING.md"]
    # Arrows of diagrams are no options, and the reference of commands is made from the commands.
    commands = [
        told
        for page in pages
        if page.name != "commands.md"
        for told in commands_in_page(page.read_text(), str(page.relative_to(top)))
        if not {"--", "-->"} & set(told.words)
    ]
    assert len(commands) > 200, "the pages are looked through"
    assert mistakes(commands) == []


def test_every_option_that_a_hint_names_without_its_command_is_one_of_terrace() -> None:
    known = options_of(cli)
    strange = [
        f"{place}: {option} in {hint!r}"
        for path, text in sources(ROOT)
        for place, hint in hints_in(text, path)
        if not re.search(r"\b(?:git|opa) ", hint)
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", hint)
        if option not in known
    ]
    assert strange == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("look: `terrace lodger verify`", "no command 'lodger'"),
        ("`terrace ledger vanish`", "no command 'vanish' of ledger"),
        ("`terrace unhold prod --force`", "No such option '--force'"),
        ("`terrace unhold prod`", "unhold needs --reason"),
        ("next: terrace resume prod --settle x, then wait", "No such option"),
        ("`terrace destroy prod a b --reason WHY`", "takes no"),
        ("`terrace approve --json`", "needs environment"),
        ("`terrace drift prod --remedy`", "No such option"),
        ("`terrace --helpme`", "has no option"),
        ("`terrace init --repository`", "No such option"),
    ],
)
def test_a_command_that_cannot_be_run_is_found(text: str, why: str) -> None:
    (told,) = commands_in_source(f"hint = {text!r}", "x.py")
    assert why in find_mistake(cli, told)


@pytest.mark.parametrize(
    "text",
    [
        "`terrace unhold`",
        "`terrace ledger verify`",
        'terrace hold ENV --reason "a, b: c"; then look',
        "specify one: terrace resume ENV",
        "see docs of terrace.yaml, or /terrace approve FIELD",
        "`terrace drift prod` and `terrace drift look prod --watch`",
        "`terrace --help`",
    ],
)
def test_a_command_that_can_be_run_or_is_only_named_is_no_mistake(text: str) -> None:
    assert [
        find_mistake(cli, told) for told in commands_in_source(f"hint = {text!r}", "x.py") if find_mistake(cli, told)
    ] == []


def test_a_text_of_several_pieces_and_fields_is_one_text() -> None:
    source = 'raise Error(hint=f"`terrace unhold {name} "\n    f"--reason WHY{more}`; or `terrace {command}`")'
    told = list(commands_in_source(source, "x.py"))
    assert [one.text for one in told] == [f"terrace unhold {FIELD} --reason WHY{FIELD}", f"terrace {FIELD}"]
    assert [find_mistake(cli, one) for one in told] == ["", ""]
    assert isinstance(cli, click.Group)
