"""A deployment as an HTML page: its result, what it waits for, what its plans change, its steps and approvals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.gates.model import Approval
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.plans.kept_plans import PlannedChanges
from terrace.plans.model import Plan
from terrace.plans.summaries import describe_actions, notices
from terrace.report.apply_progress import change_groups, failed_steps
from terrace.report.html.layout import page
from terrace.report.html.markup import NOTHING, Markup, code, html, join, prose, text
from terrace.report.html.plan import plan_details, plan_tiles
from terrace.report.words import result_word, witness_words
from terrace.words import duration

_HEADERS = {"succeeded": NOTHING, "deploying": NOTHING, "waiting": Markup(" grave")}
"""Classes of the page's header by result: green, yellow; red for all others."""


def deployment_page(
    deployment: Deployment,
    approvals: Iterable[Approval],
    changes: PlannedChanges,
    reasons: Iterable[str] | None = None,
) -> str:
    """Returns the page. `changes` are the plans of the deployment as far as they are kept, `reasons` are why it waits
    now, where that was evaluated."""
    title = f"Terrace: {deployment.environment} {deployment.commit[:7]} {result_word(deployment)}"
    why = deployment.reasons or tuple(deployment.waiting if reasons is None else reasons)
    return page(title, _body(deployment, tuple(approvals), changes, why))


def _body(
    deployment: Deployment, approvals: tuple[Approval, ...], changes: PlannedChanges, reasons: Iterable[str]
) -> Iterator[Markup]:
    word = result_word(deployment)
    yield html(
        "<header class='top{trouble}'><div><h1>{environment}: {word}</h1>\n"
        "<p class=soft>commit {commit} · deployment {id} · by {requester} · {opened} UTC</p></div></header>",
        trouble=_HEADERS.get(word, Markup(" blocked")),
        environment=deployment.environment,
        word=word.replace("_", " "),
        commit=code(deployment.commit[:12]),
        id=code(deployment.id),
        requester=deployment.requester,
        opened=f"{deployment.opened_at:%Y-%m-%d %H:%M}",
    )
    yield Markup("<main>")
    yield from _reasons(deployment, tuple(reasons))
    yield from _progress(deployment)
    yield from _plans(changes)
    yield from _approvals(approvals)
    yield from _steps(deployment)
    yield Markup("</main>")


def _reasons(deployment: Deployment, reasons: tuple[str, ...]) -> Iterator[Markup]:
    if reasons:
        title = "Waiting for" if deployment.open else "Reasons"
        items = join(html("<li>{reason}</li>", reason=prose(reason)) for reason in reasons)
        yield html("<h2>{title}</h2>\n<ul class=unknowns>{items}</ul>", title=title, items=items)


def _progress(deployment: Deployment) -> Iterator[Markup]:
    """Yields the changes of each failed apply by their state."""
    for step in failed_steps(deployment):
        groups = tuple(change_groups(step))
        if groups:
            yield html("<h2>Changes of the failed apply of {stack}</h2>", stack=code(step.stack))
        for group in groups:
            lines = join(html("<li>{line}</li>", line=text(line)) for line in group.lines)
            yield html("<h3>{title}</h3>\n<ul>{lines}</ul>", title=group.title, lines=lines)


def _plans(changes: PlannedChanges) -> Iterator[Markup]:
    if changes.plans or changes.missing:
        yield Markup("<h2 id=plans>Plans</h2>")
    for key, plan in changes.plans.items():
        yield from _plan(key, plan)
    for key, why in changes.missing.items():
        yield html("<p class=del>{key}: the values are not shown: {why}</p>", key=code(key), why=why)


def _plan(key: str, plan: Plan) -> Iterator[Markup]:
    yield html(
        "<section class=plan><header><h3>{key}</h3>{deeds}\n<small>plan {digest}</small></header>",
        key=code(key),
        deeds=describe_actions(plan),
        digest=code(plan.digest.short),
    )
    for notice in notices(plan):
        yield html("<p class=soft>{notice}</p>", notice=prose(notice))
    yield plan_tiles(plan, {})
    yield Markup("<details class=more-of open><summary>Attributes</summary>")
    yield from plan_details(plan)
    yield Markup("</details></section>")


def _approvals(approvals: tuple[Approval, ...]) -> Iterator[Markup]:
    if not approvals:
        return
    yield Markup("<h2>Approvals</h2>\n<ul>")
    for approval in approvals:
        yield html(
            "<li>{decision} by <b>{person}</b>{role} ({proof}{place}){comment}</li>",
            decision=approval.answer,
            person=approval.actor,
            role=f" as {approval.role}" if approval.role else "",
            proof=approval.proof,
            place=f", {witness_words(approval.witness)}" if approval.witness else "",
            comment=f": {approval.comment}" if approval.comment else "",
        )
    yield Markup("</ul>")


def _steps(deployment: Deployment) -> Iterator[Markup]:
    if not deployment.steps:
        return
    heads = join(html("<th scope=col>{head}", head=head) for head in ("Stack", "Step", "Result", "Took", "Message"))
    yield html("<h2>Steps</h2>\n<div class=scroll><table><thead><tr>{heads}</tr></thead><tbody>", heads=heads)
    yield from map(_step, deployment.steps)
    yield Markup("</tbody></table></div>")


def _step(step: StepRecord) -> Markup:
    result = step.result or "running"
    kind = {"succeeded": "pass", "failed": "block", "unknown": "block"}.get(result, "wait")
    return html(
        "<tr><td>{stack}</td><td>{name}</td><td><span class='gate {kind}'>{result}</span></td><td>{took}</td>"
        "<td>{message}</td></tr>",
        stack=code(step.stack) if step.stack else "environment",
        name=step.step.value,
        kind=kind,
        result=result,
        took=duration(step.ended_at - step.began_at) if step.ended_at else "",
        message=text(step.message),
    )
