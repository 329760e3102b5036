"""Positions of events as people write them: `41`, `43-57`, several of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from terrace.errors import BadInput

_WORD = re.compile(r"([0-9]{1,16})(?:-([0-9]{1,16}))?")
_MOST_SHOWN = 8


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The positions from `first` to `last`, both included. A range may be far longer than the ledger."""

    first: int
    last: int

    def __contains__(self, position: int) -> bool:
        return self.first <= position <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def read_spans(words: Iterable[str]) -> tuple[Span, ...]:
    """Returns what `41 43-57` or `41,43-57` names, in order and without what is named twice.

    Raises BadInput if a word is neither a position nor a range, and if a range ends before it starts.
    """
    spans = [_span(part) for word in words for part in word.split(",")]
    if not spans:
        raise BadInput("no position is named", hint="`terrace ledger verify` lists what cannot be read")
    return merge_spans(spans)


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Returns the same positions in as few spans as there can be, in order."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.first <= joined[-1].last + 1:
            joined[-1] = Span(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return tuple(joined)


def spans_of(positions: Iterable[int]) -> tuple[Span, ...]:
    """Returns exactly these positions as spans."""
    return merge_spans(Span(position, position) for position in positions)


def words_of(positions: Sequence[int]) -> str:
    """Returns what `terrace ledger dismiss` accepts for these positions: one range over all if they are scattered."""
    spans = spans_of(positions)
    if len(spans) > _MOST_SHOWN:
        return str(Span(spans[0].first, spans[-1].last))
    return " ".join(map(str, spans))


def _span(word: str) -> Span:
    match = _WORD.fullmatch(word)
    if match is None:
        raise BadInput(
            f"{word[:60]!a} is neither a position nor a range of positions",
            hint="write positions as `terrace ledger verify` lists them: 41, or a range: 43-57",
        )
    first = int(match[1])
    last = int(match[2]) if match[2] is not None else first
    if last < first:
        raise BadInput(f"the range {word} ends before it begins", hint=f"did you mean {last}-{first}?")
    return Span(first, last)
