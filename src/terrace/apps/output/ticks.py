"""What a tick did, for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.apps.output.console import show, show_lines
from terrace.apps.output.deployments import deployment_json, show_deployment_end
from terrace.pipelines.holds import Released
from terrace.report import audit, drift, machine, state_json, state_terminal
from terrace.report.leftovers import leftover_line, leftovers_json
from terrace.report.refusals import refusal_lines, refusals_json

if TYPE_CHECKING:
    from terrace.apps.wiring.tick import DoneAction, Ticked
    from terrace.config.model import Config


def show_action(config: Config, action: DoneAction) -> None:
    """Prints how one action ended."""
    if isinstance(action.done, Released):
        show(f"{action.environment} takes deployments again: {action.done.reason}")
        return
    show_deployment_end(config, action.done, action.reacted)
    if action.left_out:
        show_lines(refusal_lines(action.left_out))


def show_tick(ticked: Ticked) -> None:
    """Prints what was looked at besides deployments, and what was left behind."""
    if not ticked.did_something:
        show("nothing is due")
    if ticked.looks:
        show(state_terminal.looks(ticked.looks))
    if ticked.reviews:
        show(drift.as_terminal(ticked.reviews))
    if ticked.audits:
        show(audit.as_terminal(ticked.audits))
    for leftover in ticked.leftovers:
        show_lines(leftover_line(leftover))


def action_json(action: DoneAction) -> machine.Json:
    """Returns how one action ended."""
    if isinstance(action.done, Released):
        return {"environment": action.environment, "result": "released", "reasons": [action.done.reason]}
    return {
        **deployment_json("tick", action.done, action.reacted),
        "handle": action.handle,
        "refused": refusals_json(action.left_out or {}),
    }


def tick_json(ticked: Ticked) -> machine.Json:
    """Returns what a tick did, and what it looked at."""
    return {
        "schema": "terrace/tick@1",
        "done": [action_json(action) for action in ticked.actions],
        "drift": drift.as_json(ticked.reviews)["environments"],
        "backups": [state_json.look(look) for look in ticked.looks],
        "audits": audit.as_json(ticked.audits)["environments"],
        "left": leftovers_json(ticked.leftovers),
    }
