"""The ledger as a page for people, beside the events: deployed commits, deployments, approvals.

Terrace never reads the page: an edit of it misleads readers until the next event, and has no effect on gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from terrace.ledger import folds, holds, kinds
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.deployment import Deployment
from terrace.ledger.event import Event
from terrace.ledger.events.deployments import DeploymentWaiting
from terrace.ledger.model import History
from terrace.ledger.origins import origin_word
from terrace.report.markdown.escape import code, plain, prose, table
from terrace.report.next_steps import next_steps
from terrace.report.words import result_word, state_word, witness_words
from terrace.rollout.situation import Situation
from terrace.text import clip

MOST = 50
"""Deployments, and approvals, that are listed, the newest first."""

_SHOWN_KINDS = frozenset(
    {
        kinds.LEDGER_OPENED,
        kinds.DEPLOYMENT_OPENED,
        kinds.DEPLOYMENT_WAITING,
        kinds.DEPLOYMENT_ENDED,
        kinds.APPROVAL_GIVEN,
        kinds.ENVIRONMENT_HELD,
        kinds.ENVIRONMENT_UNHELD,
    }
)

_HEAD = """\
# Deployments by Terrace

Every event of this repository's deployments is a line of JSON below `events/`, with the hash of the previous event.
Terrace appends to this branch and never rewrites it: do not edit, merge or force-push it. This page is generated from
the events and has no effect; `terrace ledger verify` checks the chain, `terrace history` and `terrace show ID` show
details.
"""


def changed_page(history: History, new: Sequence[Event]) -> str | None:
    """Returns the page where one of the new events changes it, otherwise None."""
    return ledger_page(history) if any(event.kind in _SHOWN_KINDS for event in new) else None


def ledger_page(history: History) -> str:
    """Returns the page as Markdown: the environments, then the newest deployments and approvals."""
    every = folds.deployments(history)
    parts = [_HEAD, "## Environments", environments(history)]
    head = ("When", "Environment", "Commit", "Origin", "Result", "By", "Id")
    parts += ["## Deployments", table(head, _deployment_rows(every))]
    approvals = [(d, approval) for d in every[-MOST:] for approval in folds.approvals(history, d.id)]
    if approvals:
        approvals.sort(key=lambda pair: pair[1].at)
        rows = (_approval_row(deployment, approval) for deployment, approval in approvals[: -MOST - 1 : -1])
        head = ("When", "Deployment", "Who", "As", "Decision", "Proof", "Comment")
        parts += ["## Approvals", table(head, rows)]
    return "\n\n".join(parts) + "\n"


def environments(history: History, configured: Iterable[str] = ()) -> str:
    """Returns a table of the `configured` environments and of those that were ever deployed to: deployed commits, and
    what each waits for."""
    names = dict.fromkeys((*configured, *(deployment.environment for deployment in folds.deployments(history))))
    if not names:
        return "Nothing was deployed yet."
    rows = []
    for name in names:
        good, hold = folds.last_good(history, name), holds.hold(history, name)
        latest = folds.latest(history, name)
        waits = f"on hold: {hold.reason} (by {hold.by})" if hold else _waits_for(history, latest)
        commit, since = (code(good.commit[:12]), _moment_text(good.ended_at)) if good else ("", "")
        rows.append((code(name), state_word(latest, hold), commit, since, prose(clip(waits))))
    return table(("Environment", "State", "Commit", "Since", "Waits for"), rows)


def next_steps_list(situations: Iterable[Situation]) -> str:
    """Returns the next steps of each environment, a line each; "" where nothing has to be done."""
    lines = []
    for situation in situations:
        if steps := next_steps(situation):
            lines.append(f"- {code(situation.environment)}: {'; then '.join(prose(clip(step)) for step in steps)}")
    return "\n".join(["**Next steps**", "", *lines]) if lines else ""


def _waits_for(history: History, latest: Deployment | None) -> str:
    """Returns why a deployment waited when its gates were last evaluated, and the answers since then."""
    if latest is None or not latest.waiting:
        return ""
    waits = (event for event, _ in reversed(history.of(DeploymentWaiting)) if event.subject == latest.id)
    last_wait = next(waits, None)
    since = [
        approval
        for approval in folds.approvals(history, latest.id)
        if last_wait is not None and approval.position > last_wait.position
    ]
    words = [f"{'approved' if approval.answer == 'approve' else 'rejected'} by {approval.actor}" for approval in since]
    return "; ".join([*latest.waiting, *([f"since then {', '.join(words)}"] if words else [])])


def _deployment_rows(deployments: Sequence[Deployment]) -> Iterator[tuple[str, ...]]:
    for deployment in deployments[: -MOST - 1 : -1]:
        yield (
            _moment_text(deployment.opened_at),
            code(deployment.environment),
            code(deployment.commit[:12]),
            plain(origin_word(deployment.origin)),
            result_word(deployment),
            plain(clip(deployment.requester, 60)),
            code(deployment.id),
        )


def _approval_row(deployment: Deployment, approval: SignedApproval) -> tuple[str, ...]:
    return (
        _moment_text(approval.at),
        f"{code(deployment.environment)} {code(deployment.id)}",
        plain(clip(approval.actor, 60)),
        plain(clip(approval.role, 60)),
        "rejected" if approval.answer == "reject" else "approved",
        _proof(approval),
        plain(clip(approval.comment)),
    )


def _proof(approval: SignedApproval) -> str:
    if approval.signature:
        return "signature"
    return plain(clip(witness_words(approval.witness))) if approval.witness else "name in Git"


def _moment_text(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment is not None else ""
