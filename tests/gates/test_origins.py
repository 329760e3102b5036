"""Gates by the origin of a deployment: repairing deployments meet fewer gates than releases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.requests import at_entry, before_apply, before_planning
from terrace.assess.model import Objection, Weight
from terrace.config.model import ApprovalRule, Config, DriftSettings, Environment, Remediate
from terrace.gates.approvals.gate import approval_rule
from terrace.gates.facts import Facts, Reviewed, Upstream
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.model import GateResult, Outcome, Subject
from terrace.gates.objections import check_objections
from terrace.stacks.model import (
    Automatic,
    AutomaticRollback,
    Destruction,
    Manual,
    Origin,
    Promotion,
    Recovery,
    Remediation,
    Rollback,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BY_HAND = Rollback("d1", "ann", "sick")
BY_ITSELF = AutomaticRollback("d1", "sick")
RECOVERY = Recovery("d1", "ann")
REMEDY = Remediation("e1", "ann")
OVER = Destruction("ann", "over")
RELEASES = (Manual("ann"), Automatic(), Promotion("staging", "ann"))
REPAIRS = (BY_HAND, BY_ITSELF, RECOVERY, OVER)
EVERY: tuple[Origin, ...] = (*RELEASES, *REPAIRS, REMEDY)

PROD = Environment("prod", after="staging", soak=timedelta(hours=1), approvals=ApprovalRule(2))
FACTS = Facts(
    commit="c" * 40,
    authors=(),
    requester="ann",
    branch="main",
    on_protected_branch=True,
    upstream=None,
    held=None,
    busy=None,
    origin=Manual("ann"),
)
TABLE = Objection("stateful", "prod", "aws_dynamodb_table.t", "is deleted", Weight.NAME)
NEW = Objection("create", "prod", "terraform_data.x", "is made anew", Weight.SAY)


def entry(origin: Origin, environment: Environment = PROD, **facts: Any) -> dict[str, GateResult]:
    seen = replace(FACTS, origin=origin, **facts)
    return {result.gate: result for result in at_entry(environment, seen, NOW).results}


@pytest.mark.parametrize("origin", EVERY, ids=lambda o: type(o).__name__)
def test_only_repairing_deployments_start_during_a_hold(origin: Origin) -> None:
    found = entry(origin, held="incident 7").get("held")
    assert (found is None) == (origin in REPAIRS)
    assert found is None or found.outcome is Outcome.BLOCK


@pytest.mark.parametrize("origin", EVERY, ids=lambda o: type(o).__name__)
def test_no_deployment_starts_during_another_one_or_for_a_commit_outside_the_protected_branch(origin: Origin) -> None:
    assert entry(origin, busy="deployment 1")["busy"].outcome is Outcome.WAIT
    assert entry(origin, on_protected_branch=False)["protected-branch"].outcome is Outcome.BLOCK
    assert entry(origin, on_protected_branch=None)["protected-branch"].outcome is Outcome.BLOCK


@pytest.mark.parametrize("origin", EVERY, ids=lambda o: type(o).__name__)
def test_only_a_release_is_a_promotion(origin: Origin) -> None:
    assert ("promotion" in entry(origin)) == (origin in RELEASES)


@pytest.mark.parametrize("origin", EVERY, ids=lambda o: type(o).__name__)
def test_a_release_only_goes_forward(origin: Origin) -> None:
    found = entry(origin, ahead="d" * 40).get("forward")
    assert (found is not None) == (origin in RELEASES)
    if found is not None:
        assert found.outcome is Outcome.BLOCK
        assert "ddddddd, which is newer than ccccccc" in found.reason
        assert "terrace rollback prod --to ccccccc" in found.satisfy


def test_a_protected_environment_is_never_destroyed_not_even_by_an_open_deployment() -> None:
    protected = replace(PROD, protected=True)
    assert entry(OVER)["protected"].outcome is Outcome.PASS
    assert entry(OVER, protected)["protected"].outcome is Outcome.BLOCK
    assert "protected: false" in entry(OVER, protected)["protected"].satisfy
    assert "protected" not in entry(BY_HAND, protected)
    said = before_apply(Config(), protected, (), (), replace(FACTS, origin=OVER), NOW)
    assert said.outcome is Outcome.BLOCK
    assert before_apply(Config(), PROD, (), (), replace(FACTS, origin=OVER), NOW).outcome is Outcome.PASS


def test_remediation_must_be_allowed() -> None:
    assert entry(REMEDY)["remediation"].outcome is Outcome.BLOCK
    allowed = replace(PROD, drift=DriftSettings(remediate=Remediate(allow={})))
    assert entry(REMEDY, allowed)["remediation"].outcome is Outcome.PASS


def test_the_required_approvals_depend_on_the_origin() -> None:
    one, none = ApprovalRule(1), ApprovalRule(0)
    own = replace(PROD, rollback=one, drift=DriftSettings(remediate=Remediate(allow={}, approvals=none)))
    for origin in (*RELEASES, RECOVERY, OVER):
        assert approval_rule(own, origin) is own.approvals
    assert approval_rule(own, BY_HAND) is one
    assert approval_rule(PROD, BY_HAND) is PROD.approvals, "by default as for a release"
    assert approval_rule(replace(PROD, rollback=none), BY_HAND) is none, "none, if terrace.yaml says so"
    assert not approval_rule(own, BY_ITSELF).requires_any, "on_failure was agreed to beforehand"
    assert approval_rule(own, REMEDY) is none
    assert approval_rule(PROD, REMEDY) is PROD.approvals


SUBJECT = Subject("l", "prod", "prod", "c" * 40, "d", "p", "lin")


def agreed_to(origin: Origin, *objections: Objection, agreed: tuple[str, ...] = ()) -> Outcome:
    free = replace(PROD, approvals=ApprovalRule())
    facts = replace(FACTS, origin=origin)
    return before_apply(Config(), free, (SUBJECT,), (), facts, NOW, objections, frozenset(agreed)).outcome


def objected(*found: Objection) -> list[GateResult]:
    facts = replace(FACTS, origin=BY_HAND)
    return list(check_objections(Request(Moment.APPLY, Config(), PROD, facts, NOW, Plans(objections=found))))


REFUSED = Objection("no-twos", "prod", "aws_vpc.two", "no twos", Weight.HOLD)


@pytest.mark.parametrize("origin", [*RELEASES, REMEDY])
def test_a_policy_blocks_a_release_whoever_accepts_the_objection(origin: Origin) -> None:
    assert agreed_to(origin, REFUSED, agreed=(REFUSED.address,)) is Outcome.BLOCK


@pytest.mark.parametrize("origin", [BY_HAND, BY_ITSELF, RECOVERY, OVER])
def test_no_policy_blocks_a_repairing_deployment(origin: Origin) -> None:
    assert agreed_to(origin, REFUSED) is Outcome.PASS


@pytest.mark.parametrize("origin", [BY_ITSELF, REMEDY])
def test_an_automatic_deployment_is_blocked_by_every_objection(origin: Origin) -> None:
    assert agreed_to(origin) is Outcome.PASS
    assert agreed_to(origin, NEW) is Outcome.BLOCK
    assert agreed_to(origin, TABLE, agreed=(TABLE.address,)) is Outcome.BLOCK, "no one can accept it"


def test_a_person_accepts_a_loss_by_its_address() -> None:
    assert agreed_to(BY_HAND, NEW) is Outcome.PASS
    assert agreed_to(BY_HAND, NEW, TABLE) is Outcome.BLOCK
    assert agreed_to(BY_HAND, TABLE, agreed=("aws_dynamodb_table.other",)) is Outcome.BLOCK
    assert agreed_to(BY_HAND, TABLE, agreed=("aws_dynamodb_table",)) is Outcome.BLOCK, "the whole address"
    assert agreed_to(BY_HAND, NEW, TABLE, agreed=(TABLE.address,)) is Outcome.PASS
    (blocked,) = objected(TABLE)
    assert (blocked.reason, blocked.satisfy) == (
        "prod: aws_dynamodb_table.t is deleted",
        "if it is allowed to be lost: --allow 'aws_dynamodb_table.t'",
    )
    assert objected() == []


def test_the_same_address_in_another_stack_is_another_resource() -> None:
    app, db = (replace(TABLE, stack=f"prod/{name}") for name in ("app", "db"))
    assert agreed_to(BY_HAND, app, agreed=("prod/app:aws_dynamodb_table.t",)) is Outcome.PASS
    assert agreed_to(BY_HAND, app, db, agreed=("prod/app:aws_dynamodb_table.t",)) is Outcome.BLOCK
    assert agreed_to(BY_HAND, app, agreed=("aws_dynamodb_table.t",)) is Outcome.BLOCK
    assert "--allow 'prod/app:aws_dynamodb_table.t'" in objected(app)[0].satisfy


def test_an_accepted_loss_does_not_replace_an_approval() -> None:
    facts = replace(FACTS, origin=BY_HAND)
    said = before_apply(Config(), PROD, (SUBJECT,), (), facts, NOW, (TABLE,), frozenset([TABLE.address]))
    assert said.outcome is Outcome.WAIT


# --- an open deployment ---------------------------------------------------------------------------

GATED = replace(PROD, soak=timedelta(hours=1))
SUCCEEDED = Upstream("staging", "c" * 40, NOW - timedelta(hours=2))


def again(origin: Origin, environment: Environment = GATED, **facts: Any) -> dict[str, GateResult]:
    seen = replace(FACTS, origin=origin, upstream=SUCCEEDED, **facts)
    return {result.gate: result for result in before_planning(environment, seen, NOW).results}


@pytest.mark.parametrize("origin", RELEASES, ids=lambda o: type(o).__name__)
def test_every_gate_of_the_entry_applies_to_an_open_release_again(origin: Origin) -> None:
    assert all(result.outcome is Outcome.PASS for result in again(origin).values())
    assert set(again(origin)) == {"opening", "protected-branch", "forward", "promotion", "soak"}
    assert again(origin, ahead="d" * 40)["forward"].outcome is Outcome.BLOCK
    assert again(origin, reviewed=Reviewed(lacking=("abc",)))["reviewed"].outcome is Outcome.BLOCK
    assert again(origin, reviewed=Reviewed(unknown="no answer"))["reviewed"].outcome is Outcome.WAIT
    assert again(origin, busy="a restore")["busy"].outcome is Outcome.WAIT
    never = replace(FACTS, origin=origin, upstream=Upstream("staging", None, None))
    assert before_planning(GATED, never, NOW).outcome is Outcome.BLOCK
    fresh = replace(FACTS, origin=origin, upstream=replace(SUCCEEDED, succeeded_at=NOW))
    assert before_planning(GATED, fresh, NOW).outcome is Outcome.WAIT


@pytest.mark.parametrize("origin", EVERY, ids=lambda o: type(o).__name__)
def test_an_opening_that_does_not_follow_from_facts_is_blocked_for_every_origin(origin: Origin) -> None:
    found = again(origin, replace(GATED, drift=DriftSettings(remediate=Remediate(allow={}))), unfounded=("event 7",))
    assert found["opening"].outcome is Outcome.BLOCK
    assert "event 7" in found["opening"].reason
    assert "terrace deploy prod" in found["opening"].satisfy


def test_an_open_remediation_is_blocked_once_remediation_is_disabled() -> None:
    assert again(REMEDY)["remediation"].outcome is Outcome.BLOCK


def test_only_a_proven_commit_requires_fewer_approvals() -> None:
    own = replace(PROD, rollback=ApprovalRule(0), drift=DriftSettings(remediate=Remediate(allow={})))
    for origin in (BY_HAND, BY_ITSELF, REMEDY):
        assert approval_rule(own, origin, proven=False) is own.approvals
        assert before_apply(Config(), own, (SUBJECT,), (), replace(FACTS, origin=origin, proven=False), NOW).open


def test_an_accepted_loss_requires_the_usual_approvals() -> None:
    """The ledger only claims who accepted the loss: with `rollback: 0` no other person would see the plan."""
    alone = replace(PROD, rollback=ApprovalRule(0))
    seen = replace(FACTS, origin=BY_HAND)
    named = before_apply(Config(), alone, (SUBJECT,), (), seen, NOW, (TABLE,), frozenset({TABLE.name}))
    assert [r.gate for r in named.open] == ["approvals"]
    assert named.outcome is Outcome.WAIT
    assert before_apply(Config(), alone, (SUBJECT,), (), seen, NOW, (NEW,), frozenset()).outcome is Outcome.PASS
