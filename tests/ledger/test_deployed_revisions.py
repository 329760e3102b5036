"""The deployed commit of each stack, or the reason why it is unknown."""

from __future__ import annotations

from support.stories import Story
from terrace.ledger.deployed_revisions import baseline, find_abandoned
from terrace.ledger.deployment import Step
from terrace.stacks.model import Destruction, Manual

ONE, TWO = "a" * 40, "b" * 40


def test_a_release_that_succeeded_is_the_deployed_commit() -> None:
    told = Story()
    told.release("d1", ONE)
    assert baseline(told.history, "prod").commits == {"prod": ONE}
    assert baseline(told.history, "prod").unclear == {}


def test_after_a_failed_apply_the_deployed_commit_is_unknown() -> None:
    told = Story()
    told.release("d1", ONE)
    told.open("d2", TWO, Manual("ann"))
    told.step("d2", Step.APPLY, "failed")
    told.end("d2", "failed")
    assert "its newest apply failed (deployment d2)" in baseline(told.history, "prod").unclear["prod"]


def test_a_release_after_a_failed_one_makes_the_deployed_commit_known_again() -> None:
    told = Story()
    told.open("d1", ONE, Manual("ann"))
    told.step("d1", Step.APPLY, "failed")
    told.end("d1", "failed")
    told.release("d2", TWO)
    deployed = baseline(told.history, "prod")
    assert (deployed.commits, deployed.unclear) == ({"prod": TWO}, {})


def test_a_destruction_after_a_failed_apply_leaves_nothing_unknown() -> None:
    told = Story()
    told.open("d1", ONE, Manual("ann"))
    told.step("d1", Step.APPLY, "failed")
    told.end("d1", "failed")
    told.open("d2", ONE, Destruction("ann", "no longer needed"))
    told.step("d2", Step.APPLY)
    told.end("d2", "succeeded")
    deployed = baseline(told.history, "prod")
    assert (deployed.commits, deployed.unclear) == ({}, {})


def test_an_environment_that_no_rules_name_any_more_is_abandoned_while_something_is_deployed() -> None:
    told = Story()
    told.release("d1", ONE)
    assert find_abandoned(told.history, ("dev",)) == ("prod",)
    assert find_abandoned(told.history, ("prod",)) == ()
