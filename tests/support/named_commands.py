"""Commands that texts of Terrace tell people to run, found in its source and read as the command line reads them."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from terrace.apps.cli.options import DefaultGroup

FIELD = "FIELD"
"""What stands for a value that is only known when the text is made."""

_BACKTICKS = re.compile(r"`(terrace [^`]+)`")
# Of what is not in backticks: words and quoted texts with one space between them, up to a sign of punctuation.
_BARE = re.compile(r"""(?<![\w/`.-])terrace(?: (?:"[^"\n]*"|'[^'\n]*'|:(?=\S)|[^\s"'`,;:()<|&])+)+""")
_SENTENCE = frozenset(["and", "or", "to", "then", "again", "writes", "before", "first", "of", "is", "does", "has"])
"""Words with which a sentence goes on behind a command that is not in backticks."""


@dataclass(frozen=True)
class NamedCommand:
    """A command in a text of Terrace: `words` are what comes after `terrace`."""

    place: str
    text: str
    words: tuple[str, ...]


def commands_in_source(source: str, place: str) -> Iterator[NamedCommand]:
    """Returns every command that a text of this Python source names."""
    if not re.search(r"terrace(?!\.)", source):
        return
    for line, text in _texts(ast.parse(source)):
        yield from commands_in_page(text, f"{place}:{line}")


def commands_in_page(text: str, place: str) -> Iterator[NamedCommand]:
    """Returns every command that a text names."""
    for command in commands_in(text):
        yield NamedCommand(place, command, _words(command))


def hints_in(source: str, place: str) -> Iterator[tuple[str, str]]:
    """Returns the texts that this Python source gives as a hint or a fix, with their places."""
    if not re.search(r"\b(?:hint|fix|how)=", source):
        return
    for node in ast.walk(ast.parse(source)):
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg in ("hint", "fix", "how"):
                for line, text in _texts(keyword.value):
                    yield f"{place}:{line}", text


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts of a piece of source, each whole, with the line that it begins in."""
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in whole for part in node.values if isinstance(part, ast.Constant)}
    for node in ast.walk(tree):
        text = _text(node) if id(node) not in parts else None
        if text is not None:
            yield node.lineno, text  # type: ignore[attr-defined]


def options_of(command: click.Command) -> set[str]:
    """Returns the options of a command and of all below it."""
    options = _options(command)
    for inner in subcommands(command).values() if isinstance(command, click.Group) else ():
        options |= options_of(inner)
    return options


def subcommands(group: click.Group) -> dict[str, click.Command]:
    """Returns the commands of a group by name."""
    if group.commands:
        return dict(group.commands)
    context = click.Context(group)
    names = group.list_commands(context)
    return {name: command for name in names if (command := group.get_command(context, name)) is not None}


def commands_in(text: str) -> Iterator[str]:
    """Returns the commands of one text: those in backticks, and bare ones up to where the sentence goes on."""
    yield from (match[1] for match in _BACKTICKS.finditer(text))
    for match in _BARE.finditer(_BACKTICKS.sub("", text)):
        words = re.findall(r"""(?:"[^"]*"|'[^']*'|\S)+""", match[0])
        end = next((at for at, word in enumerate(words) if word in _SENTENCE), len(words))
        yield " ".join(words[:end]).rstrip(".")


def _text(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or FIELD for part in parts)
    return None


def _words(command: str) -> tuple[str, ...]:
    # A field right behind an option is another option, or nothing.
    text = re.sub(rf"(?<= )(--[a-z-]+){FIELD}", r"\1", command)
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return tuple(words[1:])


def find_mistake(program: click.Group, named: NamedCommand) -> str:
    """Returns why the command line would not take a command; "" where it would.

    A command that is only named, without an argument or an option, need not be complete.
    """
    command: click.Command = program
    words = list(named.words)
    while isinstance(command, click.Group) and words:
        word = words[0]
        if word == FIELD and command is program:
            return ""
        inner = subcommands(command)
        if word not in inner and isinstance(command, DefaultGroup):
            word = next(iter(inner))
            words.insert(0, word)
        if word.startswith("-"):
            known = {*command.context_settings.get("help_option_names", ()), *_options(command)}
            return "" if word in known else f"{command.name} has no option {word}"
        if word not in inner:
            return f"there is no command {word!r} of {command.name}"
        command = inner[word]
        words.pop(0)
    return _find_misread(command, words) if words and not isinstance(command, click.Group) else ""


def _options(command: click.Command) -> set[str]:
    context = click.Context(command)
    return {name for option in command.get_params(context) for name in option.opts}


def _find_misread(command: click.Command, words: list[str]) -> str:
    context = click.Context(command)
    try:
        options, rest, _ = command.make_parser(context).parse_args(words)
    except click.UsageError as error:
        return error.format_message()
    missing = [
        p.opts[-1] for p in command.params if isinstance(p, click.Option) and p.required and p.name not in options
    ]
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    lacking = [p.name for p in arguments if p.required and not _is_given(options.get(p.name or ""))]
    if missing or lacking:
        return f"{command.name} needs {', '.join(map(str, missing + lacking))}"
    return f"{command.name} takes no {rest}" if rest else ""


def _is_given(value: object) -> bool:
    # Click marks what is not given by None, an empty tuple, or an object of its own.
    return isinstance(value, str) or (isinstance(value, tuple) and bool(value))


def sources(root: Path) -> Iterator[tuple[str, str]]:
    """Returns the Python files below a folder, with their text."""
    for path in sorted(root.rglob("*.py")):
        yield str(path.relative_to(root)), path.read_text()
