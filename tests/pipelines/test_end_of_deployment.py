"""The hold that the result of a deployment places on its environment, or releases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from terrace.ledger import kinds
from terrace.ledger.deployment import Deployment, Result
from terrace.ledger.events.people import EnvironmentHeld, EnvironmentUnheld
from terrace.pipelines.deploy.lifecycle import end_events, hold_after
from terrace.stacks.model import Manual, Origin, Rollback

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROLLBACK = Rollback("d0", "ann", "errors")


def deployment(origin: Origin, settles: str = "") -> Deployment:
    return Deployment("d1", "prod", "c" * 40, origin, "ann", NOON, (("prod/app",),), "p", settles=settles)


@pytest.mark.parametrize("result", ["succeeded", "failed", "rejected", "superseded"])
def test_a_release_with_a_known_result_does_not_change_the_hold(result: Result) -> None:
    assert hold_after(deployment(Manual("ann")), result, signed=False) is None


@pytest.mark.parametrize("origin", [Manual("ann"), ROLLBACK])
def test_an_unknown_result_puts_the_environment_on_hold(origin: Origin) -> None:
    hold = hold_after(deployment(origin), "unknown", signed=True)
    assert hold == EnvironmentHeld("the result of deployment d1 is unknown", "d1", True)


def test_a_rollback_that_did_not_succeed_puts_the_environment_on_hold() -> None:
    hold = hold_after(deployment(ROLLBACK), "failed", signed=False)
    assert hold == EnvironmentHeld("the rollback to ccccccc finished: failed", "d1", False)


def test_a_rollback_that_succeeded_keeps_the_hold_that_it_placed_at_its_start() -> None:
    assert hold_after(deployment(ROLLBACK), "succeeded", signed=False) is None


def test_a_recovery_that_succeeded_releases_the_hold_of_the_unknown_result() -> None:
    release = hold_after(deployment(Manual("ann"), settles="d0"), "succeeded", signed=False)
    assert release == EnvironmentUnheld("the unknown result is resolved", "d0")
    assert hold_after(deployment(Manual("ann"), settles="d0"), "failed", signed=False) is None


def test_the_end_and_the_hold_are_events_of_the_same_write() -> None:
    events = end_events(deployment(Manual("ann")), "unknown", ("no evidence",), actor="ann", signed=False)
    assert [(event.kind, event.subject) for event in events] == [
        (kinds.DEPLOYMENT_ENDED, "d1"),
        (kinds.ENVIRONMENT_HELD, "prod"),
    ]
