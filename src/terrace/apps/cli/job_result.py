"""How a command ends in a job of GitHub Actions: outputs for the jobs after it, a page for people, an exit code.

All of it hangs on `TERRACE_CI=github`, which the generated workflows set; elsewhere a command ends as it always does.
With `TERRACE_CI=gitlab` there are no outputs and no page, and waiting ends a job well too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec import UNSET

from terrace.adapters.environ import ENVIRON
from terrace.adapters.github.actions import output
from terrace.report.json.deployments import DeploymentJson
from terrace.report.json.tick import TickAction
from terrace.report.markdown.run_page import deployment_summary

HERE = "TERRACE_CI"

WAITING = "waiting"
"""The result that is no failure: a job has nothing left to do, and another goes on once people, or time, let it."""


_NEUTRAL = frozenset({"succeeded", "released", WAITING})


@dataclass(frozen=True, slots=True)
class Ending:
    """What a command came to: `outputs` by name, each one line; `page` makes the Markdown where there is a page."""

    outputs: Mapping[str, str]
    page: Callable[[], str] = lambda: ""


def end_job(ending: Ending, code: int) -> int:
    """Tell the run what a command came to; returns the exit code of the job's step. Waiting ends it well."""
    where = ENVIRON.get(HERE)
    if where not in ("github", "gitlab"):
        return code
    if where == "github":
        for name, value in ending.outputs.items():
            # A second line would be another output.
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
    return Ending(outputs, lambda: deployment_summary(record, handle))


def after_tick(results: Iterable[TickAction], *, good: bool) -> Ending:
    """Returns the end of a `tick`: of the newest deployment that continued, or of the first that did not succeed.

    `good`: the states, drift and full checks that it looked at have no problem.
    """
    actions = list(results)
    bad = next((action for action in actions if action.result not in _NEUTRAL), None)
    waiting = next((action for action in reversed(actions) if action.result == WAITING), None)
    last = bad or waiting or (actions[-1] if actions else None)

    def page() -> str:
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
    """Environments for a matrix: one job is made of each."""
    return Ending({"environments": _names(names)}, page)


def due_matrix(plan: Iterable[str], apply: Iterable[str]) -> Ending:
    """Where something may be planned, and where something may go on."""
    return Ending({"plan": _names(plan), "apply": _names(apply)})


def _names(names: Iterable[str]) -> str:
    return json.dumps(list(dict.fromkeys(names)))


def _append(variable: str, text: str) -> None:
    path = ENVIRON.get(variable)
    if path and text:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
