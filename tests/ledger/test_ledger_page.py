"""The page of the ledger's branch: right, harmless, and never behind the events that it stands beside."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.git import clone, git, with_remote
from support.payloads import origin_payload
from terrace.adapters.ledgers.git import GitLedger
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import seal_all, verify
from terrace.ledger.model import GENESIS, Draft, History
from terrace.pipelines.journal import append
from terrace.report.markdown.ledger_page import changed_page, ledger_page
from terrace.stacks.model import Promotion

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def opened(id_: str = "d1", by: str = "ann") -> Draft:
    origin = origin_payload(Promotion("staging", by))
    payload = {"environment": "prod", "commit": "c" * 40, "origin": origin, "waves": [["prod/app"]], "policy": "p1"}
    return Draft(kinds.DEPLOYMENT_OPENED, id_, by, payload)


def answered(by: str, comment: str, role: str = "security", signature: str | None = "sig") -> Draft:
    payload: dict[str, Any] = {"actor": by, "role": role, "answer": "approve", "subjects": [], "at": NOON.isoformat()}
    return Draft(
        kinds.APPROVAL_GIVEN, "d1", by, {**payload, "comment": comment, "statement": "", "signature": signature}
    )


def ended(id_: str = "d1", result: str = "succeeded") -> Draft:
    return Draft(kinds.DEPLOYMENT_ENDED, id_, "ann", {"result": result, "reasons": []})


def events(drafts: Sequence[Draft]) -> History:
    ids = [f"e{number}" for number in range(len(drafts))]
    return History(tuple(seal_all(drafts, events=0, head=GENESIS, ids=ids, time=NOON, key=NO_KEY)), key=NO_KEY)


def test_the_page_shows_environments_deployments_and_approvals() -> None:
    held = Draft(kinds.ENVIRONMENT_HELD, "prod", "bob", {"reason": "a migration"})
    page = ledger_page(events([opened(), answered("carol", "looked at it"), ended(), held]))
    assert (
        "| `prod` | held | `cccccccccccc` | 2026-01-05 12:00 UTC | on hold&#58; a migration &#40;by bob&#41; |"
    ) in page
    assert "| 2026-01-05 12:00 UTC | `prod` | `cccccccccccc` | promotion | succeeded | ann | `d1` |" in page
    assert ("| 2026-01-05 12:00 UTC | `prod` `d1` | carol | security | approved | signature | looked at it |") in page


def test_an_answer_without_a_signature_says_so() -> None:
    assert "| name in Git |" in ledger_page(events([opened(), answered("carol", "", signature=None)]))


def test_an_answer_on_a_forge_says_where() -> None:
    said = answered("carol", "", signature=None)
    witness = {"kind": "comment", "id": "7", "number": "12", "login": "carol-gh"}
    told = replace(said, payload={**said.payload, "witness": witness})
    assert "| comment by carol&#45;gh on 12 |" in ledger_page(events([opened(), told]))


def test_the_newest_come_first_and_old_ones_leave_the_page() -> None:
    drafts = [draft for number in range(60) for draft in (opened(f"d{number:02}"), ended(f"d{number:02}"))]
    page = ledger_page(events(drafts))
    assert page.index("`d59`") < page.index("`d11`")
    assert "`d10`" in page and "`d09`" not in page
    assert len(page) < 10_000


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_text_leaves_its_cell(who: str, word: str, reason: str) -> None:
    held = Draft(kinds.ENVIRONMENT_HELD, "prod", who, {"reason": reason})
    history = events([opened(by=who), answered(who, word, role=word), ended(), held])
    tables = [
        [line for line in part.splitlines() if line.startswith("|")] for part in ledger_page(history).split("\n## ")[1:]
    ]
    assert [len(rows) for rows in tables] == [3, 3, 3]
    for head, _, row in tables:
        assert row.count("|") == head.count("|")
        assert "<" not in row and "@" not in row and "](" not in row


def test_an_event_that_is_not_on_the_page_does_not_change_it() -> None:
    history = events([opened(), Draft(kinds.DRIFT_CHECKED, "dev", "ann", {})])
    assert changed_page(history, history.events[1:]) is None
    assert changed_page(history, history.events[:1]) == ledger_page(History(history.events, key=NO_KEY))


@pytest.mark.slow
def test_the_branch_has_the_page_of_its_events_however_many_write_at_once(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work")
    clones = [clone(work, tmp_path / f"clone-{number}") for number in range(3)]

    def write(number: int) -> None:
        ledger = ledger_of(clones[number])
        for turn in range(3):
            id_ = f"d{number}{turn}"

            def decide(history: History, id_: str = id_) -> tuple[Draft, ...]:
                return (opened(id_), ended(id_))

            append(ledger, ledger.read(), decide)
            append(ledger, ledger.read(), lambda history: (Draft("step.begun", "x", "ann", _STEP),))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    history = ledger_of(work).read()
    assert verify(history.events).ok and len(history.events) == 27
    tip = "refs/terrace/origin/terrace/ledger"
    assert git(work, "show", f"{tip}:README.md").strip() == ledger_page(history).strip()
    assert git(work, "ls-tree", "--name-only", tip).split() == ["README.md", "events"]


_STEP: Mapping[str, Any] = {"step": "plan", "stack": "prod/app", "attempt": "a", "detail": {}}


def ledger_of(work: Path) -> GitLedger:
    return GitLedger(
        work, remote="origin", clock=lambda: NOON, new_id=lambda: os.urandom(6).hex(), page=changed_page, key=NO_KEY
    )
