"""Shows long output in the user's pager, as Git does: only on a terminal."""

from __future__ import annotations

import io
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from terrace.adapters.environ import ENVIRON, for_children

_LESS = "FRX"
"""Git's choice for `less`: ends where everything fits on the screen, keeps colors and the text on the screen."""


@contextmanager
def paged() -> Iterator[None]:
    """Sends what is printed on stdout within the block to a pager, if stdout is a terminal.

    The pager is TERRACE_PAGER, else PAGER, else `less`; empty, `cat`, or a program that is not installed: none. Leaving
    the pager early ends the output of the block, not the command.
    """
    by_hand = sys.stdout.isatty() and sys.stdin.isatty() and not ENVIRON.get("CI")
    command = _command() if by_hand else []
    if not command:
        yield
        return
    environment = {"LESS": ENVIRON.get("LESS", _LESS), "LV": "-c", **for_children()}
    pager = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
    terminal = sys.stdout
    pipe = _Pipe(cast("io.BufferedWriter", pager.stdin), encoding="utf-8", errors="replace")
    sys.stdout = pipe
    try:
        with suppress(BrokenPipeError):
            yield
    finally:
        sys.stdout = terminal
        with suppress(BrokenPipeError):
            pipe.close()
        _wait(pager)


class _Pipe(io.TextIOWrapper):
    """The input of a pager: a text for the terminal, with its colors."""

    def isatty(self) -> bool:
        return True


def _command() -> list[str]:
    text = next((ENVIRON[name] for name in ("TERRACE_PAGER", "PAGER") if name in ENVIRON), "less")
    try:
        command = shlex.split(text)
    except ValueError:
        return []
    return command if command and command[0] != "cat" and shutil.which(command[0]) else []


def _wait(pager: subprocess.Popen[bytes]) -> None:
    """Waits until the user leaves the pager. Control-C is for the pager, which handles it itself."""
    while True:
        with suppress(KeyboardInterrupt):
            pager.wait()
            return
