"""The result of a tick, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.apps.output.console import show, show_lines
from terrace.apps.output.deployments import deployment_json, show_deployment_end
from terrace.pipelines.holds import Released
from terrace.report.json import tick as records
from terrace.report.json.tick import TickAction, TickJson
from terrace.report.orphans import orphan_line
from terrace.report.terminal.audit import audit_report
from terrace.report.terminal.drift import drift_report
from terrace.report.terminal.rules import refusal_lines
from terrace.report.terminal.states import state_checks_table

if TYPE_CHECKING:
    from terrace.apps.wiring.tick import DoneAction, Ticked
    from terrace.plans.kept_plans import KeptPlans


def show_action(action: DoneAction, plans: KeptPlans) -> None:
    """Prints the result of one action."""
    if isinstance(action.done, Released):
        show(f"{action.environment} accepts deployments again: {action.done.reason}")
        return
    show_deployment_end(action.done, action.reacted, plans, situation=action.situation)
    if action.left_out:
        show_lines(refusal_lines(action.left_out))


def show_tick(ticked: Ticked) -> None:
    """Prints the checks of a tick, and the leftovers."""
    if not ticked.did_something:
        show("nothing is due")
    if ticked.looks:
        show(state_checks_table(ticked.looks))
    if ticked.reviews:
        show(drift_report(ticked.reviews))
    if ticked.audits:
        show(audit_report(ticked.audits))
    for orphan in ticked.orphans:
        show_lines(orphan_line(orphan))


def action_json(action: DoneAction) -> TickAction:
    """Returns the result of one action."""
    if isinstance(action.done, Released):
        return TickAction(environment=action.environment, result="released", reasons=(action.done.reason,))
    deployment = deployment_json("deploy", action.done, action.reacted, action.left_out or {})
    return records.tick_action(deployment, action.handle)


def tick_json(ticked: Ticked) -> TickJson:
    """Returns the output of `terrace tick`."""
    actions = map(action_json, ticked.actions)
    return records.tick_json(actions, ticked.reviews, ticked.looks, ticked.audits, ticked.orphans)
