"""More of anything, or knowing less, never makes a change less risky."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from terrace.assess.factors import FACTORS, LEVELS
from terrace.assess.model import Assessment, Finding, Severity, Status
from terrace.assess.risk import EnvironmentFacts, level_of, risk
from terrace.plans.model import MASKED, UNKNOWN, Action, Digest, Plan, ResourceChange
from terrace.stacks.model import ChangeSet, Impact, Reason, Stack

TYPES = ("aws_s3_bucket", "aws_iam_role_policy", "aws_security_group_rule", "aws_lambda_function", "some_thing")
VALUES = ("*", "10.0.0.0/8", "0.0.0.0/0", '{"Action":"*"}', True, 7, MASKED, UNKNOWN)
NAMES = ("policy", "cidr_blocks", "tags", "ingress", "publicly_accessible", "versioning", "size")

sides = st.none() | st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=4)
changes = st.builds(
    lambda type_, number, action, before, after: ResourceChange(
        f"{type_}.n{number}", type_, "n", action, before=before, after=after
    ),
    st.sampled_from(TYPES),
    st.integers(0, 9),
    st.sampled_from(list(Action)),
    sides,
    sides,
)
findings = st.builds(
    lambda severity, status: Finding("r", severity, status, "t", "m"),
    st.sampled_from(Severity),
    st.sampled_from(Status),
)
surroundings = st.builds(
    EnvironmentFacts,
    st.booleans(),
    st.none() | st.booleans(),
    st.none() | st.frozensets(st.sampled_from(("dev", "staging", "prod"))),
    st.none() | st.frozensets(st.sampled_from(TYPES)),
    st.none() | st.integers(0, 90).map(lambda days: timedelta(days=days)),
)
arounds = st.fixed_dictionaries(dict.fromkeys(("dev", "staging", "prod"), surroundings))


def plan(environment: str, made: list[ResourceChange], **more: Any) -> Plan:
    return Plan(
        Stack.conventional(environment, f"environments/{environment}"), "c", Digest("d", "k"), tuple(made), **more
    )


def assessment(plans: dict[str, Plan], found: tuple[Finding, ...] = ()) -> Assessment:
    impacts = tuple(Impact(p.stack, (Reason("stack", p.stack.path),)) for p in plans.values())
    return Assessment(ChangeSet("a", "b", (), impacts), plans, {}, found)


def of(made: list[ResourceChange], around: dict[str, EnvironmentFacts], *found: Finding) -> int:
    return risk(assessment({"dev": plan("dev", made)}, found), around).score


@given(st.lists(changes, max_size=12), changes, arounds)
def test_a_change_more(made: list[ResourceChange], more: ResourceChange, around: dict[str, EnvironmentFacts]) -> None:
    assert of([*made, more], around) >= of(made, around)


@given(st.lists(changes, max_size=12), findings, findings, arounds)
def test_a_finding_more(
    made: list[ResourceChange], known: Finding, more: Finding, around: dict[str, EnvironmentFacts]
) -> None:
    assert of(made, around, known, more) >= of(made, around, known)


@given(st.lists(changes, max_size=9), st.lists(changes, max_size=9), arounds)
def test_an_environment_more(
    dev: list[ResourceChange], prod: list[ResourceChange], around: dict[str, EnvironmentFacts]
) -> None:
    both = {"dev": plan("dev", dev), "prod": plan("prod", prod)}
    assert risk(assessment(both), around).score >= of(dev, around)


@given(st.lists(changes, max_size=12), changes, arounds, st.sampled_from([("UPDATE", "REPLACE"), ("CREATE", "DELETE")]))
def test_a_worse_action(
    made: list[ResourceChange], one: ResourceChange, around: dict[str, EnvironmentFacts], turn: tuple[str, str]
) -> None:
    mild, grave = (replace(one, action=Action[word]) for word in turn)
    assert of([*made, grave], around) >= of([*made, mild], around)


@given(changes, sides, arounds)
def test_a_creation_undone(one: ResourceChange, side: Any, around: dict[str, EnvironmentFacts]) -> None:
    made = replace(one, action=Action.CREATE, before=None, after=side)
    assert of([replace(made, action=Action.DELETE, before=side, after=None)], around) >= of([made], around)


@given(st.lists(changes, max_size=12), arounds, st.sampled_from(["drifted", "deployed", "types", "idle"]))
def test_knowing_less(made: list[ResourceChange], around: dict[str, EnvironmentFacts], fact: str) -> None:
    unknown: dict[str, Any] = {fact: None}
    less = {name: replace(known, **unknown) for name, known in around.items()}
    assert of(made, less) >= of(made, around)
    assert of(made, {}) >= of(made, around)


@given(st.lists(changes, max_size=12), arounds)
def test_an_incomplete_plan_and_a_plan_more(made: list[ResourceChange], around: dict[str, EnvironmentFacts]) -> None:
    part = risk(assessment({"dev": plan("dev", made, complete=False)}), around)
    assert part.score >= of(made, around)
    assert 0 <= part.score <= 100
    assert "not-known" in {reason.factor for reason in part.reasons}


def test_the_data_is_sound() -> None:
    assert len({factor.name for factor in FACTORS}) == len(FACTORS)
    assert all(0 < factor.points <= factor.cap for factor in FACTORS)
    assert [level_of(least) for _, least in LEVELS] == [name for name, _ in LEVELS]
