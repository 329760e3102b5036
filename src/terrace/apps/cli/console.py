"""How the command line speaks: data on stdout, progress and questions on stderr. Rich is loaded when first needed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def console(*, stderr: bool = False) -> Console:
    """A console that uses colour only on a terminal, and whose lines are never cut when piped."""
    from rich.console import Console

    file = sys.stderr if stderr else sys.stdout
    width = None if file.isatty() else 160
    return Console(stderr=stderr, highlight=False, width=width, soft_wrap=not file.isatty())


def show(record: RenderableType) -> None:
    """Print for people, on stdout."""
    console().print(record)


def emit(record: dict[str, Any]) -> None:
    """Print one JSON object for machines, on stdout."""
    sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=True) + "\n")


def note(text: str) -> None:
    """Say something aside, on stderr."""
    sys.stderr.write(text + "\n")


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask on a terminal; without one, only `--yes` means yes."""
    return yes or _answer(f"{question} [y/N] ").lower() in ("y", "yes")


def typed_back(name: str, question: str, *, yes: bool) -> bool:
    """Ask for a name to be typed on a terminal; without one, only `--yes` means yes."""
    return yes or _answer(f"{question}: ") == name


def _answer(question: str) -> str:
    if not sys.stdin.isatty():
        from terrace.errors import BadInput

        raise BadInput("there is no terminal to ask on", hint="say --yes if you mean it")
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
