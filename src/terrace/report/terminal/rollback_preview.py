"""The preview of a rollback in a terminal: its plans, its losses, and the objections to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from terrace.assess.model import Objection, Weight
from terrace.config.naming import quote_text
from terrace.gates.model import Verdict
from terrace.ledger.deployment import Deployment
from terrace.plans.model import Action, Plan
from terrace.report.diff_words import plan_line
from terrace.report.terminal.deployments import gates_table
from terrace.report.terminal.plan_changes import add_changes, are_many, overview
from terrace.report.terminal.screen import Group, Record, Tree, line
from terrace.words import duration, plural


def rollback_preview(
    target: Deployment,
    undone: tuple[Deployment, ...],
    plans: Mapping[str, Plan],
    objections: tuple[Objection, ...],
    remaining: tuple[str, ...],
    took: timedelta,
    verdict: Verdict,
    *,
    full: bool = False,
) -> Record:
    """Returns the preview. `remaining` are stacks that the target does not have, `took` is how long its applies took.
    With `full` every change is shown completely."""
    is_summary = are_many(plans.values(), full=full)
    title = f"{target.environment} back to {target.commit[:7]}: undoes {plural(len(undone), 'deployment')}"
    tree = Tree(line(title, style="bold"))
    for deployment in undone:
        result = deployment.result or "not finished"
        tree.node(line(f"undoes {deployment.commit[:7]} ({deployment.id}, {result})", style="dim"))
    for key, plan in plans.items():
        branch = tree.node(line(f"{key}: {plan_line(plan)}"))
        if not is_summary:
            add_changes(branch, plan, full=full)
        for objection in objections:
            if objection.stack == key:
                branch.node(line(f"! {objection.address} {objection.why}{_condition(objection)}", style="red"))
    for key in remaining:
        tree.node(line(f"{key} does not exist at {target.commit[:7]} and is not changed", style="yellow"))
    lost = [
        change.shown_address
        for plan in plans.values()
        for change in plan.effective
        if change.action in (Action.DELETE, Action.REPLACE)
    ]
    tree.node(line(f"lost: {', '.join(lost) or 'nothing'}"))
    tree.node(line(f"its applies took {duration(took)} last time"))
    changes = [overview(plans, f"terrace rollback {target.environment} --plan-only --full")] if is_summary else []
    return Group(tree, *changes, gates_table(verdict), line("No changes were made."))


def _condition(objection: Objection) -> str:
    return f" (only with --allow {quote_text(objection.name)})" if objection.weight is Weight.NAME else ""
