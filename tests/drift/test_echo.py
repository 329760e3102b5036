"""What our own apply left is no drift, as long as it is the same; everything else about the same object is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.plans import change, drifted_resource, plan_of
from terrace.drift.detection import find_drift
from terrace.drift.own_changes import always_recreated, find_own_changes, without_own_changes
from terrace.plans.digest import DigestKey
from terrace.plans.model import UNKNOWN, Action, OutputChange, Plan
from terrace.plans.value_marks import marks

KEY = DigestKey("k", b"secret")
ROLE, POLICY = 'aws_iam_role.app["a]b"]', "aws_iam_role_policy.own"
LINKS = (("aws_iam_role_policy.own", "aws_iam_role.app"),)


def role_with(*policies: str, **more: Any) -> Plan:
    """A role that shows these policies when it is read again."""
    was = {"name": "app", "tags": {"a": "1"}}
    now = {**was, "inline_policy": list(policies), **more}
    before, after = marks(ROLE, was, KEY), marks(ROLE, now, KEY)
    seen = drifted_resource(ROLE, was, now, before_marks=before, after_marks=after)
    return plan_of([change(POLICY, Action.NO_OP)], [seen], links=LINKS)


@pytest.mark.parametrize("changed", [(POLICY,), (ROLE,), ("aws_x.y", f"{POLICY}[0]")])
def test_what_an_apply_left_is_an_echo_of_what_it_changed(changed: tuple[str, ...]) -> None:
    (echo,) = find_own_changes(role_with("own"), changed)
    assert (echo.address, echo.grave) == (ROLE, True)
    assert without_own_changes(find_drift(role_with("own")), (echo,)) == ()


def test_what_has_nothing_to_do_with_the_apply_is_no_echo() -> None:
    assert find_own_changes(role_with("own"), ("aws_instance.web",)) == ()


def test_another_value_is_no_echo() -> None:
    echoes = find_own_changes(role_with("own"), (POLICY,))
    seen = find_drift(role_with("own", "back-door"))
    assert without_own_changes(seen, echoes) == seen != ()


def test_what_differs_besides_is_left() -> None:
    echoes = find_own_changes(role_with("own"), (POLICY,))
    (left,) = without_own_changes(find_drift(role_with("own", tags={"a": "2"})), echoes)
    assert (left.paths, left.kept, left.grave) == (("tags.a",), ("tags.a",), False)


def test_a_mark_that_is_not_known_matches_nothing() -> None:
    """With another key nothing can be compared: then somebody is asked, rather than nobody."""
    seen = find_drift(role_with("own"))
    blind = tuple(replace(one, observed={"inline_policy": ""}) for one in seen)
    assert without_own_changes(blind, blind) == blind


def test_a_deletion_is_never_an_echo() -> None:
    gone = plan_of([], [change(ROLE, Action.DELETE, {"name": "app"})], links=LINKS)
    assert find_own_changes(gone, (POLICY,)) == ()


CLOCK = "terraform_data.clock"


def clock(time: str, *, undo: Action = Action.REPLACE, name: str = "triggers_replace") -> Plan:
    """An object whose value every plan makes anew. `time` is the value of the newest apply."""
    was = {name: time, "input": "a"}
    after = {**was, name: UNKNOWN}
    return plan_of([change(CLOCK, undo, was, after, before_marks=marks(CLOCK, was, KEY))])


@pytest.mark.parametrize(("undo", "name"), [(Action.REPLACE, "triggers_replace"), (Action.UPDATE, "input_time")])
def test_what_every_plan_makes_anew_is_said_as_such_and_is_no_drift(undo: Action, name: str) -> None:
    left = find_own_changes(clock("09:00", undo=undo, name=name), (CLOCK,))
    seen = find_drift(clock("09:00", undo=undo, name=name))
    assert always_recreated(seen, left) == seen != ()
    assert without_own_changes(seen, left) == ()


def test_what_changed_since_the_apply_is_drift_though_every_plan_makes_it_anew() -> None:
    left = find_own_changes(clock("09:00"), (CLOCK,))
    seen = find_drift(clock("10:00"))
    assert always_recreated(seen, left) == ()
    assert without_own_changes(seen, left) == seen != ()


def test_what_the_apply_did_not_change_is_drift_from_its_first_look_on() -> None:
    assert find_own_changes(clock("09:00"), ("terraform_data.other",)) == ()


def test_outputs_of_what_is_made_anew_are_made_anew_with_it() -> None:
    both = replace(clock("09:00"), outputs=(OutputChange("time", Action.UPDATE, "09:00", UNKNOWN),))
    alone = replace(both, changes=())
    assert without_own_changes(find_drift(both), find_own_changes(both, (CLOCK,))) == ()
    assert find_own_changes(alone, (CLOCK,)) == ()
