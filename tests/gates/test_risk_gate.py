"""Approvals by risk: never fewer than without it, never fewer at a higher level, and no more for a rollback."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.risk import UNRECORDED, Counted, Reason, Risk, together, weigh
from terrace.config.model import ApprovalRule, Config, Environment, RiskLevel, RiskRule
from terrace.gates.facts import Facts
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.model import GateResult, Outcome
from terrace.gates.risk import LEVELS, check_risk, raise_for_risk
from terrace.stacks.model import (
    AutomaticRollback,
    Destruction,
    Manual,
    Origin,
    Promotion,
    Recovery,
    Remediation,
    Rollback,
)

RELEASES: tuple[Origin, ...] = (Manual("rita"), Promotion("staging", "rita"))
OTHERS: tuple[Origin, ...] = (
    Rollback("d1", "rita", "why"),
    AutomaticRollback("d1", "why"),
    Recovery("d1", "rita"),
    Destruction("rita", "why"),
    Remediation("c1", "rita"),
)
TEAMS = ("security", "owners")

rules = st.builds(
    ApprovalRule, count=st.integers(0, 3), roles=st.dictionaries(st.sampled_from(TEAMS), st.integers(1, 3))
)
asks = st.dictionaries(st.sampled_from(LEVELS), st.builds(RiskRule, approvals=rules, blocked=st.booleans()))


def at(level: RiskLevel) -> Risk:
    return Risk(50, level, (Reason("size", 3, "three things"),))


def results(environment: Environment, origin: Origin, found: Risk) -> tuple[GateResult, ...]:
    facts = Facts("c" * 40, (), "rita", "main", True, None, None, None, origin)
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return tuple(check_risk(Request(Moment.APPLY, Config(), environment, facts, now, Plans(risk=found))))


def covers(more: ApprovalRule, less: ApprovalRule) -> bool:
    return more.count >= less.count and all(more.roles.get(role, 0) >= n for role, n in less.roles.items())


@given(rules, asks, st.sampled_from(LEVELS), st.sampled_from(LEVELS), st.sampled_from(RELEASES))
def test_a_higher_risk_never_requires_fewer_people(
    rule: ApprovalRule, asked: dict[RiskLevel, RiskRule], one: RiskLevel, other: RiskLevel, origin: Origin
) -> None:
    environment = Environment("prod", risk=asked)
    low, high = sorted((one, other), key=LEVELS.index)
    less, more = (raise_for_risk(rule, environment, origin, at(level)) for level in (low, high))
    assert covers(less, rule)
    assert covers(more, less)
    assert (more.expires, more.unsigned) == (rule.expires, rule.unsigned)
    barred = [any(r.outcome is Outcome.BLOCK for r in results(environment, origin, at(level))) for level in (low, high)]
    assert barred in ([False, False], [False, True], [True, True])
    assert barred[1] == any(asked[level].blocked for level in LEVELS[: LEVELS.index(high) + 1] if level in asked)


@pytest.mark.parametrize("origin", OTHERS, ids=lambda o: type(o).__name__)
def test_a_repairing_deployment_requires_no_more_approvals(origin: Origin) -> None:
    environment = Environment("prod", risk={"low": RiskRule(ApprovalRule(9), blocked=True)})
    assert raise_for_risk(ApprovalRule(1), environment, origin, at("critical")) == ApprovalRule(1)
    assert results(environment, origin, at("critical")) == ()


def test_without_a_rule_for_risks_the_gate_has_no_result() -> None:
    assert results(Environment("prod"), RELEASES[0], at("critical")) == ()
    said = results(Environment("prod", risk={"high": RiskRule(ApprovalRule(1))}), RELEASES[0], at("medium"))
    assert [(one.outcome, one.reason) for one in said] == [
        (Outcome.PASS, "the risk is medium (50 of 100: size: three things)")
    ]


def test_an_unrecorded_risk_is_the_highest() -> None:
    assert weigh(UNRECORDED).level == "critical"


counted = st.dictionaries(
    st.sampled_from(sorted(UNRECORDED)), st.builds(Counted, st.integers(1, 30), st.just(("a", "b", "c"))), max_size=6
)


@given(st.dictionaries(st.sampled_from(("prod/a", "prod/b", "prod/c")), counted), counted)
def test_another_stack_never_lowers_the_risk(parts: dict[str, dict[str, Counted]], one: dict[str, Counted]) -> None:
    less, more = weigh(together(parts)), weigh(together({**parts, "prod/d": one}))
    assert more.score >= less.score
    assert get_args(RiskLevel).index(more.level) >= get_args(RiskLevel).index(less.level)


@given(counted)
def test_the_joint_risk_of_a_single_stack_is_its_own_risk(one: dict[str, Counted]) -> None:
    assert weigh(together({"prod": one})) == weigh(one)
