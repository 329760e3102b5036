"""Taking over: which differences are accepted as they are, and that a state is one stack's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.plans import change, drifted_resource, plan_of
from terrace.drift.detection import find_drift
from terrace.drift.own_changes import split_differences, without_own_changes
from terrace.drift.state_adoption import Adoption, Row, without_shared_states
from terrace.plans.digest import DigestKey
from terrace.plans.model import Action, Plan
from terrace.plans.ports import StateSnapshot
from terrace.plans.value_marks import marks
from terrace.stacks.model import Stack

KEY = DigestKey(id="k", secret=b"0" * 32)
GROUP, RULE = "aws_security_group.web", "aws_vpc_security_group_ingress_rule.https"


def group_with(ports: list[int], *, part: str = RULE, link: bool = True) -> Plan:
    """A group whose state has no rules, and which has some in the cloud."""
    was, now = {"name": "web", "ingress": []}, {"name": "web", "ingress": ports}
    seen = drifted_resource(GROUP, was, now, before_marks=marks(GROUP, was, KEY), after_marks=marks(GROUP, now, KEY))
    changes = [change(GROUP, Action.NO_OP, now, now), change(part, Action.NO_OP)]
    return plan_of(changes, [seen], links=((part, GROUP),) if link else ())


@pytest.mark.parametrize("part", [RULE, "aws_security_group_rule.https"])
def test_rules_of_a_group_from_resources_of_their_own_are_accepted(part: str) -> None:
    accepted, outside = split_differences(group_with([443], part=part))
    assert ([one.address for one in accepted], outside) == ([GROUP], ())
    assert without_own_changes(find_drift(group_with([443], part=part)), accepted) == ()


def test_another_rule_than_those_that_were_accepted_is_drift() -> None:
    accepted, _ = split_differences(group_with([443]))
    later = find_drift(group_with([443, 22]))
    assert without_own_changes(later, accepted) == later != ()


@pytest.mark.parametrize(
    "plan",
    [group_with([22], link=False), group_with([22], part="aws_instance.web"), group_with([22], part="aws_lb.front")],
    ids=["nothing refers to it", "an instance in the group", "a balancer in the group"],
)
def test_rules_that_no_resource_makes_are_for_a_person_to_answer_for(plan: Plan) -> None:
    accepted, outside = split_differences(plan)
    assert (accepted, [one.address for one in outside]) == ((), [GROUP])


def test_a_tag_that_no_plan_mends_is_accepted_and_one_that_a_plan_takes_back_is_not() -> None:
    was, now = {"tags": {"a": "1"}}, {"tags": {"a": "2"}}
    told = {"before_marks": marks("aws_sqs_queue.q", was, KEY), "after_marks": marks("aws_sqs_queue.q", now, KEY)}
    seen = drifted_resource("aws_sqs_queue.q", was, now, **told)
    kept = plan_of([change("aws_sqs_queue.q", Action.NO_OP, now, now)], [seen])
    mended = plan_of([change("aws_sqs_queue.q", Action.UPDATE, now, was)], [seen])
    assert [len(part) for part in split_differences(kept)] == [1, 0]
    assert [len(part) for part in split_differences(mended)] == [0, 1]


def ready(key: str, lineage: str) -> Row:
    stack = Stack.conventional(key, f"environments/{key}")
    state = StateSnapshot(b"{}", lineage, 1)
    found = Adoption(stack, "c" * 40, f"{key}.tfstate", "there", state, ("a.b",), ())
    return Row(key, key, stack.path, "ready", found)


def test_a_state_that_several_stacks_would_take_over_is_refused_for_each_of_them() -> None:
    rows = without_shared_states([ready("dev", "l1"), ready("prod", "l1"), ready("test", "l2")])
    assert [row.result for row in rows] == ["refused", "refused", "ready"]
    assert ("prod" in rows[0].why, "dev" in rows[1].why) == (True, True)


def test_a_stack_with_a_plan_that_does_something_differs_from_git() -> None:
    found = ready("dev", "l1").adoption
    assert found is not None and found.same
    assert not replace(found, deletes=("a.b",)).same
    assert not replace(found, outputs=1).same
