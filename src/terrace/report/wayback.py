"""A way back before it is gone: what comes back, what is lost, what speaks against it. For people and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from terrace.assess.model import Objection, Weight
from terrace.config.naming import quote_text
from terrace.gates.model import Verdict
from terrace.ledger.deployment import Deployment
from terrace.plans.model import Action, Plan
from terrace.report.machine import Json, gates, planned
from terrace.report.screen import Group, Record, Tree, line
from terrace.report.terminal import counts, plan_changes
from terrace.report.terminal import gates as gates_told


def terminal(
    target: Deployment,
    undone: tuple[Deployment, ...],
    plans: Mapping[str, Plan],
    objections: tuple[Objection, ...],
    left: tuple[str, ...],
    took: timedelta,
    verdict: Verdict,
) -> Record:
    """The whole simulation."""
    title = f"{target.environment} back to {target.commit[:7]}: undoes {len(undone)} deployment"
    tree = Tree(line(title + ("s" if len(undone) > 1 else ""), style="bold"))
    for one in undone:
        tree.node(line(f"undoes {one.commit[:7]} ({one.id}, {one.result or 'not ended'})", style="dim"))
    for key, plan in plans.items():
        branch = tree.node(line(f"{key}: {counts(plan)}"))
        plan_changes(branch, plan)
        for said in objections:
            if said.stack == key:
                branch.node(line(f"! {said.address} {said.why}{_ask(said)}", style="red"))
    for key in left:
        tree.node(line(f"{key} is unknown to {target.commit[:7]} and stays as it is", style="yellow"))
    lost = [
        c.shown_address
        for plan in plans.values()
        for c in plan.effective
        if c.action in (Action.DELETE, Action.REPLACE)
    ]
    tree.node(line(f"lost: {', '.join(lost) or 'nothing'}"))
    tree.node(line(f"its applies took {took.total_seconds():.0f} s last time"))
    return Group(tree, gates_told(verdict), line("nothing was changed"))


def machine(
    target: Deployment,
    undone: tuple[Deployment, ...],
    plans: Mapping[str, Plan],
    objections: tuple[Objection, ...],
    left: tuple[str, ...],
    took: timedelta,
    verdict: Verdict,
) -> Json:
    """The same as one object."""
    return {
        "schema": "terrace/rollback-plan@1",
        "environment": target.environment,
        "commit": target.commit,
        "target": target.id,
        "undoes": [one.id for one in undone],
        "safe": not objections,
        "plans": [planned(plan) for plan in plans.values()],
        "objections": [
            {"rule": o.rule, "stack": o.stack, "address": o.address, "why": o.why, "weight": o.weight.value}
            for o in objections
        ],
        "left": list(left),
        "took_seconds": round(took.total_seconds()),
        "verdict": verdict.outcome.value,
        "gates": gates(verdict),
    }


def _ask(one: Objection) -> str:
    return f" (only with --allow {quote_text(one.name)})" if one.weight is Weight.NAME else ""
