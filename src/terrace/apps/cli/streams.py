"""The standard streams in a CI job: nothing that Terrace prints is a command to the CI runner.

A runner interprets lines of the job log: `::set-output name=x::y` sets an output that later jobs use. Terrace prints
untrusted messages of Terraform and providers, so every line is escaped here.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

from terrace.text import harmless

_RUNNERS = ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")
_OPEN = re.compile(r"#{1,2}[A-Za-z]*\Z|^[^\S\n]*:?\Z")


class LogStream:
    """A text stream to the log of a job. Everything except `write` is delegated."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = ""

    def write(self, text: str) -> int:
        """Writes text. Commands that are written in several pieces are escaped too."""
        whole = self._begun + text
        printable = harmless(whole.replace("\r", "\n"))
        self._stream.write(printable[len(self._begun) :])
        last = printable.rpartition("\n")[2]
        # Keep only a prefix that can become a command, so that the length of the pieces does not matter.
        match = _OPEN.search(last)
        self._begun = last if match and match.start() == 0 else match[0] if match else "."
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Writes several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def guarded_log(environ: Mapping[str, str]) -> Iterator[None]:
    """Escapes both streams inside the context, if a CI runner reads them."""
    if not any(environ.get(name) for name in _RUNNERS):
        yield
        return
    out, err = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _log(out), _log(err)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err


def _log(stream: TextIO) -> TextIO:
    try:
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            # Runners read pipes. A file gets the bytes unchanged.
            return stream
    except (OSError, ValueError):
        pass
    return cast(TextIO, LogStream(stream))
