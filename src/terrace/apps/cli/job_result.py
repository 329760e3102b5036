"""How a command ends in a job of GitHub Actions: outputs for the jobs after it, a page for people, an exit code.

All of it hangs on `TERRACE_CI=github`, which the generated workflows set; elsewhere a command ends as it always does.
With `TERRACE_CI=gitlab` there are no outputs and no page, and waiting ends a job well too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.environ import ENVIRON
from terrace.adapters.github.actions import output
from terrace.report.machine import Json
from terrace.report.markdown import run_page

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


def after_deployment(told: Json, handle: str) -> Ending:
    """The end of what changes an environment. `handle` names the plans that wait."""
    outputs = {
        "result": told["result"],
        "environment": told["environment"],
        "deployment": told["deployment"] or "",
        "digest": handle,
    }
    return Ending(outputs, lambda: run_page.deployed(told, handle))


def after_tick(results: Iterable[Json], *, good: bool) -> Ending:
    """The end of a `tick`: the newest deployment that went on, or the first that did not go well. `good`: what was
    looked at besides is as it should be."""
    known = list(results)
    bad = next((one for one in known if one["result"] not in _NEUTRAL), None)
    last = bad or next((one for one in reversed(known) if one["result"] == WAITING), known[-1] if known else None)

    def page() -> str:
        return "".join(run_page.deployed(one, one["handle"]) for one in known if "steps" in one)

    if last is None or not good:
        return Ending({"result": "succeeded" if good else "attention"}, page)
    return Ending(
        {
            "result": last["result"],
            "environment": last["environment"],
            "deployment": last.get("deployment") or "",
            "digest": last.get("handle", ""),
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
