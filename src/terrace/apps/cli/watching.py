"""What is shown while a deployment or a check goes on: a live tree on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING

from terrace.apps.cli.console import console
from terrace.plans.terraform import Progress
from terrace.report.text import visible
from terrace.rollout.model import Deployment, StepRecord

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live


class Silent:
    """Says nothing: for `--json` and for commands that are quick."""

    def opened(self, deployment: Deployment) -> None:
        """Nothing."""

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""


class Lines:
    """One line on stderr for every step that ends: for pipes and logs. Safe to call from several threads."""

    def __init__(self) -> None:
        self._console = console(stderr=True)

    def opened(self, deployment: Deployment) -> None:
        """Names the deployment."""
        self._console.print(f"deployment {deployment.id}: {deployment.commit[:7]} into {deployment.environment}")

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """One line a step, when it ends."""
        from rich.text import Text

        from terrace.report.terminal import step_line

        if record.result is not None:
            self._console.print(
                Text.assemble("  ", f"{record.stack or deployment.environment:<16} ", step_line(record))
            )

    def progress(self, progress: Progress) -> None:
        """Failures, and what went another way than it should; the rest is in the steps."""
        if progress.phase == "failed":
            self._console.print(f"  {progress.stack}: {progress.address} failed", markup=False)
        elif progress.phase == "aside":
            self._console.print(f"  {progress.stack}: {progress.text}", markup=False)


class LiveTree:
    """A tree of stacks and steps with times, redrawn in place on stderr."""

    def __init__(self) -> None:
        self._console = console(stderr=True)
        self._lock = threading.Lock()
        self._deployment: Deployment | None = None
        self._records: dict[str, StepRecord] = {}
        self._doing: dict[str, str] = {}
        self._live: Live | None = None

    def __enter__(self) -> LiveTree:
        from rich.live import Live

        self._live = Live(console=self._console, refresh_per_second=8, transient=True, get_renderable=self._draw)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def opened(self, deployment: Deployment) -> None:
        """Shows the deployment's tree from now on."""
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
        """Shows the newest thing that Terraform does for a stack; what went another way than it should stays."""
        if progress.phase == "aside":
            self._console.print(f"{progress.stack}: {progress.text}", markup=False)
            return
        with self._lock:
            self._doing[progress.stack] = f"{progress.action or progress.phase} {progress.address}".strip()

    def _draw(self) -> RenderableType:
        from rich.spinner import Spinner
        from rich.text import Text
        from rich.tree import Tree

        from terrace.report.terminal import step_line

        with self._lock:
            deployment, records, doing = self._deployment, list(self._records.values()), dict(self._doing)
        if deployment is None:
            tree = Tree(Spinner("dots", text="planning"))
            for key, text in doing.items():
                tree.add(Text(f"{key}: {visible(text)}", style="dim"))
            return tree
        tree = Tree(Text(f"{deployment.commit[:7]} into {deployment.environment} ({deployment.id})", style="bold"))
        for key in [*deployment.stacks, ""]:
            mine = [r for r in records if r.stack == key]
            if not mine:
                continue
            branch = tree.add(Text(key or "environment"))
            for record in mine:
                if record.result is None:
                    said = f"{record.step.value}  {visible(doing.get(key, ''))}"
                    branch.add(Spinner("dots", text=Text(said)))
                else:
                    branch.add(step_line(record))
        return tree
