"""Releases that are good, what is live, what was undone, what nobody knows: stories, and what the folds say."""

from __future__ import annotations

import pytest

from support.stories import Story
from terrace.ledger import kinds
from terrace.ledger.deployment import Step
from terrace.ledger.folds import changes, deployments, find_unsettled, last_good, live_deployments, releases
from terrace.ledger.holds import hold
from terrace.ledger.undone import find_created, find_undone
from terrace.stacks.model import AutomaticRollback, Destruction, Manual, Recovery, Remediation, Rollback

A, B, C = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def told() -> Story:
    """prod at A, then at B."""
    made = Story()
    made.release("one", A)
    made.release("two", B)
    return made


def good(told: Story) -> list[str]:
    return [d.id for d in releases(told.history, "prod")]


def back(told: Story, name: str, commit: str, of: str, result: str = "succeeded", *, applied: bool = True) -> None:
    told.open(name, commit, Rollback(of, "ann", "sick"))
    if applied:
        told.step(name, Step.APPLY, "succeeded" if result == "succeeded" else "failed")
    told.end(name, result)


def undone(told: Story) -> dict[str, str]:
    return {d.id: d.undone_by for d in deployments(told.history) if d.undone_by}


# --- releases ----------------------------------------------------------------------------------------------------


def test_a_succeeded_deployment_is_a_good_release(told: Story) -> None:
    told.release("three", C, "failed")
    assert good(told) == ["one", "two"]
    assert releases(told.history, "dev") == ()


def test_a_release_that_was_rolled_back_is_not_good_and_the_rollback_is(told: Story) -> None:
    back(told, "back", A, "two")
    assert (good(told), undone(told)) == (["one", "back"], {"two": "back"})
    last = last_good(told.history, "prod")
    assert last is not None
    assert last.commit == A


def test_a_rollback_undoes_every_release_after_its_target(told: Story) -> None:
    """Else the next way back would lead forward again, to what was skipped because nobody trusted it."""
    told.release("three", C)
    back(told, "back", A, "three")
    assert undone(told) == {"two": "back", "three": "back"}
    assert good(told) == ["one", "back"]


def test_a_rollback_undoes_earlier_rollbacks_after_its_target(told: Story) -> None:
    back(told, "back", A, "two")
    told.release("three", C)
    told.release("zero", "0" * 40)
    back(told, "again", C, "zero")
    back(told, "further", A, "again")
    assert good(told) == ["one", "back", "further"]
    assert undone(told) == {"two": "back", "zero": "again", "three": "further", "again": "further"}


@pytest.mark.parametrize("result", ["failed", "blocked", "superseded", "unknown"])
def test_a_failed_rollback_undoes_nothing(told: Story, result: str) -> None:
    back(told, "back", A, "two", result)
    assert (undone(told), good(told)) == ({}, ["one", "two"])


def test_a_repeated_rollback_undoes_the_releases_of_the_failed_one(told: Story) -> None:
    back(told, "half", A, "two", "failed")
    back(told, "back", A, "two")
    assert undone(told) == {"two": "back"}
    assert good(told) == ["one", "back"]


def test_a_rollback_does_not_undo_releases_of_other_environments(told: Story) -> None:
    told.release("dev-two", B, environment="dev")
    back(told, "back", A, "two")
    assert [d.id for d in releases(told.history, "dev")] == ["dev-two"]


def test_a_remediation_is_no_release_and_a_destruction_ends_all_releases(told: Story) -> None:
    told.open("remedy", B, Remediation("e1", "ann"), partial=True)
    told.step("remedy", Step.APPLY)
    told.end("remedy", "succeeded")
    assert good(told) == ["one", "two"]
    told.open("part", B, Destruction("ann", "over"), partial=True)
    told.end("part", "succeeded")
    assert good(told) == ["one", "two"], "the rest of it still stands"
    told.open("all", B, Destruction("ann", "over"))
    told.end("all", "failed")
    assert good(told) == ["one", "two"]
    told.open("all2", B, Destruction("ann", "over"))
    told.end("all2", "succeeded")
    assert good(told) == []
    told.release("anew", C)
    assert good(told) == ["anew"]


# --- live --------------------------------------------------------------------------------------------------------


def live_now(told: Story) -> dict[str, str]:
    return {key: d.id for key, d in live_deployments(told.history, "prod").items()}


def test_each_stack_has_the_newest_release_in_which_it_was_done() -> None:
    told = Story()
    told.open("one", A, Manual("ann"), stacks=("prod/a", "prod/b"))
    told.step("one", Step.APPLY, stack="prod/a")
    told.step("one", Step.PLAN, stack="prod/b", detail={"empty": True})
    assert live_now(told) == {"prod/a": "one", "prod/b": "one"}, "nothing to do is done"
    told.open("two", B, Manual("ann"), stacks=("prod/a", "prod/b"))
    told.step("two", Step.PLAN, stack="prod/a", detail={"empty": False})
    assert live_now(told) == {"prod/a": "one", "prod/b": "one"}, "a plan changes nothing"
    told.step("two", Step.APPLY, "failed", stack="prod/a")
    assert live_now(told) == {"prod/b": "one"}, "half of two is at no release"
    told.open("gone", B, Destruction("ann", "over"), stacks=("prod/b",), partial=True)
    told.step("gone", Step.APPLY, stack="prod/b")
    assert live_now(told) == {}


# --- what nobody knows -------------------------------------------------------------------------------------------


def doubt(told: Story) -> str:
    left = find_unsettled(told.history, "prod", 1)
    return left.id if left is not None else ""


def test_an_unknown_outcome_stays_until_what_settles_it_has_succeeded(told: Story) -> None:
    assert doubt(told) == ""
    told.release("three", C, "unknown")
    assert doubt(told) == "three"
    told.open("mend", C, Recovery("three", "ann"), settles="three")
    assert doubt(told) == "three", "begun is not done"
    told.end("mend", "blocked")
    assert doubt(told) == "three"
    told.open("mend2", C, Recovery("three", "ann"), settles="three")
    told.end("mend2", "unknown")
    assert doubt(told) == "mend2"
    told.open("mend3", C, Recovery("mend2", "ann"), settles="mend2")
    told.end("mend3", "succeeded")
    assert doubt(told) == ""


def unknown_apply(told: Story, deployment: str, *stacks: str) -> None:
    told.open(deployment, C, Manual("ann"), stacks=stacks)
    for stack in stacks:
        told.step(deployment, Step.APPLY, "unknown", stack=stack)


def answer_for(told: Story, deployment: str, stack: str, actor: str, attempt: str = "") -> None:
    found = next(d for d in deployments(told.history) if d.id == deployment)
    mine = next((r.attempt for r in found.in_doubt if r.stack == stack), "")
    said = {"stack": stack, "attempt": attempt or mine, "reason": "looked at it", "addresses": []}
    told.write(kinds.RECOVERY_SETTLED, deployment, said, actor=actor)


def test_releasing_a_hold_does_not_settle_an_unknown_outcome(told: Story) -> None:
    """It says nothing about what was made: a deployment that follows would make it twice."""
    told.release("three", C, "unknown")
    for subject in ("prod", "three", "dev"):
        told.write(kinds.ENVIRONMENT_UNHELD, subject, {"reason": "looked at it"})
        assert doubt(told) == "three"


def test_an_unknown_outcome_ends_when_enough_people_answered_for_each_stack(told: Story) -> None:
    unknown_apply(told, "three", "prod/a", "prod/b")
    told.end("three", "unknown")
    answer_for(told, "three", "prod/a", "ann")
    assert doubt(told) == "three", "one stack is left"
    answer_for(told, "three", "prod/b", "ann", attempt="another attempt")
    assert doubt(told) == "three", "that was about another apply"
    answer_for(told, "three", "prod/b", "ann")
    assert doubt(told) == ""
    asked_two = find_unsettled(told.history, "prod", 2)
    assert asked_two is not None
    for stack in ("prod/a", "prod/b"):
        answer_for(told, "three", stack, "ann")
    assert find_unsettled(told.history, "prod", 2) is not None, "one person twice is one person"
    for stack in ("prod/a", "prod/b"):
        answer_for(told, "three", stack, "bob")
    assert find_unsettled(told.history, "prod", 2) is None
    told.release("four", C, "unknown")
    assert doubt(told) == "four"


@pytest.mark.parametrize("result", ["failed", "superseded", "blocked", "succeeded"])
def test_an_end_that_was_written_over_an_open_apply_does_not_settle_it(told: Story, result: str) -> None:
    unknown_apply(told, "three", "prod/a")
    told.end("three", result)
    assert doubt(told) == "three"


@pytest.mark.parametrize("result", ["", "blocked", "succeeded"])
def test_a_deployment_that_is_opened_over_an_open_apply_does_not_hide_it(told: Story, result: str) -> None:
    unknown_apply(told, "three", "prod/a")
    told.open("four", C, Manual("ann"))
    if result:
        told.end("four", result)
    assert doubt(told) == "three"
    if not result:
        told.end("four", "superseded")
    told.open("mend", C, Recovery("three", "ann"), settles="three")
    told.end("mend", "succeeded")
    assert doubt(told) == ""


def test_an_apply_that_begins_after_another_deployment_was_opened_over_it_is_not_hidden(told: Story) -> None:
    told.open("three", C, Manual("ann"))
    told.open("four", C, Manual("ann"))
    told.end("four", "blocked")
    assert doubt(told) == ""
    told.write(kinds.STEP_BEGUN, "three", {"step": "apply", "stack": "prod", "attempt": "late", "detail": {}})
    assert doubt(told) == "three"


def test_a_later_unknown_outcome_does_not_hide_an_earlier_one(told: Story) -> None:
    told.release("three", C, "unknown")
    told.release("four", C, "unknown")
    told.open("mend", C, Recovery("four", "ann"), settles="four")
    told.end("mend", "succeeded")
    assert doubt(told) == "three"


def test_a_later_success_does_not_settle_an_unknown_outcome(told: Story) -> None:
    told.release("three", C, "unknown")
    told.release("four", C)
    assert doubt(told) == "three"
    assert find_unsettled(told.history, "dev", 1) is None


# --- holds -------------------------------------------------------------------------------------------------------


def test_a_hold_of_a_person_outlives_holds_of_deployments(told: Story) -> None:
    told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "incident 7"})
    told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "rolled back", "deployment": "back"})
    told.write(kinds.ENVIRONMENT_UNHELD, "prod", {"reason": "Git says the same", "deployment": "back"})
    held = hold(told.history, "prod")
    assert held is not None
    assert held.reason == "incident 7"
    told.write(kinds.ENVIRONMENT_UNHELD, "prod", {"reason": "incident 7 is over"})
    assert hold(told.history, "prod") is None


def held_with(told: Story, deployment: str) -> bool:
    """Write a release by Terrace itself of what was held with a deployment; whether the environment is still held."""
    told.write(kinds.ENVIRONMENT_UNHELD, "prod", {"reason": "in order", "deployment": deployment})
    return hold(told.history, "prod") is not None


def test_a_hold_after_an_unknown_outcome_is_not_released_by_a_release_alone(told: Story) -> None:
    told.release("three", C, "unknown")
    told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "not known", "deployment": "three"})
    assert held_with(told, "three")
    told.open("mend", C, Recovery("three", "ann"), settles="three")
    told.end("mend", "failed")
    assert held_with(told, "three")
    told.open("again", C, Recovery("three", "ann"), settles="three")
    told.end("again", "succeeded")
    assert not held_with(told, "three")


@pytest.mark.parametrize(("result", "stays"), [("failed", True), ("blocked", True), ("succeeded", False)])
def test_a_hold_of_a_rollback_that_failed_is_released_by_people_only(told: Story, result: str, stays: bool) -> None:
    told.open("back", A, Rollback("two", "ann", "sick"))
    told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "rolled back", "deployment": "back"})
    assert held_with(told, "back"), "it is not over"
    told.end("back", result)
    assert held_with(told, "back") is stays


@pytest.mark.parametrize(("result", "stays"), [("put_back", True), ("unknown", True), ("restored", False)])
def test_a_hold_of_a_restore_ends_with_a_clean_end_of_it(told: Story, result: str, stays: bool) -> None:
    begun = {
        "environment": "prod",
        "restore": "r1",
        "backup": "states/prod/app/20260105T120000Z-000007-after-000000000002-a1b2c3.tfstate.enc",
        "deployment": "two",
        "commit": B,
        "reason": "lost",
        "holder": {"host": "here", "boot": "b", "pid": 7, "who": "ann"},
    }
    told.write(kinds.STATE_RESTORE_BEGUN, "prod/app", begun)
    told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "restore r1", "deployment": "r1"})
    assert held_with(told, "r1"), "it is not over"
    told.write(kinds.STATE_RESTORE_ENDED, "prod/app", {"environment": "prod", "restore": "r1", "result": result})
    assert held_with(told, "r1") is stays


def test_a_release_of_one_hold_does_not_end_another(told: Story) -> None:
    told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "rolled back", "deployment": "back"})
    told.write(kinds.ENVIRONMENT_UNHELD, "prod", {"reason": "in order", "deployment": "another"})
    held = hold(told.history, "prod")
    assert held is not None
    assert held.deployment == "back"
    told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "incident 7"})
    told.write(kinds.ENVIRONMENT_UNHELD, "prod", {"reason": "Git says the same", "deployment": "back"})
    held = hold(told.history, "prod")
    assert held is not None
    assert (held.reason, held.deployment) == ("incident 7", "")


# --- what lies between -------------------------------------------------------------------------------------------


def test_the_deployments_after_the_target_are_those_with_changes(told: Story) -> None:
    told.open("docs", C, Manual("ann"))
    told.end("docs", "succeeded")
    told.release("dev", C, environment="dev")
    told.release("three", C, "failed")
    one = told.deployment("one")
    assert [d.id for d in find_undone(told.history, one)] == ["two", "three"]
    assert find_undone(told.history, told.deployment("three")) == ()
    assert [d.id for d in changes(told.history, "prod")] == ["one", "two", "three"]


def test_only_planned_and_applied_resources_were_created_by_deployments() -> None:
    told = Story()
    told.open("one", A, Manual("ann"), stacks=("prod/a", "prod/b"))
    made = {"changes": [["create", "x.new"], ["update", "x.old"], ["replace", "x.other"]]}
    told.step("one", Step.PLAN, stack="prod/a", detail={"changes": [["create", "x.earlier"]]})
    told.step("one", Step.PLAN, stack="prod/a", detail=made)
    told.step("one", Step.PLAN, stack="prod/b", detail={"changes": [["create", "x.never"]]})
    told.step("one", Step.APPLY, "failed", stack="prod/a")
    between = (told.deployment("one"),)
    assert find_created(between, "prod/a") == {"x.new"}
    assert find_created(between, "prod/b") == frozenset(), "planned and never applied"
    assert find_created((), "prod/a") == frozenset()


def test_an_automatic_rollback_undoes_the_failed_deployment(told: Story) -> None:
    told.release("three", C, "failed")
    told.open("back", B, AutomaticRollback("three", "sick"))
    told.step("back", Step.APPLY)
    told.end("back", "succeeded")
    assert undone(told) == {"three": "back"}
    assert good(told) == ["one", "two", "back"]
