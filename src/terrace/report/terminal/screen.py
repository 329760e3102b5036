"""The terminal: the only module that builds what Rich prints.

Text is shown letter by letter. Markup (`[red]`), emoji codes (`:smile:`) and links have no effect, a field stays one
line, and no character acts on the terminal. Styles are given beside the text, never in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.spinner import Spinner
from rich.table import Table as RichTable
from rich.text import Text
from rich.tree import Tree as RichTree

from terrace.text import field, readable

__all__ = [
    "Group",
    "Line",
    "Live",
    "Part",
    "Record",
    "Screen",
    "Table",
    "Tree",
    "line",
    "live_display",
    "paragraph",
    "plain_text",
    "spinner",
]

_TRAILING_SPACES = re.compile(r" +(?=(?:\x1b\[[0-9;]*m)*(?:\n|\Z))")

Line = Text
"""One or more lines, as `line` and `paragraph` return them."""

Part = str | tuple[str, str] | Line
"""A piece of a line: text, or text with its style."""

Record = RenderableType
"""Anything that a screen can print."""


class Screen(Console):
    """A console that ignores markup in text, and makes every character visible that would act on the terminal.

    `file` is where it writes, None for the standard streams; `width` is the width of lines, None for the terminal's.
    """

    def __init__(
        self, file: IO[str] | None = None, *, stderr: bool = False, width: int | None = None, whole: bool = False
    ) -> None:
        # `whole`: lines are never cut and do not end with spaces, for pipes and files.
        self._whole = whole
        super().__init__(
            file=file,
            stderr=stderr,
            width=width,
            soft_wrap=whole,
            markup=False,
            emoji=False,
            highlight=False,
            color_system="auto" if file is None else None,
        )

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints as Rich does. In a pipe or file, no line ends with the spaces that fill the last column of a table."""
        if not self._whole:
            super().print(*objects, **options)
            return
        with self.capture() as captured:
            super().print(*objects, **options)
        try:
            self.file.write(_TRAILING_SPACES.sub("", captured.get()))
            self.file.flush()
        except BrokenPipeError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Raises BrokenPipeError: the reader exited, and the caller decides what that means."""
        # Without an error number: Rich and Click end the process with 1 otherwise, the exit code of a blocked change.
        raise BrokenPipeError

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yields what is printed; every piece of text passes through here."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(readable(segment.text), segment.style)


class Table(RichTable):
    """A table without borders. `titles` are the titles of its columns; without any it has no head."""

    def __init__(self, *titles: str, gap: int = 1) -> None:
        if titles:
            super().__init__(*map(field, titles), box=None, header_style="bold")
        else:
            super().__init__(box=None, padding=(0, gap), collapse_padding=True, pad_edge=False, show_header=False)

    def add(self, *cells: Part) -> None:
        """Adds a row; each cell is one or more lines."""
        self.add_row(*(line(cell) for cell in cells))


_UNLIMITED = 1_000_000
"""Width of a line that is not cut."""


class Tree(RichTree):
    """A tree whose nodes are lines."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Keeps nodes uncut where no other line is cut; Rich would cut them at the width of the console."""
        return super().__rich_console__(console, options.update(max_width=_UNLIMITED) if options.no_wrap else options)

    def __init__(self, *label: Part | Record, style: str = "") -> None:
        super().__init__(_node(label, style))

    def node(self, *label: Part | Record, style: str = "") -> Tree:
        """Adds a branch and returns it."""
        branch = Tree(*label, style=style)
        self.children.append(branch)
        return branch


def line(*parts: Part, style: str = "") -> Line:
    """Returns one line. It stays one line and is shown letter by letter, whatever its parts contain."""
    text = Text(style=style)
    for part in parts:
        if isinstance(part, Text):
            text.append_text(part)
        elif isinstance(part, str):
            text.append(field(part))
        else:
            text.append(field(part[0]), style=part[1])
    return text


def paragraph(each: Iterable[Part], style: str = "") -> Line:
    """Returns lines below each other."""
    text = Text(style=style)
    for number, part in enumerate(each):
        text.append("\n" if number else "").append_text(line(part))
    return text


def spinner(text: str) -> Record:
    """Returns a line with a spinner, for something in progress. Every one of them shows the same frame at one time."""
    drawn = Spinner("dots", text=line(text))
    # A spinner starts with its first frame, and every frame of a live display has new ones.
    drawn.start_time = 0.0
    return drawn


def live_display(screen: Screen, draw: Callable[[], Record]) -> Live:
    """Returns a display that draws the result of `draw` in place until it is stopped, and then disappears."""
    return Live(console=screen, refresh_per_second=8, transient=True, get_renderable=draw)


def plain_text(record: Record) -> str:
    """Returns a record as text without colors, for files."""
    import io

    file = io.StringIO()
    Screen(file, width=160, whole=True).print(record)
    return file.getvalue()


def _node(label: tuple[Part | Record, ...], style: str) -> RenderableType:
    if len(label) == 1 and not isinstance(label[0], str | tuple | Text):
        return label[0]
    parts: list[Part] = [part for part in label if isinstance(part, str | tuple | Text)]
    return line(*parts, style=style)
