"""Changes of terrace.yaml that loosen the rules of an environment, of checks, of the forge, or of a first file."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from support.configuration import load
from terrace.checks.all import CHECKS
from terrace.checks.commits import CommitRules
from terrace.config import model
from terrace.config.loosening import add_default_rules, find_loosened_rules
from terrace.config.model import (
    ApprovalRule,
    CheckSetting,
    Environment,
    ForgeSettings,
    HttpProbe,
    Level,
    Person,
    Rollout,
    Volatile,
    WaiverRules,
)

Config = partial(model.Config, known_checks=CHECKS)

LEVELS: tuple[Level, ...] = ("off", "advisory", "required")
PROBE = HttpProbe("https://example.com/health")
OLD = Environment(
    "prod",
    approvals=ApprovalRule(2),
    health=(PROBE,),
    rollout=Rollout(timedelta(minutes=30), timedelta(seconds=30), 3, 5),
    on_failure="rollback",
    protected=True,
)


def compare(new: Environment, old: Environment = OLD) -> tuple[str, ...]:
    return find_loosened_rules(Config(environments=(old,)), Config(environments=(new,)))


def rollout(**changed: Any) -> Environment:
    return replace(OLD, rollout=replace(OLD.rollout, **changed))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (replace(OLD, health=()), "a health probe of prod is removed or changed"),
        (rollout(bake=timedelta(minutes=29)), "prod has a shorter bake time"),
        (rollout(passes=2), "prod needs a smaller share of healthy measurements"),
        (rollout(of=6), "prod needs a smaller share of healthy measurements"),
        (rollout(passes=1, of=1), "prod needs a smaller share of healthy measurements"),
        (rollout(every=timedelta(minutes=1)), "the health of prod is measured less often"),
        (
            replace(OLD, volatile=Volatile(("terraform_data.a.input",))),
            "prod applies other values of terraform_data.a.input than those that were approved",
        ),
        (
            replace(OLD, on_failure="pause"),
            "after a failed release to prod, Terrace does `pause` instead of `rollback`",
        ),
        (replace(OLD, protected=False), "prod is no longer protected from `terrace destroy`"),
        (replace(OLD, rollback=ApprovalRule(1)), "prod needs fewer approvals: 1 instead of 2, for a rollback"),
    ],
)
def test_a_looser_environment_is_reported(new: Environment, expected: str) -> None:
    assert compare(new) == (expected,)


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        replace(OLD, health=(PROBE, replace(PROBE, expect=201))),
        rollout(bake=timedelta(hours=1), every=timedelta(seconds=10)),
        rollout(passes=4),
        rollout(passes=3, of=3),
        replace(OLD, rollback=ApprovalRule(2)),
    ],
)
def test_an_equal_or_stricter_environment_is_not_reported(new: Environment) -> None:
    assert compare(new) == ()


def test_automatic_rollback_is_reported_as_well() -> None:
    assert compare(OLD, replace(OLD, on_failure="pause")) == (
        "after a failed release to prod, Terrace does `rollback` instead of `pause`",
    )


def test_a_removed_rollback_rule_is_compared_with_the_rule_that_replaces_it() -> None:
    strict = replace(OLD, rollback=ApprovalRule(3))
    assert compare(OLD, strict) == ("prod needs fewer approvals: 2 instead of 3, for a rollback",)


def test_looser_hygiene_settings_are_reported() -> None:
    old = Config(settings={"commits": CommitRules(scopes=("a",)), "platforms": ("linux_amd64",)})
    more_types = CommitRules(types=(*CommitRules().types, "wip"), subject=100)
    new = Config(settings={"commits": more_types})
    assert find_loosened_rules(old, new) == (
        "commits may be of type wip",
        "commits may have more scopes",
        "the first line of a commit may have 100 characters instead of 72",
        "lock files no longer need checksums of providers for linux_amd64",
    )
    assert find_loosened_rules(new, old) == ()


def test_a_check_that_is_advisory_by_default_is_loosened_only_by_off() -> None:
    weighed = {level: Config(checks={"commits": CheckSetting(level)}) for level in LEVELS}
    assert find_loosened_rules(Config(), weighed["advisory"]) == ()
    assert find_loosened_rules(Config(), weighed["off"]) == ("the check commits goes from advisory to off",)
    assert find_loosened_rules(weighed["required"], Config()) == ("the check commits goes from required to advisory",)


def test_blocking_less_or_waiving_for_longer_is_looser() -> None:
    graded = Config(checks={"policy": CheckSetting(fail_on="high")}, fail_on="medium")
    assert find_loosened_rules(graded, graded) == ()
    assert find_loosened_rules(graded, Config(checks={"policy": CheckSetting(fail_on="low")}, fail_on="info")) == ()
    assert find_loosened_rules(Config(), graded) == (
        "the check policy blocks a change only from severity high on instead of info",
        "checks block a change only from severity medium on instead of info",
    )
    assert find_loosened_rules(graded, Config(checks={"policy": CheckSetting()}, fail_on="critical")) == (
        "the check policy blocks a change only from severity critical on instead of high",
        "checks block a change only from severity critical on instead of medium",
    )
    longer = Config(waivers=WaiverRules(timedelta(days=181)))
    assert find_loosened_rules(Config(), longer) == ("waivers are valid for up to 181d instead of 180d",)


def test_an_additional_policy_directory_is_reported_because_it_can_add_exceptions() -> None:
    old, new = Config(policies=("policies",)), Config(policies=("policies", "more"))
    assert find_loosened_rules(old, new) == ("the policies in more apply as well, and can allow what the others deny",)
    assert find_loosened_rules(Config(), new) == (), "where nothing judged nothing is excepted"


def test_another_forge_and_another_account_of_a_person_are_reported() -> None:
    old = Config(
        forge=ForgeSettings("acme/infrastructure", reviewed="required"),
        teams={"owners": ("ann",)},
        people={"ann": Person("ann"), "eve": Person("eve")},
    )
    assert find_loosened_rules(old, old) == ()
    elsewhere = replace(old, forge=ForgeSettings("eve/infrastructure", "https://eve.example", reviewed="off"))
    assert find_loosened_rules(old, elsewhere) == (
        "forge.repository changes from acme/infrastructure to eve/infrastructure: another forge decides who approved",
        "forge.api changes from nothing to https://eve.example: another forge decides who approved",
        "changes without a review can be deployed",
    )
    given = replace(old, people={"ann": Person("ann", login="eve"), "eve": Person("eve", login="e")})
    assert find_loosened_rules(old, given) == (
        "commits and approvals by the account eve count as commits and approvals by ann",
        "commits and approvals by the account e count as commits and approvals by eve",
    )


def first(text: str, *discovered: str) -> tuple[str, ...]:
    """Returns the sentences for a first terrace.yaml in a repository with these environments by directory."""
    old, new = load(b"", discovered=discovered), load(text.encode(), discovered=discovered)
    return find_loosened_rules(add_default_rules(old, new), new)


@pytest.mark.parametrize(
    ("text", "discovered"),
    [
        ("version: 1\nenvironments: {dev: {}, prod: {after: dev, approvals: 1}}\nchecks: {policy: advisory}\n", ()),
        ("version: 1\nenvironments: {dev: {}, prod: {after: dev, approvals: 1}}\n", ("dev", "prod")),
        ("version: 1\nenvironments: {dev: {}, security: {approvals: 1, protected: true}}\n", ()),
        ("version: 1\nenvironments: {default: {approvals: 1}}\nstacks: [{path: ., environment: default}]\n", ()),
    ],
)
def test_a_first_file_that_is_as_strict_as_no_file_loosens_nothing(text: str, discovered: tuple[str, ...]) -> None:
    assert first(text, *discovered) == ()


@pytest.mark.parametrize(
    ("text", "discovered", "expected"),
    [
        ("version: 1\nenvironments: {dev: {}, prod: {after: dev}}\n", (), "prod needs fewer approvals: 0 instead of 1"),
        ("version: 1\nenvironments: {prod: {protected: false, approvals: 1}}\n", (), "prod is no longer protected"),
        (
            "version: 1\nenvironments: {dev: {}, prod: {approvals: 1}}\n",
            ("dev", "prod"),
            "needs a successful deployment to dev",
        ),
        (
            "version: 1\nenvironments: {dev: {deploy: automatic}}\n",
            (),
            "new commits are deployed to dev without a request by a person",
        ),
        ("version: 1\nenvironments: {dev: {credentials: {apply: {A: env:PROD}}}}\n", (), "other credentials"),
        ("version: 1\nenvironments: {dev: {smoke: [{run: [./x]}]}}\n", (), "dev runs the command './x'"),
        ("version: 1\nenvironments: {dev: {}}\nchecks: {secrets: off}\n", (), "the check secrets goes from required"),
        ("version: 1\nenvironments: {dev: {}}\nchecks: {layout: off}\n", (), "the check layout goes from required"),
    ],
)
def test_a_first_file_that_is_less_strict_is_reported(text: str, discovered: tuple[str, ...], expected: str) -> None:
    ways = first(text, *discovered)
    assert any(expected in way for way in ways), ways


def test_a_first_file_can_loosen_the_check_of_existing_policies() -> None:
    old = replace(load(b"", discovered=("dev",)), policies=("policies",))
    new = load(b"version: 1\nenvironments: {dev: {}}\npolicies: [policies]\nchecks: {policy: advisory}\n")
    assert "policy goes from required to advisory" in " ".join(find_loosened_rules(add_default_rules(old, new), new))
