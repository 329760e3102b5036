"""The progress of a deployment or a check: a live tree on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from terrace.apps.output.console import console
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.plans.ports import Progress
from terrace.rollout.ports import Watcher

if TYPE_CHECKING:
    from terrace.report.terminal.screen import Live, Part, Record


@contextmanager
def show_progress(*, as_json: bool) -> Iterator[Watcher]:
    """Yields the watcher that fits stderr: nothing with `--json`, a live tree on a terminal, else plain lines."""
    if as_json:
        yield Silent()
    elif sys.stderr.isatty():
        with LiveTree() as tree:
            yield tree
    else:
        yield Lines()


class Silent:
    """Prints nothing: for `--json` and for fast commands."""

    def opened(self, deployment: Deployment) -> None:
        """Prints nothing."""

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """Prints nothing."""

    def progress(self, progress: Progress) -> None:
        """Prints nothing."""


class Lines:
    """Prints one line on stderr for every finished step: for pipes and logs. Its methods are thread-safe."""

    def __init__(self) -> None:
        self._console = console(stderr=True)

    def opened(self, deployment: Deployment) -> None:
        """Prints the deployment."""
        self._print(f"deployment {deployment.id}: {deployment.commit[:7]} into {deployment.environment}")

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """Prints one line when a step is finished."""
        from terrace.report.terminal.deployments import step_line

        if record.result is not None:
            self._print("  ", f"{record.stack or deployment.environment:<16} ", step_line(record))

    def progress(self, progress: Progress) -> None:
        """Prints failures and fallbacks; the steps show the rest."""
        if progress.phase == "failed":
            self._print(f"  {progress.stack}: {progress.address} failed")
        elif progress.phase == "aside":
            self._print(f"  {progress.stack}: {progress.text}")

    def _print(self, *parts: Part) -> None:
        from terrace.report.terminal.screen import line

        self._console.print(line(*parts))


class LiveTree:
    """A tree of stacks and steps with times on stderr, updated in place."""

    def __init__(self) -> None:
        self._console = console(stderr=True)
        self._lock = threading.Lock()
        self._deployment: Deployment | None = None
        self._records: dict[str, StepRecord] = {}
        self._doing: dict[str, str] = {}
        self._live: Live | None = None

    def __enter__(self) -> LiveTree:
        from terrace.report.terminal.screen import live

        self._live = live(self._console, self._draw)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def opened(self, deployment: Deployment) -> None:
        """Starts to show the deployment."""
        with self._lock:
            self._deployment = deployment
            self._records = {record.attempt: record for record in deployment.steps}

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """Adds or updates one step."""
        with self._lock:
            self._deployment = deployment
            self._records[record.attempt] = record
            self._doing.pop(record.stack, None)

    def progress(self, progress: Progress) -> None:
        """Shows the current action of Terraform for a stack. Fallbacks are printed above the tree, and stay."""
        if progress.phase == "aside":
            from terrace.report.terminal.screen import line

            self._console.print(line(f"{progress.stack}: {progress.text}"))
            return
        with self._lock:
            self._doing[progress.stack] = f"{progress.action or progress.phase} {progress.address}".strip()

    def _draw(self) -> Record:
        from terrace.report.terminal.deployments import step_line
        from terrace.report.terminal.screen import Tree, spinner

        with self._lock:
            deployment, records, doing = self._deployment, list(self._records.values()), dict(self._doing)
        if deployment is None:
            tree = Tree(spinner("planning"))
            for key, text in doing.items():
                tree.node(f"{key}: {text}", style="dim")
            return tree
        tree = Tree(f"{deployment.commit[:7]} into {deployment.environment} ({deployment.id})", style="bold")
        for key in [*deployment.stacks, ""]:
            mine = [r for r in records if r.stack == key]
            if not mine:
                continue
            branch = tree.node(key or "environment")
            for record in mine:
                if record.result is None:
                    branch.node(spinner(f"{record.step.value}  {doing.get(key, '')}"))
                else:
                    branch.node(step_line(record))
        return tree
