"""Which removed stack a plan creates again: a stack that was renamed, never one that was destroyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from support.ledgers import MemoryLedger
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import Draft, History
from terrace.states.removed_stacks import (
    Recreation,
    RemovedStack,
    explanation,
    recreated_stack,
    recreations,
    removed_stacks,
)

HELD = {
    "dev/app": RemovedStack(frozenset({"a.x", "a.y", "a.z"})),
    "dev/old": RemovedStack(frozenset({"b.x"})),
}


@pytest.mark.parametrize(
    ("creations", "found"),
    [
        (["a.x", "a.y", "a.z"], "dev/app"),
        (["a.x", "a.y", "n.1", "n.2", "n.3", "n.4"], "dev/app"),
        (["a.x", "n.1"], "dev/app"),
        (["a.x", "n.1", "n.2"], ""),
        (["b.x", *(f"n.{number}" for number in range(100))], "dev/old"),
        (["n.1"], ""),
        ([], ""),
    ],
    ids=["all", "most of what it held", "half of the new", "one by chance", "all that is known", "nothing", "none"],
)
def test_a_stack_that_creates_what_a_removed_one_holds_is_told(creations: list[str], found: str) -> None:
    assert recreated_stack(creations, HELD) == found


def test_nothing_is_recreated_where_no_stack_was_removed() -> None:
    assert recreated_stack(["a.x"], {}) == ""


OLD = frozenset(f"a.o{number}" for number in range(8))


def own(name: str, number: int = 9) -> list[str]:
    return [f"a.{name}{at}" for at in range(number)]


@pytest.mark.parametrize(
    ("creations", "found"),
    [
        ({"dev/b": ["a.o0", "a.o1", *own("b")], "dev/c": ["a.o2", "a.o3", *own("c")]}, ("dev/b", "dev/c")),
        ({f"dev/s{at}": [f"a.o{at}", *own(f"s{at}")] for at in range(4)}, ("dev/s0", "dev/s1", "dev/s2", "dev/s3")),
        ({"dev/b": ["a.o0", "a.o1", *own("b")], "dev/c": ["a.o1", *own("c")], "dev/d": own("d")}, ()),
        ({"dev/b": ["a.o0", *own("b")], "dev/c": own("c")}, ()),
        ({"dev/b": own("b"), "dev/c": own("c")}, ()),
    ],
    ids=["two halves", "four quarters", "the same object twice is one", "one by chance", "none"],
)
def test_a_removed_stack_that_is_split_into_several_is_told_of_each(
    creations: Mapping[str, list[str]], found: tuple[str, ...]
) -> None:
    told = recreations(creations, {"dev/app": RemovedStack(OLD)})
    assert dict(told) == dict.fromkeys(found, Recreation("dev/app", found))


def test_a_stack_that_recreates_enough_by_itself_is_told_alone_beside_others() -> None:
    creations = {"dev/b": sorted(OLD)[:6], "dev/c": [*sorted(OLD)[6:], *own("c")]}
    told = recreations(creations, {"dev/app": RemovedStack(OLD)})
    assert told["dev/b"] == Recreation("dev/app", ("dev/b",))
    assert told["dev/c"] == Recreation("dev/app", ("dev/b", "dev/c"))


def test_the_way_out_names_the_acceptance_of_an_empty_state() -> None:
    for by in (("dev/b",), ("dev/b", "dev/c")):
        message, fix = explanation("dev", "dev/b", Recreation("dev/app", by))
        assert all(key in message for key in by)
        assert "`terrace state backup dev --accept dev/app`" in fix
        assert "`terrace destroy dev dev/app --reason WHY`" in fix


# --- a state that holds nothing any more ---------------------------------------------------------------------------

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FACTS = {"digest": "d", "empty": False, "lineage": "l", "serial": 1}


def release(
    number: int, key: str = "dev/app", created: Sequence[str] = ("terraform_data.a",)
) -> list[tuple[str, str, dict[str, Any]]]:
    deployment, plan, apply = f"d{number}", f"p{number}", f"a{number}"
    facts = {**FACTS, "changes": [["create", address] for address in created]}
    opened = {
        "environment": "dev",
        "commit": "c" * 40,
        "origin": {"kind": "manual", "by": "ann"},
        "waves": [[key]],
        "policy": "p",
    }
    return [
        (kinds.DEPLOYMENT_OPENED, deployment, opened),
        (kinds.STEP_BEGUN, deployment, {"step": "plan", "stack": key, "attempt": plan}),
        (kinds.STEP_ENDED, deployment, {"attempt": plan, "result": "succeeded", "detail": facts}),
        (kinds.STEP_BEGUN, deployment, {"step": "apply", "stack": key, "attempt": apply}),
        (kinds.STEP_ENDED, deployment, {"attempt": apply, "result": "succeeded"}),
        (kinds.DEPLOYMENT_ENDED, deployment, {"result": "succeeded"}),
    ]


def look(finding: str) -> list[tuple[str, str, dict[str, Any]]]:
    copy = {"backup": "dev/app/copy", "lineage": "l", "serial": 2, "sha256": "5" * 64} if finding == "saved" else {}
    return [(kinds.STATE_BACKED_UP, "dev/app", {"environment": "dev", "finding": finding, **copy})]


def told(*parts: list[tuple[str, str, dict[str, Any]]]) -> History:
    ids, minutes = count(), count()
    made = MemoryLedger(
        clock=lambda: NOON + timedelta(minutes=next(minutes)), new_id=lambda: f"e{next(ids)}", key=NO_KEY
    )
    for kind, subject, payload in (one for part in parts for one in part):
        made.append([Draft(kind, subject, "ann", payload)], head=made.read().head)
    assert made.read().reading.faults == ()
    return made.read()


@pytest.mark.parametrize(
    ("parts", "held"),
    [
        ([release(1)], True),
        ([release(1), look("saved")], True),
        ([release(1), look("none")], False),
        ([release(1), look("none"), look("saved")], False),
        ([look("none"), release(1)], True),
        ([release(1), look("none"), release(2)], True),
    ],
    ids=["deployed", "saved", "accepted", "accepted, and looked at again", "empty before", "deployed again since"],
)
def test_a_removed_stack_holds_nothing_once_a_person_accepted_its_empty_state(parts: list[Any], held: bool) -> None:
    found = removed_stacks(told(*parts), "dev", ())
    assert found == ({"dev/app": RemovedStack(frozenset({"terraform_data.a"}))} if held else {})


def test_halves_that_are_created_in_two_deployments_are_added_up() -> None:
    every = [f"terraform_data.o{number}" for number in range(8)]
    first = [*every[:3], "terraform_data.own"]
    history = told(release(1, "dev/app", every), release(2, "dev/b", first), release(3, "dev/c", every[3:4]))
    removed = removed_stacks(history, "dev", ("dev/b", "dev/c"))
    again = {"dev/b": frozenset(every[:3]), "dev/c": frozenset(every[3:4])}
    assert removed == {"dev/app": RemovedStack(frozenset(every), again)}
    creating = {"dev/d": [every[5], *own("d")], "dev/e": own("e")}
    assert dict(recreations(creating, removed)) == {"dev/d": Recreation("dev/app", ("dev/b", "dev/c", "dev/d"))}
    before = told(release(1, "dev/b", every[:3]), release(2, "dev/app", every))
    assert removed_stacks(before, "dev", ("dev/b",))["dev/app"].again == {}, "it had them before, under the same names"
