"""The progress of a deployment or a check: a live tree on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from terrace.apps.output.console import console
from terrace.ledger.usual_durations import StepKey, usual_durations
from terrace.plans.activity import Activity

if TYPE_CHECKING:
    from terrace.ledger.deployment import Deployment, StepRecord
    from terrace.ledger.model import History
    from terrace.plans.ports import Progress
    from terrace.report.terminal.screen import Live, Part, Record
    from terrace.rollout.ports import Watcher

QUIET_SECONDS = 30
"""Seconds without a line about a change that takes long."""


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

    def opened(self, deployment: Deployment, history: History) -> None:
        """Prints nothing."""

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """Prints nothing."""

    def progress(self, progress: Progress) -> None:
        """Prints nothing."""


class Lines:
    """Prints one line on stderr for every finished step, and for a change that takes long: for pipes and logs. Its
    methods are thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console(stderr=True)
        self._clock = clock
        self._lock = threading.Lock()
        self._activities: dict[str, Activity] = {}
        self._open: dict[str, StepKey] = {}
        self._printed: dict[str, float] = {}
        self._usual: Mapping[StepKey, timedelta] = {}

    def opened(self, deployment: Deployment, history: History) -> None:
        """Prints the deployment."""
        with self._lock:
            self._usual = usual_durations(history)
        self._print(f"deployment {deployment.id}: {deployment.commit[:7]} into {deployment.environment}")

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """Prints one line when a step is finished."""
        from terrace.report.terminal.deployments import step_line

        with self._lock:
            self._activities.pop(record.stack, None)
            self._printed.pop(record.stack, None)
            self._open[record.stack] = (deployment.environment, record.stack, record.step)
        if record.result is not None:
            self._print("  ", f"{record.stack or deployment.environment:<16} ", step_line(record))

    def progress(self, progress: Progress) -> None:
        """Prints failures, fallbacks, and every half minute what takes long; the steps show the rest."""
        if progress.phase == "failed":
            self._print(f"  {progress.stack}: {progress.address} failed")
        elif progress.phase == "aside":
            self._print(f"  {progress.stack}: {progress.text}")
            return
        now = self._clock()
        with self._lock:
            activity = self._activities.setdefault(progress.stack, Activity())
            activity.add(progress, now)
            running = activity.running
            since = max((change.since for change in running[:1]), default=now)
            if now - max(since, self._printed.get(progress.stack, since)) < QUIET_SECONDS:
                return
            self._printed[progress.stack] = now
            step, usual = self._open.get(progress.stack), self._usual
        from terrace.report.terminal.progress import long_running

        self._print("  ", long_running(progress.stack, running, step, usual, now))

    def _print(self, *parts: Part) -> None:
        from terrace.report.terminal.screen import line

        self._console.print(line(*parts))


class LiveTree:
    """A tree of stacks and steps with times on stderr, updated in place."""

    def __init__(self) -> None:
        self._console = console(stderr=True)
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._usual: Mapping[StepKey, timedelta] = {}
        self._deployment: Deployment | None = None
        self._records: dict[str, StepRecord] = {}
        self._activities: dict[str, Activity] = {}
        self._live: Live | None = None

    def __enter__(self) -> LiveTree:
        from terrace.report.terminal.screen import live_display

        self._live = live_display(self._console, self._draw)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def opened(self, deployment: Deployment, history: History) -> None:
        """Starts to show the deployment."""
        with self._lock:
            self._deployment, self._usual = deployment, usual_durations(history)
            self._records = {record.attempt: record for record in deployment.steps}

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """Adds or updates one step."""
        with self._lock:
            self._deployment = deployment
            self._records[record.attempt] = record
            self._activities.pop(record.stack, None)

    def progress(self, progress: Progress) -> None:
        """Shows what Terraform does in a stack. Fallbacks are printed above the tree, and stay."""
        if progress.phase == "aside":
            from terrace.report.terminal.screen import line

            self._console.print(line(f"{progress.stack}: {progress.text}"))
            return
        with self._lock:
            self._activities.setdefault(progress.stack, Activity()).add(progress, time.monotonic())

    def _draw(self) -> Record:
        from terrace.report.terminal.progress import deployment_progress, planning_tree

        with self._lock:
            deployment, records = self._deployment, list(self._records.values())
            if deployment is None:
                return planning_tree(self._activities)
            now, clock = datetime.now(UTC), time.monotonic()
            elapsed = timedelta(seconds=clock - self._began)
            return deployment_progress(
                deployment, records, self._activities, self._usual, now=now, clock=clock, elapsed=elapsed
            )
