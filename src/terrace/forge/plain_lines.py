"""Finds the lines of a comment that a forge shows as plain lines of a paragraph, by the rules of CommonMark and of
GitHub.

A line in code, a quote, a list, a table, a heading, HTML, a definition, a formula or a title of a link is shown as
something else, or not at all. If this reading and a forge's might differ, a line is doubtful.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST = 10_000
"""Characters of a text that has a line that is wanted: reading one takes time that grows with their square."""

_COMMENT = r"<!--(?!-?>)(?:(?!--!?>).)*-->"
_NAME = r"[A-Za-z][A-Za-z0-9-]*"
_ATTRIBUTE = r"""\s+[A-Za-z_:][A-Za-z0-9_.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?"""
_MARKUP = re.compile(
    rf"{_COMMENT}|<(?P<opened>{_NAME})(?:{_ATTRIBUTE})*\s*(?P<empty>/?)>|</(?P<closed>{_NAME})\s*>|[^<]+", re.DOTALL
)
_VOID = frozenset({"br", "hr", "img", "wbr"})
# The content between their tags has its own rules.
_RAW = frozenset(
    {
        *("iframe", "math", "noembed", "noframes", "noscript", "plaintext", "script", "select", "style", "svg"),
        *("template", "textarea", "title", "xmp"),
    }
)
_DEFINITION = re.compile(r" {0,3}\[[^\]]*\]:")
_TABLE = re.compile(r"(?=.*[|:])(?=.*-)[|:\- \t]+")
_TAG = re.compile(r"<[A-Za-z/!?]")


@dataclass(frozen=True, slots=True)
class PlainLines:
    """The lines that were looked for: those that are shown plain, and for each that may not be, why."""

    plain: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def plain_lines(text: str, pattern: re.Pattern[str]) -> PlainLines:
    """The lines of a text that begin with what is wanted.

    Lines in blocks of code, in quotes, items and comments of HTML are talk, and are neither.
    """
    lines = re.sub(r"\r\n?", "\n", text).split("\n")
    numbers = [at for at, line in enumerate(lines) if pattern.match(line)]
    if not numbers:
        return PlainLines()
    if len(text) > LONGEST:
        return PlainLines(doubtful=(f"a comment with a command has at most {LONGEST} characters",))
    blocks = list(_blocks(reader().parse("\n".join(lines))))
    plain, doubtful = [], []
    for at in numbers:
        block = next((block for block in blocks if block.begin <= at < block.end), None)
        if block is not None and block.talk:
            continue
        why = _doubt(lines, at, block)
        if why:
            doubtful.append(why)
        else:
            plain.append(lines[at].rstrip(" \t"))
    return PlainLines(tuple(plain), tuple(doubtful))


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines begin to end: what they are (`kind`), whether they are talk, and the open elements before them."""

    begin: int
    end: int
    kind: str
    talk: bool
    open: bool
    formula: bool
    children: tuple[Token, ...] = ()


@cache
def reader() -> MarkdownIt:
    """Reads Markdown as GitHub does, as far as the tokens show."""
    from markdown_it import MarkdownIt

    # Texts stay in their original pieces, so that an escape is not mistaken for the letter.
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return reader.disable("text_join")


def _blocks(tokens: Sequence[Token]) -> Iterator[_Block]:
    """The blocks at the top, in order."""
    html = _Html()
    dollars = 0
    for number, token in enumerate(tokens):
        if token.level == 0 and token.map is not None and token.nesting >= 0:
            inner = tokens[number + 1].children if token.type == "paragraph_open" else None
            talk = token.type in ("fence", "code_block") or (
                token.type == "html_block" and _comments_only(token.content)
            )
            begin, end = token.map
            yield _Block(begin, end, token.type, talk, html.open, dollars % 2 == 1, tuple(inner or ()))
        if token.type == "html_block":
            html.read(token.content)
        for child in token.children or ():
            if child.type == "html_inline":
                html.read(child.content)
            elif child.type == "text":
                dollars += child.content.count("$$")


class _Html:
    """The open elements. An element that is not nested correctly stays open."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._broken = False

    @property
    def open(self) -> bool:
        return self._broken or bool(self._names)

    def read(self, content: str) -> None:
        at = 0
        while at < len(content):
            match = _MARKUP.match(content, at)
            if match is None:
                self._broken = True
                return
            at = match.end()
            self._tag((match["opened"] or "").lower(), (match["closed"] or "").lower())

    def _tag(self, opened: str, closed: str) -> None:
        if opened in _RAW or closed in _RAW:
            self._broken = True
        elif opened and opened not in _VOID:
            self._names.append(opened)
        elif closed and (not self._names or self._names.pop() != closed):
            self._broken = True


def _comments_only(content: str) -> bool:
    return re.fullmatch(rf"\s*(?:{_COMMENT}\s*)+|\s*<!--(?!-?>)(?:(?!--!?>).)*", content, re.DOTALL) is not None


def _doubt(lines: Sequence[str], at: int, block: _Block | None) -> str:
    """Returns why a line may not be shown as plain text; "" if it certainly is."""
    if block is None:
        return "the line defines a link"
    if block.kind == "html_block" or block.open:
        return "the line is within HTML"
    if block.kind != "paragraph_open":
        return "the line belongs to the list, quote, table or heading beside it"
    above = lines[block.begin : at]
    below = lines[at + 1] if at + 1 < len(lines) else ""
    if any(map(_DEFINITION.match, _lines_above(lines, at))):
        return "the line belongs to the definition above it"
    if any(map(_TABLE.fullmatch, [*above, below])):
        return "the line belongs to a table"
    if lines[0].rstrip() == "---" and any(line.rstrip() in ("---", "...") for line in lines[at:]):
        return "the line is within a header of data"
    if block.formula or any("$" in line for line in above):
        return "the line may be within a formula"
    if any(map(_TAG.search, above)):
        return "the line may be within HTML"
    same = [line.rstrip(" \t") for line in lines[block.begin : block.end]].count(lines[at].rstrip(" \t"))
    shown = [line for line in _shown_lines(block.children) if line is not None]
    if shown.count(lines[at].rstrip(" \t")) != same:
        return "the line is part of something that is not plain text"
    return ""


def _lines_above(lines: Sequence[str], at: int) -> Iterator[str]:
    """The lines above that no empty line parts from this one."""
    for line in reversed(lines[:at]):
        if not line.strip(" \t"):
            return
        yield line


def _shown_lines(children: Iterable[Token]) -> Iterator[str | None]:
    """The lines of a paragraph as they were written; None for an incomplete one, or one that is not text."""
    depth, parts, whole = 0, list[str](), True
    for token in children:
        if token.type in ("softbreak", "hardbreak"):
            yield "".join(parts).rstrip(" \t") if whole and depth == 0 else None
            parts, whole = [], depth == 0
            continue
        depth += token.nesting
        match token.type:
            case "text":
                parts.append(token.content)
            case "text_special":
                parts.append(token.markup)
            case "code_inline":
                parts.append(f"{token.markup}{token.content}{token.markup}")
            case _ if token.type.removesuffix("_open").removesuffix("_close") in ("em", "strong", "s"):
                parts.append(token.markup)
            case _:
                whole = False
    yield "".join(parts).rstrip(" \t") if whole and depth == 0 else None
