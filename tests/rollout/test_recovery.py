"""What an apply of unknown outcome left: what is known, what somebody has to look for, whose lock it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from terrace.errors import StateLock
from terrace.plans.ports import LoggedLeftovers, Recorded
from terrace.rollout.recovery import StackRecovery, Statements, is_ours, plan_recovery
from terrace.stacks.additions import Import

BEGAN = datetime(2026, 1, 5, 12, tzinfo=UTC)
UNTIL = BEGAN + timedelta(minutes=10)
MINE = LoggedLeftovers(who="root@runner", began=BEGAN)


def test_what_was_made_and_is_not_in_the_state_is_imported() -> None:
    autopsy = LoggedLeftovers(whole=True, created=(("a.one", "i-1"), ("a.two", "i-2")))
    found = plan_recovery(
        "prod", autopsy, {"a.one": "create", "a.two": "create"}, {"a.one": Recorded("i-1")}, Statements()
    )
    assert found == StackRecovery(imports=(Import("prod", "a.two", "i-2"),))


def test_what_was_in_the_making_is_open_until_somebody_has_looked() -> None:
    autopsy = LoggedLeftovers(whole=True, in_flight=("a.one", "a.two"))
    assert plan_recovery("prod", autopsy, {}, {}, Statements()).open == ("a.one", "a.two")
    assert plan_recovery("prod", autopsy, {}, {}, Statements(absent=["a.one"])).open == ("a.two",)
    settled = plan_recovery("prod", autopsy, {}, {}, Statements({"a.two": "i-9"}, ["a.one"]))
    assert settled == StackRecovery(imports=(Import("prod", "a.two", "i-9"),))


def test_an_object_without_an_id_in_the_log_is_open_too() -> None:
    assert plan_recovery("prod", LoggedLeftovers(whole=True, created=(("a.one", ""),)), {}, {}, Statements()).open == (
        "a.one",
    )


def test_what_is_recorded_and_was_in_the_making_may_lack_what_its_provisioners_do() -> None:
    """Terraform records an object before its provisioners run: killed then, nothing in the state tells."""
    autopsy = LoggedLeftovers(whole=True, in_flight=("a.one",))
    assert plan_recovery("prod", autopsy, {}, {"a.one": Recorded("i-1")}, Statements()) == StackRecovery(
        unfinished=("a.one",)
    )
    assert (
        plan_recovery("prod", autopsy, {}, {"a.one": Recorded("i-1")}, Statements(whole=["a.one"])) == StackRecovery()
    )


def test_what_is_tainted_is_replaced_by_the_plan_and_whoever_approves_decides() -> None:
    log = LoggedLeftovers(whole=True, in_flight=("a.one",))
    assert plan_recovery("prod", log, {}, {"a.one": Recorded("i-1", tainted=True)}, Statements()) == StackRecovery()


def test_without_a_log_everything_that_was_planned_may_exist() -> None:
    assert plan_recovery(
        "prod", None, {"a.one": "create", "a.two": "create"}, {"a.two": Recorded("i-2")}, Statements()
    ).open == ("a.one",)


@pytest.mark.parametrize(
    "log",
    [None, LoggedLeftovers(), LoggedLeftovers(created=(("a.one", "i-1"),)), LoggedLeftovers(in_flight=("a.one",))],
)
def test_a_log_that_is_not_whole_never_says_that_something_was_not_made(log: LoggedLeftovers | None) -> None:
    """A machine crash leaves a log empty, zeroed or cut: what it says is true, what it lacks may exist all the same."""
    planned = {"a.one": "create", "a.two": "create", "a.three": "replace", "a.four": "create"}
    known = {"a.three": Recorded("i-3"), "a.four": Recorded("i-4")}
    found = plan_recovery("prod", log, planned, known, Statements())
    assert {"a.two", "a.three"} <= set(found.open), "nobody knows of these"
    assert "a.four" not in found.open, "the state has it"
    assert ("a.one" in found.open) is (not (log and log.created))
    assert plan_recovery("prod", log, planned, known, Statements(absent=["a.one", "a.two", "a.three"])).open == ()


def test_an_id_for_something_that_this_stack_does_not_have_is_not_its_business() -> None:
    assert (
        plan_recovery("prod", LoggedLeftovers(whole=True), {"a.one": "create"}, {}, Statements({"b.other": "i-1"}))
        == StackRecovery()
    )


def lock(
    who: str = "root@runner", operation: str = "Apply", created: str = "2026-01-05 12:03:00.123456789 +0000 UTC"
) -> StateLock:
    return StateLock("id", who, operation, created)


def test_a_lock_is_ours_when_user_machine_operation_and_time_say_so() -> None:
    assert is_ours(lock(), MINE, UNTIL)
    assert is_ours(lock(created="2026-01-05T12:03:00Z"), MINE, UNTIL)


@pytest.mark.parametrize(
    "other",
    [
        lock(who="root@elsewhere"),
        lock(operation="Plan"),
        lock(created="2026-01-05 11:00:00 +0000 UTC"),
        lock(created="2026-01-05 13:00:00 +0000 UTC"),
        lock(created=""),
        lock(created="yesterday"),
    ],
    ids=["machine", "operation", "before", "after", "no time", "no time that is one"],
)
def test_a_lock_with_any_doubt_is_not_ours(other: StateLock) -> None:
    assert not is_ours(other, MINE, UNTIL)


def test_without_a_witness_no_lock_is_ours() -> None:
    assert not is_ours(lock(), LoggedLeftovers(), UNTIL)
