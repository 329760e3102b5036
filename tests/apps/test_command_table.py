"""The table of commands agrees with the commands, and help imports only what it needs."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from terrace.apps.cli import commands
from terrace.apps.cli.main import COMMANDS, CommandTable, Entry, cli

HEAVY = ("msgspec", "ruamel", "rich", "httpx", "cryptography", "tree_sitter", "asyncio", "jinja2")

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"


def example() -> str:
    """The command that CONTRIBUTING.md shows."""
    section = CONTRIBUTING.read_text().partition("## Add a command\n")[2]
    return section.partition("```python\n")[2].partition("```")[0]


_IMPORTED = """\
import os, sys
from terrace.apps.cli.main import main
for name in sys.argv[1:]:
    if os.fork():
        assert os.wait()[1] == 0, name
        continue
    sys.argv[1:] = [*name.split(), "--help"]
    try:
        main()
    finally:
        print("\\nIMPORTED", name or "terrace", *sys.modules, flush=True)
"""


@cache
def imported_for_help() -> dict[str, set[str]]:
    """The modules that a process imports to show the help of each command, and of `terrace` itself."""
    program = [sys.executable, "-P", "-c", _IMPORTED, "", *COMMANDS]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("IMPORTED ")]
    return {name: set(modules) for _, name, *modules in lines}


def command(name: str) -> click.Command:
    named = cli.get_command(click.Context(cli), name)
    assert named is not None
    return named


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_sentence_of_its_help(name: str) -> None:
    assert COMMANDS[name].summary == command(name).get_short_help_str(100)
    assert command(name).name == name


def test_every_file_of_a_command_is_in_the_table() -> None:
    files = {path.stem for path in Path(commands.__path__[0]).glob("*.py")} - {"__init__"}
    assert {entry.module.rpartition(".")[2] for entry in COMMANDS.values()} == files


def test_the_commands_of_a_section_are_next_to_each_other() -> None:
    sections = [entry.section for entry in COMMANDS.values()]
    assert [s for n, s in enumerate(sections) if n == 0 or sections[n - 1] != s] == list(dict.fromkeys(sections))


def test_status_imports_neither_adapters_that_deploy_nor_gates_where_nothing_is_open(tmp_path: Path) -> None:
    (tmp_path / "environments/dev").mkdir(parents=True)
    (tmp_path / "environments/dev/main.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    (tmp_path / "terrace.yaml").write_text("version: 1\nenvironments:\n  dev: {}\n")
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    program = [sys.executable, "-P", "-c", _IMPORTED.replace('"--help"', '"--json"'), "status"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=True)
    modules = next(line.split() for line in done.stdout.splitlines() if line.startswith("IMPORTED "))
    late = (
        "terrace.adapters.terraform.client",
        "terrace.adapters.opa",
        "terrace.adapters.runner",
        "terrace.pipelines.deploy.gates",
    )
    assert '"name": "dev"' in done.stdout
    assert [name for name in modules if name.startswith(late)] == []


def test_help_imports_no_command() -> None:
    modules = imported_for_help()["terrace"]
    assert {name for name in modules if name.startswith("terrace.apps.cli.commands")} == set()
    assert {name for name in modules if name.split(".")[0] in HEAVY} == set()
    assert len([name for name in modules if name.startswith("terrace")]) < 25


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_imports_one_command_and_no_heavy_library(name: str) -> None:
    modules = imported_for_help()[name]
    ours = {name for name in modules if name.startswith("terrace.apps.cli.commands.")}
    assert ours == {COMMANDS[name].module}
    assert {name for name in modules if name.split(".")[0] in HEAVY} == set()


def test_the_example_of_a_new_command_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "greetings").mkdir()
    (tmp_path / "greetings/hello.py").write_text(example())
    monkeypatch.syspath_prepend(str(tmp_path))
    entries = {**COMMANDS, "hello": Entry("Start", "Greet ENV.", "greetings.hello")}
    table = CommandTable(entries, name="terrace", params=cli.params, callback=cli.callback)
    shown = CliRunner().invoke(table, ["--help"])
    assert "Greet ENV." in shown.output
    done = CliRunner().invoke(table, ["-C", "/somewhere", "hello", "dev"], standalone_mode=False)
    assert (done.return_value, done.output) == (0, "hello dev of /somewhere\n")
