"""The progress of `adopt`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from terrace.apps.output.console import console
from terrace.apps.output.progress import Silent
from terrace.drift.state_adoption import Row
from terrace.plans.ports import Progress
from terrace.report.terminal.adoption import row_line
from terrace.report.terminal.screen import Record, Tree, live_display, spinner


class Quiet(Silent):
    """Prints no progress: for pipes and logs."""

    def row(self, row: Row) -> None:
        """Prints nothing."""


class _Tree(Quiet):
    """A line for each finished stack, and below it the stacks in progress. Its methods are thread-safe."""

    def __init__(self, number: int) -> None:
        self._console = console(stderr=True)
        self._lock = threading.Lock()
        self._number = number
        self._done = 0
        self._doing: dict[str, str] = {}
        self._live = live_display(self._console, self._draw)

    @contextmanager
    def draw(self) -> Iterator[_Tree]:
        """Draws the tree inside the context."""
        with self._live:
            yield self

    def progress(self, progress: Progress) -> None:
        """Shows the current action of Terraform for a stack."""
        with self._lock:
            self._doing[progress.stack] = f"{progress.action or progress.phase} {progress.address}".strip()

    def row(self, row: Row) -> None:
        """Prints the result of a stack."""
        with self._lock:
            self._done += 1
            self._doing.pop(row.stack, None)
        self._console.print(row_line(row))

    def _draw(self) -> Record:
        with self._lock:
            done, doing = self._done, dict(self._doing)
        tree = Tree(spinner(f"{done} of {self._number} stacks"))
        for key, text in doing.items():
            tree.node(f"{key}: {text}", style="dim")
        return tree


@contextmanager
def adoption_progress(number: int) -> Iterator[Quiet]:
    """Yields a progress display that fits stderr, for this number of stacks."""
    if not sys.stderr.isatty():
        yield Quiet()
        return
    with _Tree(number).draw() as progress:
        yield progress
