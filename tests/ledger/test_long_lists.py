"""Long lists of a record are written in parts and read back whole: what recovery asks about is never shortened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from support.ledgers import MemoryLedger
from support.payloads import detail_of, origin_payload
from support.stories import Story
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.deployment import Deployment, Holder, Step
from terrace.ledger.events.steps import Detail, StepBegun
from terrace.ledger.folds import deployments
from terrace.ledger.long_lists import LARGEST, LISTS, join_lists, split
from terrace.ledger.model import GENESIS, Draft, History
from terrace.pipelines.journal import Journal
from terrace.plans.ports import LoggedLeftovers
from terrace.rollout.recovery import Statements, creations, plan_recovery
from terrace.stacks.model import Manual

MANY = 3 * LARGEST + 7


def changes(number: int = MANY) -> list[list[str]]:
    return [["replace" if at % 10 == 0 else "create", f"a.b[{at}]"] for at in range(number)]


def counts(of: Sequence[Sequence[str]]) -> dict[str, int]:
    return {kind: sum(1 for action, _ in of if action == kind) for kind in ("create", "replace")}


def written(detail: dict[str, Any]) -> History:
    """A deployment that planned this and began to apply it, written by the journal that deployments have."""
    ids = iter(range(10_000))
    ledger = MemoryLedger(clock=lambda: datetime(2026, 1, 5, tzinfo=UTC), new_id=lambda: f"e{next(ids)}", key=NO_KEY)
    opened = {
        "environment": "dev",
        "commit": "c" * 40,
        "origin": origin_payload(Manual("ann")),
        "waves": [["dev"]],
        "policy": "p",
    }
    history = ledger.append([Draft(kinds.DEPLOYMENT_OPENED, "d1", "ann", opened)], head=GENESIS)
    journal = Journal(ledger, history, "d1", Holder("h", "b", 1, "ann"), "ann")
    journal.take_lease()
    assert journal.intend([StepBegun("plan", "p1", "dev")])
    record = journal.deployment.steps[0]
    planned = detail_of(empty=False, lineage="l", serial=1, **detail)
    journal.end(replace(record, result="succeeded", detail=planned))
    assert journal.intend([StepBegun("apply", "a1", "dev", Detail(digest="5"))])
    return ledger.read()


def of(history: History) -> Deployment:
    return deployments(history)[0]


def test_recovery_asks_about_every_creation_and_not_only_the_first() -> None:
    history = written({"digest": "5", "changes": changes(), **counts(changes())})
    planned = creations(of(history), of(history).steps[-1])
    assert planned is not None
    assert len(planned) == MANY
    assert len(plan_recovery("dev", None, planned, {}, Statements()).open) == MANY
    assert len(plan_recovery("dev", LoggedLeftovers(), planned, {}, Statements()).open) == MANY


def test_no_event_holds_more_than_its_share_of_a_list() -> None:
    objection = {"rule": "r", "address": "a.b", "why": "w", "weight": "hold"}
    lists = {"changes": changes(), "objections": [objection] * MANY}
    history = written({"digest": "5", **lists, **counts(changes())})
    for event in history.events:
        told = {**event.payload, **event.payload.get("detail", {})}
        assert all(len(value) <= LARGEST for value in told.values() if isinstance(value, list)), event.kind
    assert {name: len(getattr(of(history).steps[0].detail, name)) for name in lists} == dict.fromkeys(lists, MANY)
    assert set(lists) < set(LISTS)


@pytest.mark.parametrize("number", [0, 1, LARGEST - 1, LARGEST, LARGEST + 1, 2 * LARGEST])
def test_a_split_list_is_joined_again(number: int) -> None:
    detail = detail_of(changes=changes(number), digest="5")
    kept, parts = split("a1", detail)
    assert join_lists(kept, parts) == (detail, ())
    assert bool(parts) is (number > LARGEST)


def test_a_list_of_which_a_part_is_lost_is_never_taken_for_the_whole() -> None:
    whole = written({"digest": "5", "changes": changes(), **counts(changes())})
    listed = [event for event in whole.events if event.kind == kinds.STEP_LISTED]
    assert len(listed) == 4
    for lost in listed:
        history = History(tuple(event for event in whole.events if event is not lost), key=NO_KEY)
        assert creations(of(history), of(history).steps[-1]) is None
    swapped = {**listed[0].payload, "entries": [["update", "a.b"]] * LARGEST}
    forged = (*(e for e in whole.events if e is not listed[0]), replace(listed[0], payload=swapped))
    assert creations(of(History(forged, key=NO_KEY)), of(History(forged, key=NO_KEY)).steps[-1]) is None, (
        "it came after the end of the step"
    )


def test_what_an_older_terrace_wrote_down_of_a_long_plan_is_not_taken_for_the_whole() -> None:
    told = Story()
    told.open("one", "c" * 40, Manual("ann"))
    detail = {"digest": "5", "changes": changes(800)[:500], **counts(changes(800))}
    told.step("one", Step.PLAN, detail=detail)
    told.step("one", Step.APPLY, "unknown", detail={"digest": "5"})
    deployment = told.deployment("one")
    assert creations(deployment, deployment.steps[-1]) is None


def test_the_creations_are_those_of_the_plan_that_was_applied() -> None:
    told = Story()
    told.open("one", "c" * 40, Manual("ann"))
    for digest, number in (("5", 3), ("6", 1)):
        planned = changes(number)
        told.step("one", Step.PLAN, detail={"digest": digest, "changes": planned, **counts(planned)})
    told.step("one", Step.APPLY, "unknown", detail={"digest": "5"})
    told.step("one", Step.PLAN, detail={"digest": "5", "changes": [], **counts([])})
    deployment = told.deployment("one")
    found = creations(deployment, deployment.in_doubt[0])
    assert found is not None
    assert sorted(found) == ["a.b[0]", "a.b[1]", "a.b[2]"]


def test_a_later_end_never_changes_the_result_of_an_attempt() -> None:
    """A ledger writer who wants an unknown apply to be run again writes another end for it."""
    told = Story()
    told.open("one", "c" * 40, Manual("ann"))
    told.step("one", Step.APPLY, "unknown")
    attempt = told.deployment("one").in_doubt[0].attempt
    forged = {"attempt": attempt, "result": "failed", "message": "", "detail": {"evidence": "no_word"}}
    told.write(kinds.STEP_ENDED, "one", forged)
    told.write(kinds.STEP_BEGUN, "one", {"step": "plan", "stack": "prod", "attempt": attempt})
    assert [record.result for record in told.deployment("one").in_doubt] == ["unknown"]
    told.end("one", "unknown")
    told.end("one", "succeeded")
    assert told.deployment("one").result == "unknown"
