"""The part of a README that Terrace writes: between two markers. The rest is never changed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from terrace.errors import BadInput, Place

BEGIN, END = "<!-- terrace:docs:begin -->", "<!-- terrace:docs:end -->"
"""Markers that `terrace docs generate` writes where there are none."""

PAIRS = (
    ("terrace:docs:begin", "terrace:docs:end"),
    ("BEGIN_TF_DOCS", "END_TF_DOCS"),
    ("BEGINNING OF PRE-COMMIT-TERRAFORM DOCS HOOK", "END OF PRE-COMMIT-TERRAFORM DOCS HOOK"),
)
"""The words of all supported markers: ours, those of terraform-docs, and those of its older hook."""

_WORDS = {word: (pair, at) for pair, words in enumerate(PAIRS) for at, word in enumerate(words)}
_MARKER = re.compile(rb" {0,3}(?:<!--[ \t]*([\w :-]+?)[ \t]*-->|\[//\]: # \(([\w :-]+)\))[ \t]*")
_FENCE = re.compile(rb" {0,3}(`{3,}|~{3,})(.*)")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Marked:
    """The bytes between a pair of markers: after the line of the first, up to the line of the second."""

    start: int
    end: int
    newline: bytes


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    start: int
    end: int
    word: str
    newline: bytes


def find_marked(content: bytes, path: str) -> Marked | None:
    """Returns the marked part; None when there are no markers. Markers in code blocks are text.

    Raises BadInput at `path`:line for markers that are incomplete, out of order, or repeated.
    """
    first: _Line | None = None
    section: Marked | None = None
    for line in _markers(content):
        pair, at = _WORDS[line.word]
        if at == 0:
            if first is not None:
                raise _marker_error(path, line, f"a part begins twice: {line.word!r} is at line {first.number}, too")
            first = line
        elif first is None or section is not None:
            raise _marker_error(path, line, f"{line.word!r} ends a part that nothing begins")
        elif _WORDS[first.word][0] != pair:
            raise _marker_error(
                path, line, f"{line.word!r} does not end what {first.word!r} at line {first.number} begins"
            )
        else:
            section = Marked(first.end, line.start, first.newline or b"\n")
    if first is not None and section is None:
        raise _marker_error(path, first, f"{first.word!r} begins a part that nothing ends")
    return section


def put(page: str, content: bytes, path: str) -> bytes:
    """Returns the README with these docs between its markers; where it has none, both are added at its end.

    Raises BadInput as `find_marked` does.
    """
    text = page.encode("utf-8", "replace")
    section = find_marked(content, path)
    if section is None:
        newline = _newline(content)
        whole = b"\n".join((BEGIN.encode(), text, END.encode())).replace(b"\n", newline)
        if not content.removeprefix(_BOM):
            return content + whole + newline
        if content.endswith(b"\n"):
            return content + newline + whole + newline
        return content + newline * 2 + whole
    body = text.replace(b"\n", section.newline) + section.newline
    return content[: section.start] + body + content[section.end :]


def new(title: str, page: str) -> bytes:
    """Returns a README with only a title and the docs."""
    return put(page, f"# {title}\n".encode("utf-8", "replace"), "README.md")


def _markers(content: bytes) -> list[_Line]:
    """Yields the lines that are markers. Code blocks before the part are skipped; in the part only its end counts."""
    markers: list[_Line] = []
    if b"<!--" not in content and b"[//]" not in content:
        return markers
    fence = b""
    at = len(_BOM) if content.startswith(_BOM) else 0
    for number, whole in enumerate(content[at:].splitlines(keepends=True), 1):
        line = whole.rstrip(b"\r\n")
        start, at = at, at + len(whole)
        inside = bool(markers) and _WORDS[markers[-1].word][1] == 0
        opened = _FENCE.fullmatch(line)
        if opened and not inside:
            if not fence:
                fence = opened[1]
            elif opened[1].startswith(fence) and not opened[2].strip():
                fence = b""
        marker = _MARKER.fullmatch(line)
        word = (marker[1] or marker[2]).decode() if marker else ""
        if word in _WORDS and not fence:
            markers.append(_Line(number, start, at, word, whole[len(line) :]))
    return markers


def _newline(content: bytes) -> bytes:
    first = re.search(rb"\r\n|\n|\r", content)
    return first[0] if first else b"\n"


def _marker_error(path: str, line: _Line, message: str) -> BadInput:
    hint = f"leave one pair of markers, each on a line of its own: {BEGIN} and {END}"
    return BadInput(message, hint=hint, place=Place(path, line.number))
