"""Deployments, gates, status and history in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from terrace.config.naming import quote_word
from terrace.gates.model import Approval, Verdict
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.plans.apply_progress import ChangeState
from terrace.plans.kept_plans import PlannedChanges
from terrace.plans.model import Action, Plan
from terrace.plans.summaries import ACTIONS
from terrace.report.apply_progress import change_groups, failed_steps
from terrace.report.terminal.diagnostics import diagnostic_parts
from terrace.report.terminal.plan_changes import ACTION_STYLES, add_changes, are_many, overview
from terrace.report.terminal.screen import Group, Line, Record, Table, Tree, line, paragraph
from terrace.report.terminal.styles import OUTCOMES, RESULT_STYLES
from terrace.report.words import result_word, witness_words
from terrace.text import visible
from terrace.words import and_more, duration

MOST_CHANGES = 500
"""Changes of a plan that are listed; the ledger has all."""

_STATE_STYLES: Mapping[ChangeState, str] = {
    "completed": "bold",
    "failed": "red",
    "in_flight": "yellow",
    "not_started": "bold",
}


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


def deployment_tree(
    deployment: Deployment,
    reasons: Iterable[str] | None = None,
    *,
    changes: PlannedChanges | None = None,
    full: bool = False,
) -> Record:
    """Returns a deployment with its result and its steps, and below each plan what it changes.

    `reasons` are why it waits now, where that was evaluated. `changes` are the plans of the deployment as far as they
    are kept; without them the addresses of a pending plan are shown, as the ledger has them. Many changes are shown as
    an overview, unless `full`.
    """
    plans: Mapping[str, Plan] = changes.plans if changes is not None else {}
    is_summary = are_many(plans.values(), full=full)
    word = result_word(deployment)
    style = RESULT_STYLES.get(word, "")
    environment, commit = deployment.environment, deployment.commit[:7]
    tree = Tree(line((environment, "bold"), f" {commit} ", (word, style), f" ({deployment.id})"))
    for key in [*deployment.stacks, ""]:
        steps = [step for step in deployment.steps if step.stack == key]
        if not steps:
            continue
        branch = tree.node(line(key or "environment"))
        newest = next((step for step in reversed(steps) if step.step is Step.PLAN), None)
        for step in steps:
            node = branch.node(step_line(step))
            plan = plans.get(key) if step is newest else None
            if plan is not None and not is_summary:
                add_changes(node, plan, full=full)
                continue
            for notice in step.detail.notices or ():
                node.node(line(f"! {visible(notice)}", style="yellow"))
            if plan is None and deployment.waiting and step is steps[-1] and step is newest:
                why = changes.missing.get(key, "") if changes is not None else ""
                _add_pending_changes(node, step, why)
    shown = {step_failure(step) for step in deployment.steps}
    for reason in deployment.reasons or (deployment.waiting if reasons is None else reasons):
        if reason not in shown or "\n" in reason:
            tree.node(paragraph(reason.split("\n"), style=style))
    if deployment.tag:
        tree.node(line(f"tag {deployment.tag}"))
    parts = [overview(plans, f"terrace show {deployment.id} --full")] if is_summary else []
    parts += failure_lines(deployment)
    return Group(tree, *parts) if parts else tree


def failure_lines(deployment: Deployment) -> list[Line]:
    """Returns what Terraform said about the steps that failed, in full, and how to fix it."""
    return [part for step in failed_steps(deployment) for part in _explanation(step)]


def step_failure(step: StepRecord) -> str:
    """Returns the reason for which a deployment fails after this step."""
    return f"{step.stack}: {step.step.value} failed: {step.message}"


def _explanation(step: StepRecord) -> list[Line]:
    """Returns Terraform's messages about a step that failed, and how to fix it, in lines."""
    detail, parts = step.detail, _progress(step)
    for record in detail.diagnostics or ():
        parts += [line(), *diagnostic_parts(record.diagnostic())]
    if more := and_more(detail.more_diagnostics or 0, "message"):
        parts += [line(), line(f"{more} in the log", style="dim")]
    if detail.hint:
        parts += [*([] if detail.diagnostics else [line()]), line("hint: ", (detail.hint, "cyan"))]
    return [line(), line((f"{step.stack or 'environment'}: {step.step.value} failed", "bold")), *parts] if parts else []


def _progress(step: StepRecord) -> list[Line]:
    parts: list[Line] = []
    for group in change_groups(step):
        parts += [line(), line(group.title, style=_STATE_STYLES[group.state])]
        parts += [line("  ", visible(text)) for text in group.lines]
    return parts


_ONLY_IN_STATE = " (imported or moved: only its state changes)"


def _add_pending_changes(node: Tree, plan: StepRecord, why: str) -> None:
    """Adds the addresses of a pending plan, and why its values cannot be shown; "" where no reason is known."""
    if why:
        node.node(
            line(
                f"! values not shown: {visible(why)}; see them with terrace plan {quote_word(plan.stack)}",
                style="yellow",
            )
        )
    changes = (plan.detail.changes or ())[:MOST_CHANGES]
    for word, address in changes:
        action = Action(word)
        only_in_state = _ONLY_IN_STATE if action is Action.NO_OP else ""
        text = f"{ACTIONS[action].terraform_sign} {address}{only_in_state}"
        node.node(line(text, style=ACTION_STYLES[action]))
    if more := and_more(plan.detail.total - len(changes)):
        node.node(line(f"{more}: terrace plan {quote_word(plan.stack)}", style="dim"))


def step_line(step: StepRecord) -> Line:
    """Returns a step in one line."""
    word, style = _step_word(step)
    took = f" {(step.ended_at - step.began_at).total_seconds():.1f}s" if step.ended_at else ""
    head = ((f"{word:<9}", style), f" {step.step.value:<8}", (f"{took:>7}", "dim"), "  ")
    return line(*head, step.message.split("\n")[0])


def _step_word(step: StepRecord) -> tuple[str, str]:
    """Returns the result of a step in one word, and its color: a step that found something is not a success."""
    detail = step.detail
    if step.result is None:
        return "running", "yellow"
    if step.result != "succeeded":
        return step.result, "red"
    if step.step is Step.HEALTH and detail.reading in ("failed", "unclear"):
        return ("unhealthy", "red") if detail.reading == "failed" else ("unclear", "yellow")
    if step.step is Step.BASELINE and detail.healthy is False and detail.probes:
        return "unhealthy", "yellow"
    if step.step is Step.PLAN and detail.objections:
        return "planned", "yellow"
    return step.result, "green"


def approval_line(approval: Approval) -> Line:
    """Returns an approval or a rejection in one line."""
    role = f" as {approval.role}" if approval.role else ""
    comment = f": {visible(approval.comment)}" if approval.comment else ""
    witness = f", {visible(witness_words(approval.witness))}" if approval.witness else ""
    return line(f"  {approval.answer} by {visible(approval.actor)}{role} ({approval.proof}{witness}){comment}")


def history_report(deployments: Sequence[Deployment]) -> Record:
    """Returns deployments, a line each, and below them why those did not succeed that did not."""
    failed = [
        deployment for deployment in deployments if deployment.result not in (None, "succeeded") and deployment.reasons
    ]
    reasons = [
        line(
            (f"{deployment.id}  ", "bold"),
            f"{deployment.environment}: ",
            deployment.reasons[0].split("\n")[0],
            _more(deployment.reasons),
        )
        for deployment in failed
    ]
    return Group(history_table(deployments), *([line(), line("Reasons", style="bold"), *reasons] if reasons else []))


def _more(reasons: Sequence[str]) -> str:
    more = and_more(len(reasons) - 1, "reason")
    return f" ({more})" if more else ""


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
