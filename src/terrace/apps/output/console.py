"""How the command line speaks: data on stdout, progress and questions on stderr. Rich is loaded when first needed.

Text from outside may be in all of it. A text that is said stays one line, and no character of it acts on a terminal.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from terrace.text import json_text, visible

if TYPE_CHECKING:
    from terrace.report.json.record import JsonRecord
    from terrace.report.terminal.screen import Record, Screen


def console(*, stderr: bool = False) -> Screen:
    """A screen that uses colour only on a terminal, and whose lines are never cut when piped."""
    from terrace.report.terminal.screen import Screen

    there = (sys.stderr if stderr else sys.stdout).isatty()
    return Screen(stderr=stderr, width=None if there else 160, whole=not there)


def show(record: Record) -> None:
    """Print for people, on stdout. A text is one line, whatever it holds."""
    from terrace.report.terminal.screen import line

    console().print(line(record) if isinstance(record, str) else record)


def show_lines(text: str) -> None:
    """Print a text for people, on stdout, line by line: a diff, or the text of a file."""
    for one in text.split("\n"):
        sys.stdout.write(visible(one) + "\n")


def emit(record: JsonRecord) -> None:
    """Prints the JSON object of a command on stdout."""
    from terrace.report.json.record import encode

    sys.stdout.write(json_text(encode(record)))


def emit_data(data: dict[str, Any]) -> None:
    """Prints data that has no schema of Terrace's as JSON on stdout."""
    sys.stdout.write(json_text(json.dumps(data, indent=2, ensure_ascii=True)) + "\n")


def note(text: str) -> None:
    """Say something aside, on stderr, in one line."""
    sys.stderr.write(visible(text) + "\n")


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask on a terminal; without one, only `--yes` means yes."""
    return yes or answer(f"{question} [y/N] ").lower() in ("y", "yes")


def typed_back(name: str, question: str, *, yes: bool) -> bool:
    """Ask for a name to be typed on a terminal; without one, only `--yes` means yes."""
    return yes or answer(f"{question}: ") == name


def answer(question: str) -> str:
    """Ask on a terminal; an empty answer is "". Raises BadInput where there is none."""
    if not sys.stdin.isatty():
        from terrace.errors import BadInput

        raise BadInput("there is no terminal to ask on", hint="say --yes if you mean it")
    sys.stderr.write(visible(question))
    sys.stderr.flush()
    return sys.stdin.readline().strip()
