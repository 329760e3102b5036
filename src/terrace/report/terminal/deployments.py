"""Deployments, gates, status and history in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from terrace.config.naming import quote_word
from terrace.drift.checks import Standing
from terrace.gates.model import Approval, Outcome, Verdict
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.folds import Hold
from terrace.plans.model import Action
from terrace.plans.summaries import ACTIONS
from terrace.report.terminal.screen import Line, Record, Table, Tree, line, paragraph
from terrace.report.words import result_word, state_word, witness_words
from terrace.text import visible
from terrace.words import ago, and_more, duration

MOST_CHANGES = 500
"""Changes of a plan that are listed; the ledger has all."""

OUTCOMES = {Outcome.PASS: ("pass ", "green"), Outcome.WAIT: ("wait ", "yellow"), Outcome.BLOCK: ("block", "red")}

RESULT_STYLES = {
    "succeeded": "green",
    "deployed": "green",
    "waiting": "yellow",
    "deploying": "yellow",
    "held": "yellow",
    "failed": "red",
    "unknown": "red",
    "blocked": "red",
    "clean": "green",
    "drifted": "red",
}

_CHANGE_STYLES = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.FORGET: "cyan", Action.NO_OP: "cyan"}


def gates_table(verdict: Verdict) -> Record:
    """Returns every gate of an environment with its result, and what would make the others pass."""
    table = Table()
    table.title = line(f"Gates of {verdict.environment}", style="bold")
    table.title_justify = "left"
    for result in verdict.results:
        word, style = OUTCOMES[result.outcome]
        lines = [line(result.reason), *([line(f"→ {result.satisfy}", style="cyan")] if result.satisfy else [])]
        table.add((f"  {word}", style), result.gate, paragraph(lines))
    return table


def deployment_tree(deployment: Deployment) -> Record:
    """Returns a deployment with its result and its steps."""
    word = result_word(deployment)
    style = RESULT_STYLES.get(word, "")
    environment, commit = deployment.environment, deployment.commit[:7]
    tree = Tree(line((environment, "bold"), f" {commit} ", (word, style), f" ({deployment.id})"))
    for key in [*deployment.stacks, ""]:
        steps = [step for step in deployment.steps if step.stack == key]
        if steps:
            branch = tree.node(line(key or "environment"))
            for step in steps:
                node = branch.node(step_line(step))
                for notice in step.detail.notices or ():
                    node.node(line(f"! {visible(notice)}", style="yellow"))
            if deployment.waiting and steps[-1].step is Step.PLAN:
                _add_pending_changes(node, steps[-1])
    for reason in deployment.reasons or deployment.waiting:
        tree.node(paragraph(reason.split("\n"), style=style))
    if deployment.tag:
        tree.node(line(f"tag {deployment.tag}"))
    return tree


_ONLY_IN_STATE = " (imported or moved: only its state changes)"


def _add_pending_changes(node: Tree, plan: StepRecord) -> None:
    """Adds the changes of a pending plan, which approvers must see."""
    changes = (plan.detail.changes or ())[:MOST_CHANGES]
    for word, address in changes:
        action = Action(word)
        only_in_state = _ONLY_IN_STATE if action is Action.NO_OP else ""
        text = f"{ACTIONS[action].terraform_sign} {address}{only_in_state}"
        node.node(line(text, style=_CHANGE_STYLES.get(action, "red")))
    if more := and_more(plan.detail.total - len(changes)):
        node.node(line(f"{more}: terrace plan {quote_word(plan.stack)}", style="dim"))


def step_line(step: StepRecord) -> Line:
    """Returns a step in one line."""
    style = {"succeeded": "green", "failed": "red", "unknown": "red"}.get(step.result or "", "yellow")
    took = f" {(step.ended_at - step.began_at).total_seconds():.1f}s" if step.ended_at else ""
    head = ((f"{step.result or 'running':<9}", style), f" {step.step.value:<8}", (f"{took:>7}", "dim"), "  ")
    return line(*head, step.message.split("\n")[0])


def approval_line(approval: Approval) -> Line:
    """Returns an approval or a rejection in one line."""
    role = f" as {approval.role}" if approval.role else ""
    comment = f": {visible(approval.comment)}" if approval.comment else ""
    witness = f", {visible(witness_words(approval.witness))}" if approval.witness else ""
    return line(f"  {approval.answer} by {visible(approval.actor)}{role} ({approval.proof}{witness}){comment}")


def status_table(
    rows: Iterable[tuple[str, Deployment | None, Deployment | None, Hold | None]],
    drift: Mapping[str, Standing],
    handles: Mapping[str, str],
    now: datetime,
) -> Table:
    """Returns a line for each environment, in the promotion order, with the handle of its pending plans.

    A row is an environment, its newest deployment, its last good release, and its hold.
    """
    table = Table("Environment", "State", "Commit", "Since", "Drift", "Waiting for")
    for name, latest, good, hold in rows:
        word = state_word(latest, hold)
        table.add(
            name,
            (word, RESULT_STYLES.get(word, "")),
            good.commit[:7] if good else "-",
            ago(good.ended_at, now) if good else "-",
            _drift(drift.get(name), now),
            paragraph(_waiting(latest, hold, handles.get(name, ""), now)),
        )
    return table


def _waiting(latest: Deployment | None, hold: Hold | None, handle: str, now: datetime) -> tuple[str, ...]:
    if hold is not None:
        return (f"on hold: {hold.reason} (by {hold.by})",)
    if latest is not None and latest.result in ("failed", "unknown", "blocked"):
        return tuple(latest.reasons)
    waiting = tuple(latest.waiting) if latest is not None else ()
    if handle:
        waiting = (*waiting, f"approval of {handle}")
    if latest is not None and latest.result is None:
        running = (step for step in latest.steps if step.open)
        waiting += tuple(f"{step.step.value} {step.stack} started {ago(step.began_at, now)}" for step in running)
    return waiting


def _drift(standing: Standing | None, now: datetime) -> Line:
    if standing is None:
        return line("-", style="dim")
    alarm = [line(f"alarm: {standing.overdue}", style="red")] if standing.overdue else []
    status = f"{standing.status}, {ago(standing.checked_at, now)}"
    return paragraph([(status, RESULT_STYLES.get(standing.status, "")), *alarm])


def history_table(deployments: Iterable[Deployment]) -> Table:
    """Returns deployments, a line each."""
    table = Table("Deployment", "Environment", "Commit", "Result", "Started", "Took", "By")
    for deployment in deployments:
        word = result_word(deployment)
        table.add(
            deployment.id,
            deployment.environment,
            deployment.commit[:7],
            (word, RESULT_STYLES.get(word, "")),
            deployment.opened_at.strftime("%Y-%m-%d %H:%M:%SZ"),
            duration(deployment.ended_at - deployment.opened_at) if deployment.ended_at else "-",
            deployment.requester,
        )
    return table
