"""The result of a command in a CI job: outputs for later jobs, a summary page, and the exit code.

The generated workflows enable it with `TERRACE_CI=github`. With `TERRACE_CI=gitlab`, there are no outputs and no
summary, but a pending deployment also ends the job successfully.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from terrace.adapters.environ import ENVIRON

if TYPE_CHECKING:
    from terrace.report.json.deployments import DeploymentJson
    from terrace.report.json.tick import TickAction

HERE = "TERRACE_CI"

WAITING = "waiting"
"""Result of a job that succeeded, and whose deployment is waiting for an approval or a timer."""


_NEUTRAL = frozenset({"succeeded", "released", WAITING})


@dataclass(frozen=True, slots=True)
class Ending:
    """The result of a command: `outputs` by name, each one line; `page` creates the Markdown of the summary."""

    outputs: Mapping[str, str]
    page: Callable[[], str] = lambda: ""


def end_job(ending: Ending, code: int) -> int:
    """Writes outputs and summary, and returns the exit code of the job's step: 0 for a pending deployment."""
    where = ENVIRON.get(HERE)
    if where not in ("github", "gitlab"):
        return code
    if where == "github":
        from terrace.adapters.github.actions import output

        for name, value in ending.outputs.items():
            # A line break would start another output.
            output(ENVIRON, name, " ".join(value.split()))
        _append("GITHUB_STEP_SUMMARY", ending.page())
    return 0 if code == 1 and ending.outputs.get("result") == WAITING else code


def after_deployment(record: DeploymentJson, handle: str) -> Ending:
    """Returns the end of a command that changes an environment. `handle` names the pending plans."""
    outputs = {
        "result": record.result,
        "environment": record.environment,
        "deployment": record.deployment or "",
        "digest": handle,
    }

    def page() -> str:
        from terrace.report.markdown.run_page import deployment_summary

        return deployment_summary(record, handle)

    return Ending(outputs, page)


def after_tick(results: Iterable[TickAction], *, good: bool) -> Ending:
    """Returns the end of a `tick`: of the newest deployment that continued, or of the first that did not succeed.

    `good`: the states, drift and full checks that it looked at have no problem.
    """
    actions = list(results)
    bad = next((action for action in actions if action.result not in _NEUTRAL), None)
    waiting = next((action for action in reversed(actions) if action.result == WAITING), None)
    last = bad or waiting or (actions[-1] if actions else None)

    def page() -> str:
        from terrace.report.markdown.run_page import deployment_summary

        return "".join(deployment_summary(a, a.handle or "") for a in actions if a.steps is not UNSET)

    if last is None or not good:
        return Ending({"result": "succeeded" if good else "attention"}, page)
    return Ending(
        {
            "result": last.result,
            "environment": last.environment,
            "deployment": last.deployment or "",
            "digest": last.handle or "",
        },
        page,
    )


def environment_matrix(names: Iterable[str], page: Callable[[], str] = lambda: "") -> Ending:
    """Returns environments for a job matrix."""
    return Ending({"environments": _names(names)}, page)


def due_matrix(plan: Iterable[str], apply: Iterable[str], checks: Iterable[str]) -> Ending:
    """Returns the environments to plan, to apply and to check, for a job matrix."""
    return Ending({"plan": _names(plan), "apply": _names(apply), "checks": _names(checks)})


def _names(names: Iterable[str]) -> str:
    return json.dumps(list(dict.fromkeys(names)))


def _append(variable: str, text: str) -> None:
    path = ENVIRON.get(variable)
    if path and text:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
