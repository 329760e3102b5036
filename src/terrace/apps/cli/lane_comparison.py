"""`doctor --lane ENV`: compares plans with and without the fast lane."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from terrace.adapters.terraform.client import LocalTerraform
from terrace.apps.output.console import emit, show
from terrace.apps.output.progress import Silent
from terrace.apps.wiring.project import Project
from terrace.config.naming import unknown_name_error
from terrace.errors import NotReady
from terrace.pipelines.context import Context
from terrace.pipelines.planning import reading, site_in
from terrace.plans.model import Plan
from terrace.plans.ports import Site
from terrace.report.json.setup import LaneVerdict


@dataclass(frozen=True, slots=True)
class Compared:
    """The plans of one stack, with their time in seconds.

    `verdict`: same, different, plain (the fast lane was not used), or volatile (every plan differs).
    """

    stack: str
    verdict: LaneVerdict
    plain: float
    lane: float


def compare(folder: str, environment: str, *, as_json: bool) -> int:
    """Plans every stack of an environment with and without the fast lane; exit 1 if two plans differ.

    The plans are of the tip of the protected branch. No state is locked or changed, and no plan is kept.
    """
    project = Project(Path(folder))
    names = [environment.name for environment in project.trust.config.environments]
    if environment not in names:
        raise unknown_name_error("environment", environment, names)
    closed = project.terraform_by("plan-only").lane_closed
    if closed:
        raise NotReady(f"the fast lane is disabled: {closed}")
    rows = _rows(project, environment)
    if as_json:
        from terrace.report.json.setup import DoctorLaneJson, LaneRow

        stacks = tuple(LaneRow(stack=r.stack, verdict=r.verdict, plain=r.plain, lane=r.lane) for r in rows)
        emit(DoctorLaneJson(environment=environment, stacks=stacks))
    else:
        _show(rows)
    return 1 if any(row.verdict == "different" for row in rows) else 0


def _rows(project: Project, environment: str) -> list[Compared]:
    context = project.read_only_context(Silent())
    inventory = project.survey(project.trust.commit)
    plain, fast = project.terraform_by("off"), project.terraform_by("plan-only")
    rows = []
    with context.repository.checkout(inventory.commit, f"{environment}-lane") as root:
        for stack in inventory.of(environment):
            site = site_in(context, inventory, stack, root, "plan")
            # Shared preparation is not measured.
            plain.folder(site)
            first, _, before = _plan_timed(context, plain, site, inventory.commit)
            second, way, after = _plan_timed(context, fast, site, inventory.commit)
            verdict: LaneVerdict = "plain" if way == "plain" else "same"
            if first != second:
                again, _, _ = _plan_timed(context, plain, site, inventory.commit)
                verdict = "different" if again == first else "volatile"
            rows.append(Compared(stack.key, verdict, round(before, 2), round(after, 2)))
    return rows


def _plan_timed(context: Context, terraform: LocalTerraform, site: Site, commit: str) -> tuple[Plan, str, float]:
    """Returns a plan, whether the fast lane was used, and the time in seconds."""
    began = time.monotonic()
    made_plan = terraform.plan(site, lock=False)
    try:
        took = time.monotonic() - began
        # The cached provider facts change between the plans, and are not part of Terraform's plan.
        return reading(context, site, commit, replace(made_plan, unsettable={})), made_plan.way, took
    finally:
        made_plan.discard()


_VERDICTS = {
    "same": ("green", "the same plan"),
    "different": ("red", "different plan: set terraform: {fast: off}, and report it"),
    "volatile": ("yellow", "every plan differs, with and without the fast lane"),
    "plain": ("yellow", "planned without the fast lane: see `terrace doctor`, or the stack has no provider"),
}


def _show(rows: list[Compared]) -> None:
    from terrace.report.terminal.screen import Table

    table = Table("stack", "without", "fast lane", "")
    for column in table.columns[1:3]:
        column.justify = "right"
    for row in rows:
        style, text = _VERDICTS[row.verdict]
        table.add(row.stack, f"{row.plain:.2f} s", f"{row.lane:.2f} s", (text, style))
    show(table)
