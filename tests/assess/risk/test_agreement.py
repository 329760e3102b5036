"""Small changes with the level that a reviewer gave them before there was a formula, and the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from terrace.assess.model import Assessment, Finding, Severity, Status
from terrace.assess.risk import EnvironmentFacts, risk
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.stacks.model import ChangeSet, Impact, Reason, Stack

Change = dict[str, Any]

ACTIONS = {"replace": ["delete", "create"]}


def change(action: str, address: str, before: Any = None, after: Any = None, unknown: Any = None) -> Change:
    """One entry of `resource_changes` as `terraform show -json` writes it. A creation has no before, a deletion no
    after; a `move` comes from another address."""
    words = ["no-op"] if action == "move" else ACTIONS.get(action, [action])
    entry = {
        "address": address,
        "mode": "managed",
        "type": address.split(".")[0],
        "name": address.split(".")[1],
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": words,
            "before": None if action == "create" else before or {"id": "x"},
            "after": None if action == "delete" else after or before or {"id": "x"},
            "after_unknown": unknown or {},
            "before_sensitive": {},
            "after_sensitive": {},
        },
    }
    return {**entry, "previous_address": f"{address}_before"} if action == "move" else entry


def document(changes: list[Change]) -> bytes:
    """A whole plan as `terraform show -json` gives it."""
    plan = {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": changes, "complete": True}
    return json.dumps(plan).encode()


def read(environment: str, changes: list[Change]) -> Plan:
    """That plan, read as every plan is."""
    stack = Stack.conventional(environment, f"environments/{environment}")
    return read_plan(
        document(changes), stack=stack, commit="c" * 40, key=DigestKey("k", b"k" * 32), root="/work", lock=b""
    )


@dataclass(frozen=True, slots=True)
class Story:
    """A change: what it does per environment, the level that a reviewer gave it, and why. Where nothing else is said
    every stack was deployed yesterday, nothing drifted, and every type is known there."""

    level: str
    why: str
    plans: Mapping[str, list[Change]]
    unplanned: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    findings: tuple[Severity, ...] = ()


def tagged(address: str, **more: Any) -> Change:
    """Only a tag changes."""
    return change("update", address, {"tags": {"a": "1"}, **more}, {"tags": {"a": "2"}, **more})


def opened(cidr: str = "0.0.0.0/0") -> Change:
    """A rule of a security group lets others in."""
    before = {"type": "ingress", "from_port": 22, "cidr_blocks": ["10.0.0.0/8"]}
    return change("update", "aws_security_group_rule.ssh", before, {**before, "cidr_blocks": [cidr]})


NETWORK = [
    change("create", address, after={"tags": {}})
    for address in (
        "aws_vpc.main",
        "aws_subnet.a",
        "aws_subnet.b",
        "aws_subnet.c",
        "aws_route_table.main",
        "aws_internet_gateway.main",
        "aws_lb.main",
        "aws_lb_listener.main",
    )
]

EXPECTED: dict[str, Story] = {
    "nothing": Story("low", "nothing is done", {"prod": [change("no-op", "aws_s3_bucket.logs", {"bucket": "b"})]}),
    "a-tag-in-dev": Story("low", "nothing acts on a tag", {"dev": [tagged("aws_instance.web")]}),
    "a-tag-in-prod": Story("low", "not in production either", {"prod": [tagged("aws_cloudwatch_log_group.app")]}),
    "a-bucket-in-dev": Story(
        "low",
        "something new and empty, where people try things out",
        {"dev": [change("create", "aws_s3_bucket.logs", after={"bucket": "logs"})]},
    ),
    "a-bigger-machine-in-dev": Story(
        "low",
        "a restart that only developers see",
        {"dev": [change("update", "aws_instance.web", {"instance_type": "t3.micro"}, {"instance_type": "t3.large"})]},
    ),
    "a-launch-template-replaced-in-dev": Story(
        "low", "it holds nothing, and dev may stand still", {"dev": [change("replace", "aws_launch_template.web")]}
    ),
    "moved-in-prod": Story(
        "low",
        "names in the state change, no object does",
        {"prod": [change("move", f"aws_sqs_queue.q{n}") for n in range(6)]},
    ),
    "a-function-in-prod": Story(
        "medium",
        "new code runs in production, with rights",
        {"prod": [change("create", "aws_lambda_function.f", after={"role": "arn:x"}, unknown={"arn": True})]},
    ),
    "a-narrow-policy-in-dev": Story(
        "medium",
        "who may do what changes: somebody who knows the account should look",
        {"dev": [change("create", "aws_iam_role_policy.p", after={"policy": '{"Action":"s3:GetObject"}'})]},
    ),
    "ssh-open-to-the-world-in-dev": Story(
        "medium", "everybody can knock, on machines that matter little", {"dev": [opened()]}
    ),
    "ssh-open-to-the-world-in-prod": Story("high", "everybody can knock at production", {"prod": [opened()]}),
    "any-action-in-prod": Story(
        "high",
        "somebody may do everything in production",
        {"prod": [change("create", "aws_iam_role_policy.p", after={"policy": '{"Action":"*","Resource":"*"}'})]},
    ),
    "a-balancer-replaced-in-prod": Story(
        "medium", "traffic stops for minutes, nothing is lost", {"prod": [change("replace", "aws_lb.main")]}
    ),
    "three-alarms-deleted-in-prod": Story(
        "medium",
        "nothing is lost that cannot be made again, yet nobody is woken now",
        {"prod": [change("delete", f"aws_cloudwatch_metric_alarm.a{n}") for n in range(3)]},
    ),
    "a-network-deleted-in-prod": Story(
        "high",
        "everything in it stops, although it holds no data",
        {"prod": [change("delete", one["address"]) for one in NETWORK]},
    ),
    "a-database-deleted-in-dev": Story(
        "high", "data is lost; somebody may have worked with it", {"dev": [change("delete", "aws_db_instance.main")]}
    ),
    "a-database-deleted-in-prod": Story(
        "critical", "what customers gave us is lost", {"prod": [change("delete", "aws_db_instance.main")]}
    ),
    "a-database-replaced-in-prod": Story(
        "critical", "a replacement is an empty database", {"prod": [change("replace", "aws_db_instance.main")]}
    ),
    "a-key-deleted-in-staging": Story(
        "high", "whatever it encrypts can be read no more", {"staging": [change("delete", "aws_kms_key.main")]}
    ),
    "no-more-copies-in-prod": Story(
        "medium",
        "nothing breaks today; the next mishap cannot be mended",
        {
            "prod": [
                change("update", "aws_db_instance.main", {"backup_retention_period": 7}, {"backup_retention_period": 0})
            ]
        },
    ),
    "the-first-of-dev": Story("medium", "much is new, and there is nothing to lose", {"dev": NETWORK}, first=("dev",)),
    "tags-everywhere": Story(
        "medium",
        "each is harmless; a mistake in the module would be everywhere at once",
        {env: [tagged("aws_instance.web"), tagged("aws_s3_bucket.logs")] for env in ("dev", "staging", "prod")},
    ),
    "prod-not-planned": Story(
        "high",
        "nobody knows what it does in production",
        {"dev": [tagged("aws_instance.web")]},
        unplanned=("prod",),
    ),
    "drift-in-prod": Story(
        "medium",
        "somebody changed things by hand: what is planned may take that back",
        {"prod": [change("update", "aws_lambda_function.f", {"memory_size": 128}, {"memory_size": 256})]},
        drifted=("prod",),
    ),
    "forty-small-ones-in-prod": Story(
        "medium",
        "nobody reads forty changes with the same care",
        {
            "prod": [
                change("update", f"aws_lambda_function.f{n}", {"memory_size": 128}, {"memory_size": 256})
                for n in range(40)
            ]
        },
    ),
    "a-critical-finding-in-dev": Story(
        "high",
        "a rule says that this must not be",
        {"dev": [change("create", "aws_s3_bucket.logs", after={"bucket": "logs"})]},
        findings=(Severity.CRITICAL,),
    ),
    "an-action-that-nobody-knows-in-prod": Story(
        "high", "Terrace cannot tell what Terraform means", {"prod": [change("transmogrify", "aws_lb.main")]}
    ),
}
"""Written before there was a formula. A level changes only when a person changes their mind, and says so here."""


@pytest.mark.parametrize("name", EXPECTED)
def test_the_story_is_a_plan_that_can_be_read(name: str) -> None:
    story = EXPECTED[name]
    for environment, changes in story.plans.items():
        plan = read(environment, changes)
        assert plan.complete
        assert len(plan.changes) == len(changes)
    assert story.why
    assert story.level in ("low", "medium", "high", "critical")


def assessed(story: Story) -> tuple[Assessment, dict[str, EnvironmentFacts]]:
    """The story as `risk` takes it."""
    plans = {environment: read(environment, changes) for environment, changes in story.plans.items()}
    names = (*plans, *story.unplanned)
    impacts = tuple(Impact(Stack.conventional(n, f"environments/{n}"), (Reason("stack", n),)) for n in names)
    found = tuple(Finding("rule", s, Status.FAIL, "tool", "no") for s in story.findings)
    around = {
        name: EnvironmentFacts(
            production=name == "prod",
            drifted=name in story.drifted,
            deployed=frozenset({name} - set(story.first)),
            types=frozenset() if name in story.first else frozenset(c.type for p in plans.values() for c in p.changes),
            idle=timedelta(days=1),
        )
        for name in names
    }
    unplanned = dict.fromkeys(story.unplanned, "it failed")
    return Assessment(ChangeSet("a" * 40, "b" * 40, (), impacts), plans, unplanned, found), around


@pytest.mark.parametrize("name", EXPECTED)
def test_the_level_is_the_one_that_a_reviewer_gave(name: str) -> None:
    found = risk(*assessed(EXPECTED[name]))
    assert found.level == EXPECTED[name].level, found
