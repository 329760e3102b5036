"""What may be taken back: only what was seen, twice, just so, allowed, and little of it. Everything else is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.ledgers import MemoryLedger
from support.payloads import origin_payload, payload_of
from support.plans import STACK, change, drifted_resource, plan_of
from terrace.config.model import DriftSettings, Environment, Remediate
from terrace.drift.acknowledgements import acknowledgement_of
from terrace.drift.checks import checks
from terrace.drift.detection import find_drift
from terrace.drift.model import Observation
from terrace.drift.records import observation_record
from terrace.drift.remediation import RemediationProposals, objections, proposals
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import Draft, History
from terrace.plans.digest import DigestKey
from terrace.plans.model import Action, OutputChange, Plan, ResourceChange
from terrace.plans.value_marks import marks
from terrace.stacks.model import Remediation

KEY = DigestKey("k", b"secret")
START = datetime(2026, 11, 23, tzinfo=UTC)
COMMIT = "c" * 40
RULE = Remediate(allow={"aws_security_group": ("ingress",), "*": ("tags",)})
DEV = Environment("dev", drift=DriftSettings(remediate=RULE))
GROUP = "aws_security_group.web"


class Story:
    """A ledger in memory that time passes in."""

    def __init__(self) -> None:
        self.now = START
        self._ids = iter(range(1, 1000))
        self.ledger = MemoryLedger(clock=lambda: self.now, new_id=lambda: f"e{next(self._ids)}", key=NO_KEY)

    @property
    def history(self) -> History:
        return self.ledger.read()

    def tell(self, kind: str, subject: str, payload: dict[str, Any]) -> str:
        self.now += timedelta(minutes=30)
        return self.ledger.append([Draft(kind, subject, "ann", payload)], head=self.history.head).events[-1].id

    def look(self, plan: Plan, status: str = "drifted") -> str:
        seen = Observation(STACK.key, STACK.path, "clean", COMMIT, resources=find_drift(plan), objects=10)
        payload = {**payload_of(observation_record(seen)), "status": status}
        return self.tell(kinds.DRIFT_CHECKED, "dev", {"every": 0, "stacks": [payload]})

    def try_it(self, check: str, result: str = "succeeded") -> None:
        name = f"d{self.now:%H%M}"
        opened = {
            "environment": "dev",
            "commit": COMMIT,
            "origin": origin_payload(Remediation(check, "ann")),
            "waves": [[STACK.key]],
            "policy": "p",
        }
        self.tell(kinds.DEPLOYMENT_OPENED, name, opened)
        self.tell(kinds.DEPLOYMENT_ENDED, name, {"result": result})

    def answer(self, environment: Environment = DEV) -> RemediationProposals:
        return proposals(environment, self.history, self.now)


def pair(address: str, was: dict[str, Any], now: dict[str, Any]) -> tuple[ResourceChange, ResourceChange]:
    """Something changed outside, and the change that takes it back."""
    before, after = marks(address, was, KEY), marks(address, now, KEY)
    return (
        drifted_resource(address, was, now, before_marks=before, after_marks=after),
        change(address, Action.UPDATE, now, was, before_marks=after, after_marks=before),
    )


def opened_group(port: int = 22) -> Plan:
    drift, back = pair(GROUP, {"ingress": [], "name": "a"}, {"ingress": [{"port": port}], "name": "a"})
    return plan_of([back], [drift])


@pytest.fixture
def story() -> Story:
    return Story()


def refused(answer: RemediationProposals) -> str:
    assert answer.proposals == ()
    (refusal,) = answer.refusals
    return refusal.reason


def test_what_was_seen_twice_may_be_taken_back_to_the_commit_that_is_deployed(story: Story) -> None:
    story.look(opened_group())
    assert "was found by one check" in refused(story.answer())
    check = story.look(opened_group())
    (proposal,) = story.answer().proposals
    assert (proposal.check, proposal.commit, proposal.stacks) == (check, COMMIT, (STACK.key,))


def test_what_a_deployment_would_change_besides_is_not_taken_back_with_the_rest(story: Story) -> None:
    """The group was opened by hand, and a data source says another name: going back would change both."""
    drift, _ = pair(GROUP, {"ingress": [], "name": "a"}, {"ingress": [{"port": 22}], "name": "a"})
    _, back = pair(GROUP, {"ingress": [], "name": "b"}, {"ingress": [{"port": 22}], "name": "a"})
    mixed = plan_of([back], [drift])
    for _ in range(2):
        check = story.look(mixed)
    assert f"{GROUP} would also change name" in refused(story.answer())
    assert any(
        "would also change name" in one.why for one in objections(mixed, checks(story.history, "dev"), check, RULE)
    )


def test_nothing_is_taken_back_where_remediation_is_off(story: Story) -> None:
    for _ in range(2):
        story.look(opened_group())
    assert "remediation is off in dev" in refused(story.answer(Environment("dev")))


def test_nothing_is_taken_back_where_it_is_held_or_busy(story: Story) -> None:
    for _ in range(2):
        story.look(opened_group())
    story.tell(kinds.ENVIRONMENT_HELD, "dev", {"reason": "incident"})
    assert "dev is on hold: incident" in refused(story.answer())
    story.tell(kinds.ENVIRONMENT_UNHELD, "dev", {})
    assert story.answer().proposals
    opened = {
        "environment": "dev",
        "commit": COMMIT,
        "origin": {"kind": "manual", "by": "ann"},
        "waves": [["dev"]],
        "policy": "",
    }
    story.tell(kinds.DEPLOYMENT_OPENED, "d1", opened)
    assert "deployment d1 is open" in refused(story.answer())


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (plan_of([change(GROUP, Action.UPDATE, {"ingress": 1}, {"ingress": 2})]), "is input drift"),
        (plan_of([change(GROUP, Action.CREATE, None, {})], [change(GROUP, Action.DELETE, {})]), "is deleted drift"),
        (plan_of([], [drifted_resource(GROUP, {"ingress": 1}, {"ingress": 2})]), "no deployment would revert it"),
        (
            plan_of(
                [change(GROUP, Action.REPLACE, {"ingress": 2}, {"ingress": 1})],
                [drifted_resource(GROUP, {"ingress": 1}, {"ingress": 2})],
            ),
            "only updates in place",
        ),
        (
            plan_of(
                [change(GROUP, Action.UPDATE, {"egress": 2}, {"egress": 1})],
                [drifted_resource(GROUP, {"egress": 1}, {"egress": 2})],
            ),
            "egress is not allowed to be reverted automatically",
        ),
        (
            plan_of(
                [change(f"a.n{n}", Action.UPDATE, {"tags": {"a": "2"}}, {"tags": {"a": "1"}}) for n in range(3)],
                [drifted_resource(f"a.n{n}", {"tags": {"a": "1"}}, {"tags": {"a": "2"}}) for n in range(3)],
            ),
            "3 of 10 resources at once are more than 5 or 20%",
        ),
    ],
    ids=["input", "deleted", "unmanaged", "replacement", "not allowed", "too many"],
)
def test_what_may_not_be_taken_back_says_why(story: Story, plan: Plan, why: str) -> None:
    for _ in range(2):
        story.look(plan)
    assert why in refused(story.answer())


def test_after_two_attempts_that_did_not_help_a_person_is_asked(story: Story) -> None:
    for _ in range(2):
        story.look(opened_group())
    for _ in range(2):
        story.try_it(story.answer().proposals[0].check)
        story.look(opened_group())
    assert "was reverted 2 times and drifted again" in refused(story.answer())
    (seen,) = find_drift(opened_group())
    story.tell(kinds.DRIFT_ACKNOWLEDGED, "dev", payload_of(acknowledgement_of(seen, "the script that did it is gone")))
    assert story.answer().proposals


def test_an_attempt_that_helped_is_not_counted(story: Story) -> None:
    for _ in range(2):
        for _ in range(2):
            check = story.look(opened_group())
        story.try_it(check)
        story.look(plan_of(), "clean")
        story.now += timedelta(days=2)
    for _ in range(2):
        story.look(opened_group())
    assert story.answer().proposals


def test_what_comes_and_goes_is_left_to_people(story: Story) -> None:
    for _ in range(3):
        story.look(opened_group())
        story.look(plan_of(), "clean")
    for _ in range(2):
        story.look(opened_group())
    assert "two actors set it to different values" in refused(story.answer())


# --- asked again of the plan that would be applied ---------------------------------------------------------------


def against(story: Story, plan: Plan, rule: Remediate = RULE) -> list[str]:
    check = story.look(opened_group())
    return [one.why for one in objections(plan, checks(story.history, "dev"), check, rule)]


def test_nothing_speaks_against_the_plan_that_was_proposed(story: Story) -> None:
    assert against(story, opened_group()) == []


def test_a_value_that_moved_since_is_not_overwritten(story: Story) -> None:
    assert against(story, opened_group(port=3389)) == ["was changed again since the check: ingress"]


def test_whatever_the_plan_does_besides_stops_it(story: Story) -> None:
    plan = opened_group()
    (mine,) = plan.changes
    besides = change("aws_instance.new", Action.CREATE, None, {})
    assert "was not found to be changed outside" in against(story, replace(plan, changes=(mine, besides)))
    more = replace(mine, after={**mine.after, "name": "b"}, after_marks={**mine.after_marks, "name": "other"})
    assert against(story, replace(plan, changes=(more,))) == ["would also change name, which was not changed outside"]
    gone = replace(mine, action=Action.DELETE, after=None, after_marks={})
    assert against(story, replace(plan, changes=(gone,))) == ["requires delete, but only updates in place are allowed"]
    outputs = (OutputChange("url", Action.UPDATE, "a", "b"),)
    assert against(story, replace(plan, outputs=outputs)) == ["would change"]


def test_rules_that_were_tightened_meanwhile_hold(story: Story) -> None:
    assert against(story, opened_group(), Remediate(allow={})) == ["would change ingress, which is not allowed"]


def test_a_check_that_is_not_in_the_ledger_allows_nothing(story: Story) -> None:
    story.look(opened_group())
    (one,) = objections(opened_group(), checks(story.history, "dev"), "nobody", RULE)
    assert one.why == "was not found to be changed outside"
