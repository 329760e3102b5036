"""The text that commits add, file by file, from `git log --patch`, with its line numbers in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LARGEST = 8 << 20
"""Maximum size of one file's additions that are scanned, in bytes. A finding reports that there were more."""

_HUNK = re.compile(rb"(@@+)(?: -[0-9]+(?:,[0-9]+)?)+ \+([0-9]+)(?:,[0-9]+)? @@")
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-7]{3})')
_LETTERS = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}


@dataclass(frozen=True, slots=True)
class Patch:
    """The lines that one commit adds to one file, with some lines around them. `path` is "" for the commit message.

    `numbers` are the lines' numbers in the file, from 1, negative for those that the commit did not add. `whole` is
    False when there was more than is scanned.
    """

    commit: str
    path: str
    text: str
    numbers: tuple[int, ...] = ()
    whole: bool = True


@dataclass(slots=True)
class _Open:
    """A file of a commit while its lines are being read."""

    commit: str
    path: str
    lines: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    size: int = 0
    whole: bool = True

    def take(self, line: bytes, number: int) -> None:
        self.size += len(line) + 1
        if self.size > LARGEST:
            self.whole = False
            return
        self.lines.append(line)
        self.numbers.append(number)

    def patch(self) -> Patch | None:
        if not any(number > 0 for number in self.numbers) and self.whole:
            return None
        return Patch(self.commit, self.path, decode(b"\n".join(self.lines)), tuple(self.numbers), self.whole)


def decode(content: bytes) -> str:
    """Returns the text of a file in any encoding: the letters of UTF-16, and the UTF-8 parts of anything else."""
    return content.replace(b"\0", b"").decode("utf-8", "replace")


def whole_file(commit: str, path: str, content: bytes) -> Patch:
    """Returns a file as a patch that adds all of it."""
    lines = content[:LARGEST].split(b"\n")
    numbers = tuple(range(1, len(lines) + 1))
    return Patch(commit, path, decode(b"\n".join(lines)), numbers, len(content) <= LARGEST)


def patches(lines: Iterable[bytes]) -> Iterator[Patch]:
    r"""Yields the patches of `git log --format=%x00%H%n%B%x00 --patch`, line by line and in its order.

    A commit begins with a line that begins with NUL, and its message ends with NUL: no line of a patch or message
    does either, whatever its author writes.
    """
    commit = ""
    message: list[bytes] | None = None
    opened: _Open | None = None
    columns, number, in_hunk = 1, 0, False
    for raw in lines:
        # Nearly all lines are added ones, so that these are recognized first.
        if in_hunk and columns == 1 and opened is not None and raw[:1] == b"+":
            opened.take(raw[1:].rstrip(b"\n"), number)
            number += 1
            continue
        line = raw.rstrip(b"\n")
        if message is not None:
            text, ended, _ = line.partition(b"\0")
            message.append(text)
            if ended:
                yield Patch(commit, "", decode(b"\n".join(message)), tuple(range(1, len(message) + 1)))
                message = None
        elif line.startswith(b"\0"):
            yield from _close(opened)
            opened, in_hunk = None, False
            commit, message = line[1:].decode("ascii", "replace"), []
        elif line.startswith(b"diff --"):
            yield from _close(opened)
            opened, in_hunk = None, False
        elif not in_hunk and line.startswith(b"+++ "):
            path = _path(line[4:])
            opened = None if path is None else _Open(commit, path)
        elif line.startswith(b"@@") and (hunk := _HUNK.match(line)):
            columns, number, in_hunk = len(hunk[1]) - 1, int(hunk[2]), True
        elif in_hunk and opened is not None and b"-" not in line[:columns] and not line.startswith(b"\\"):
            opened.take(line[columns:], number if b"+" in line[:columns] else -number)
            number += 1
    yield from _close(opened)


def _close(opened: _Open | None) -> Iterator[Patch]:
    patch = opened.patch() if opened is not None else None
    if patch is not None:
        yield patch


def _path(written: bytes) -> str | None:
    """Returns the path in a header; None for a file that is deleted."""
    name = written.rstrip(b"\t\r")
    if name == b"/dev/null":
        return None
    if name.startswith(b'"'):
        name = _ESCAPE.sub(_unescape, name.strip(b'"'))
    return name.removeprefix(b"b/").decode("utf-8", "surrogateescape")


def _unescape(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    return bytes([int(escape, 8) & 255]) if escape[:1].isdigit() else _LETTERS.get(escape, escape)
