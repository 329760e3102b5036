"""The kept output of Terraform in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.report.terminal.screen import Line, line
from terrace.rollout.ports import LogLine, StepLog


def log_lines(logs: Iterable[StepLog]) -> Iterator[Line]:
    """Yields the logs of steps, each below its stack and step."""
    for log in logs:
        yield line((f"== {log.stack}: {log.step}", "bold"))
        yield from map(log_line, log.lines)
        if log.problem:
            yield line(log.problem, style="red")


def log_line(entry: LogLine) -> Line:
    """Returns one line with the time of day (UTC) at which Terraform printed it."""
    return line((f"{entry.at[11:19]:<8}  ", "dim"), entry.text)
