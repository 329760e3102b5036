"""The ledger as a page for people, beside the events: what is where, what was done, who agreed.

It is only shown. Nothing is ever decided by it: whoever edits it fools a reader until the next event, and no gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from terrace.ledger import folds, kinds
from terrace.ledger.deployment import Deployment
from terrace.ledger.event import Event
from terrace.ledger.folds import SignedApproval
from terrace.ledger.model import History
from terrace.ledger.origins import origin_word
from terrace.report.machine import result_word, state_word, witness_word
from terrace.report.markdown.escape import code, plain
from terrace.text import clipped

MOST = 50
"""Deployments, and answers, that are listed: the newest."""

_TOLD = frozenset(
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
# What Terrace did here

Every event of this repository's deployments is a line of JSON below `events/`, each with the hash of the one before.
Terrace appends to this branch and never rewrites it: do not edit, merge or force it. This page is made from the events
and decides nothing; `terrace ledger verify` checks the chain, `terrace history` and `terrace show ID` tell more.
"""


def changed_page(history: History, new: Sequence[Event]) -> str | None:
    """The page, where one of the new events changes it."""
    return ledger_page(history) if any(event.kind in _TOLD for event in new) else None


def ledger_page(history: History) -> str:
    """The page as Markdown: the environments, then the newest deployments and answers."""
    every = folds.deployments(history)
    parts = [_HEAD, "## Environments", environments(history)]
    parts += ["## Deployments", _table(("When", "Environment", "Commit", "Why", "Result", "By", "Id"), _done(every))]
    answers = [(d, one) for d in every[-MOST:] for one in folds.approvals(history, d.id)]
    if answers:
        answers.sort(key=lambda pair: pair[1].at)
        rows = (_answer(deployment, one) for deployment, one in answers[: -MOST - 1 : -1])
        parts += ["## Answers", _table(("When", "Deployment", "Who", "For", "Answer", "Known by", "Word"), rows)]
    return "\n\n".join(parts) + "\n"


def environments(history: History, known: Iterable[str] = ()) -> str:
    """A table of the environments that are known or that something was ever deployed to: what is there, and what it
    waits for."""
    names = dict.fromkeys((*known, *(deployment.environment for deployment in folds.deployments(history))))
    if not names:
        return "Nothing was deployed yet."
    rows = []
    for name in names:
        good, held = folds.last_good(history, name), folds.hold(history, name)
        latest = folds.latest(history, name)
        waits = f"held: {held.reason} (by {held.by})" if held else "; ".join(latest.waiting) if latest else ""
        commit, since = (code(good.commit[:12]), _when(good.ended_at)) if good else ("", "")
        rows.append((code(name), state_word(latest, held), commit, since, plain(clipped(waits))))
    return _table(("Environment", "State", "Commit", "Since", "Waits for"), rows)


def _done(every: Sequence[Deployment]) -> Iterator[tuple[str, ...]]:
    for one in every[: -MOST - 1 : -1]:
        yield (
            _when(one.opened_at),
            code(one.environment),
            code(one.commit[:12]),
            plain(origin_word(one.origin)),
            result_word(one),
            plain(clipped(one.requester, 60)),
            code(one.id),
        )


def _answer(deployment: Deployment, said: SignedApproval) -> tuple[str, ...]:
    return (
        _when(said.at),
        f"{code(deployment.environment)} {code(deployment.id)}",
        plain(clipped(said.actor, 60)),
        plain(clipped(said.role, 60)),
        "rejects" if said.answer == "reject" else "approves",
        _known(said),
        plain(clipped(said.comment)),
    )


def _known(said: SignedApproval) -> str:
    if said.signature:
        return "a signature"
    return plain(clipped(witness_word(said.witness))) if said.witness else "a name in Git"


def _table(head: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _when(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment is not None else ""
