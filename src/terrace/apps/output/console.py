"""Prints data on stdout, progress and questions on stderr. Rich is imported when it is first needed.

All of it can contain untrusted text. A text stays on one line, and its control characters are made visible.
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
    """Returns a screen that uses color only on a terminal, and does not truncate lines in a pipe."""
    from terrace.report.terminal.screen import Screen

    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Screen(stderr=stderr, width=None if is_terminal else 160, whole=not is_terminal)


def show(record: Record) -> None:
    """Prints a record for people on stdout. A text is printed as one line."""
    from terrace.report.terminal.screen import line

    console().print(line(record) if isinstance(record, str) else record)


def show_lines(text: str) -> None:
    """Prints a text of several lines on stdout, such as a diff or the content of a file."""
    for line in text.split("\n"):
        sys.stdout.write(visible(line) + "\n")


def emit(record: JsonRecord) -> None:
    """Prints the JSON object of a command on stdout."""
    from terrace.report.json.record import encode

    sys.stdout.write(json_text(encode(record)))


def emit_data(data: dict[str, Any]) -> None:
    """Prints data that has no schema of Terrace's as JSON on stdout."""
    sys.stdout.write(json_text(json.dumps(data, indent=2, ensure_ascii=True)) + "\n")


def note(text: str) -> None:
    """Prints one line on stderr."""
    sys.stderr.write(visible(text) + "\n")


def confirm(question: str, *, yes: bool) -> bool:
    """Asks on a terminal, and returns whether the user agrees. Without a terminal, `--yes` is required."""
    return yes or answer(f"{question} [y/N] ").lower() in ("y", "yes")


def confirm_by_name(name: str, question: str, *, yes: bool) -> bool:
    """Asks the user to type a name, and returns whether it matches. Without a terminal, `--yes` is required."""
    return yes or answer(f"{question}: ") == name


def answer(question: str) -> str:
    """Returns a line that the user types on the terminal. Raises BadInput if there is no terminal."""
    if not sys.stdin.isatty():
        from terrace.errors import BadInput

        raise BadInput("cannot ask for confirmation: no terminal", hint="pass --yes to confirm")
    sys.stderr.write(visible(question))
    sys.stderr.flush()
    return sys.stdin.readline().strip()
