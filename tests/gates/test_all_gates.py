"""The list of gates: its moments and origins, and a gate as one entry of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import terrace
from terrace.config.model import ApprovalRule, Config, Environment
from terrace.gates.all import GATES, HEALTH
from terrace.gates.facts import Facts, Upstream
from terrace.gates.gate import ALL_ORIGINS, RELEASES, Gate, Moment, Plans, Request, blocks, passes, waits
from terrace.gates.model import GateResult, Outcome, Subject
from terrace.gates.verdict import decide, planning
from terrace.stacks.model import Destruction, Manual, Rollback

SATURDAY = datetime(2026, 3, 7, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
PROD = Environment("prod", after="staging", approvals=ApprovalRule(1))
UPSTREAM = Upstream("staging", "c" * 40, MONDAY - timedelta(days=1))
FACTS = Facts("c" * 40, (), "ann", "main", True, UPSTREAM, None, None, Manual("ann"))


def request(moment: Moment, now: datetime = MONDAY, facts: Facts = FACTS, plans: Plans | None = None) -> Request:
    return Request(moment, Config(), PROD, facts, now, plans or Plans())


def weekdays(asked: Request) -> Iterator[GateResult]:
    """Releases are deployed from Monday to Friday."""
    if asked.now.weekday() < 5:
        yield passes("it is a weekday")
    else:
        yield blocks("it is the weekend", "deploy on Monday")


WEEKDAYS = Gate("weekdays", weekdays, at=frozenset({Moment.ENTRY, Moment.PLAN}), origins=RELEASES)


def test_a_gate_is_added_by_one_entry_of_the_list() -> None:
    gates = (*GATES, WEEKDAYS)
    assert decide(request(Moment.ENTRY), gates).outcome is Outcome.PASS
    (blocked,) = decide(request(Moment.ENTRY, SATURDAY), gates).open
    assert blocked == GateResult("weekdays", Outcome.BLOCK, "it is the weekend", "deploy on Monday")
    assert planning(request(Moment.PLAN, SATURDAY), gates).outcome is Outcome.BLOCK


def test_a_gate_applies_only_at_its_moments_and_to_its_origins() -> None:
    assert WEEKDAYS.results(request(Moment.APPLY, SATURDAY)) == ()
    assert WEEKDAYS.results(request(Moment.ENTRY, SATURDAY, replace(FACTS, origin=Rollback("d1", "ann", "sick")))) == ()


def test_a_gate_that_waits_delays_planning_only_when_it_says_so() -> None:
    def quiet_hours(asked: Request) -> Iterator[GateResult]:
        yield waits("it is noon", "wait an hour")

    at = frozenset({Moment.PLAN})
    patient, strict = (Gate("quiet", quiet_hours, at, delays_planning=delays) for delays in (False, True))
    assert planning(request(Moment.PLAN), (*GATES, patient)).outcome is Outcome.PASS
    assert planning(request(Moment.PLAN), (*GATES, strict)).outcome is Outcome.WAIT


def test_a_gate_of_the_entry_that_passes_is_not_shown_again_before_the_apply() -> None:
    assert [result.gate for result in decide(request(Moment.APPLY)).results] == ["approvals"]
    held = decide(request(Moment.APPLY, facts=replace(FACTS, held="incident")))
    assert [(result.gate, result.outcome) for result in held.open] == [("held", Outcome.WAIT)]


def test_a_check_shows_the_gates_after_the_merge() -> None:
    """It is not on the protected branch yet, and it was nowhere before: neither blocks it."""
    facts = replace(FACTS, on_protected_branch=False, upstream=Upstream("staging", None, None))
    subject = Subject("l", "prod", "prod", "c" * 40, "d", "p", "lin")
    verdict = decide(request(Moment.CHECK, facts=facts, plans=Plans((subject,))))
    assert [(result.gate, result.outcome) for result in verdict.open] == [
        ("promotion", Outcome.WAIT),
        ("approvals", Outcome.WAIT),
    ]


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_every_gate_has_a_docstring_and_knows_its_origins(gate: Gate) -> None:
    assert gate is HEALTH or gate.ask.__doc__
    assert gate.origins <= ALL_ORIGINS
    assert gate is HEALTH or gate.at


def test_gates_are_named_in_the_list_only() -> None:
    """Everything else takes the gate from the list; results are shown with the name that they have."""
    source = Path(terrace.__file__).parent
    names = "|".join(sorted({re.escape(gate.name) for gate in GATES}))
    results = re.compile(rf'GateResult\(\s*"(?!")|\.gate (?:==|!=|in|not in) |Gate\("(?:{names})"')
    found = {str(path.relative_to(source)) for path in source.rglob("*.py") if results.search(path.read_text("utf-8"))}
    assert found == {"gates/all.py"}


def test_destroying_meets_the_gates_of_its_kind() -> None:
    shown = [
        result.gate
        for result in decide(request(Moment.ENTRY, facts=replace(FACTS, origin=Destruction("ann", "over")))).results
    ]
    assert shown == ["busy", "protected-branch", "protected"]
