"""The terminal: the one place that makes what Rich prints.

Every text here is only text. Markup (`[red]`), emoji codes (`:smile:`) and links do nothing, a field stays one line,
and no character acts on the terminal; styles are given beside the text, and never in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO

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
    "live",
    "paragraph",
    "plain_text",
    "spinner",
]

Line = Text
"""One or more lines that `line` and `paragraph` made."""

Part = str | tuple[str, str] | Line
"""A piece of a line: text, or text with its style."""

Record = RenderableType
"""Whatever a screen prints."""


class Screen(Console):
    """A console that takes no text for markup, and shows every character that would act on the terminal.

    `file` is where it writes, None for the standard streams; `width` is that of lines, None for the terminal's own.
    """

    def __init__(
        self, file: IO[str] | None = None, *, stderr: bool = False, width: int | None = None, whole: bool = False
    ) -> None:
        # `whole`: lines are never cut, for pipes and files.
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

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Every piece of text that is printed passes here, whoever made it."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(readable(segment.text), segment.style)


class Table(RichTable):
    """A table without lines around its cells. `titles` head its columns; without any it has no head."""

    def __init__(self, *titles: str, gap: int = 1) -> None:
        if titles:
            super().__init__(*map(field, titles), box=None, header_style="bold")
        else:
            super().__init__(box=None, padding=(0, gap), collapse_padding=True, pad_edge=False, show_header=False)

    def add(self, *cells: Part) -> None:
        """Add a row; each cell is a line, or lines."""
        self.add_row(*(line(cell) for cell in cells))


_ENDLESS = 1_000_000
"""Columns of a line that is not cut."""


class Tree(RichTree):
    """A tree whose nodes are lines."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Rich cuts the nodes of a tree at the width of the console, also where no other line is cut."""
        return super().__rich_console__(console, options.update(max_width=_ENDLESS) if options.no_wrap else options)

    def __init__(self, *label: Part | Record, style: str = "") -> None:
        super().__init__(_node(label, style))

    def node(self, *label: Part | Record, style: str = "") -> Tree:
        """Add a branch, and return it."""
        made = Tree(*label, style=style)
        self.children.append(made)
        return made


def line(*parts: Part, style: str = "") -> Line:
    """One line. Whatever its parts hold, it stays one line, and is shown letter by letter."""
    made = Text(style=style)
    for part in parts:
        if isinstance(part, Text):
            made.append_text(part)
        elif isinstance(part, str):
            made.append(field(part))
        else:
            made.append(field(part[0]), style=part[1])
    return made


def paragraph(each: Iterable[Part], style: str = "") -> Line:
    """One line below the other."""
    made = Text(style=style)
    for number, one in enumerate(each):
        made.append("\n" if number else "").append_text(line(one))
    return made


def spinner(text: str) -> Record:
    """A line of something that goes on."""
    return Spinner("dots", text=line(text))


def live(screen: Screen, draw: Callable[[], Record]) -> Live:
    """What `draw` returns, drawn again in place until it is stopped; then it is gone."""
    return Live(console=screen, refresh_per_second=8, transient=True, get_renderable=draw)


def plain_text(record: Record) -> str:
    """A record as it is printed without colours, for files."""
    import io

    file = io.StringIO()
    Screen(file, width=160, whole=True).print(record)
    return file.getvalue()


def _node(label: tuple[Part | Record, ...], style: str) -> RenderableType:
    if len(label) == 1 and not isinstance(label[0], str | tuple | Text):
        return label[0]
    parts: list[Part] = [one for one in label if isinstance(one, str | tuple | Text)]
    return line(*parts, style=style)
