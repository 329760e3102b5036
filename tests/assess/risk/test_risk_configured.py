"""Risk counts what the configuration of a new object sets, and not what it leaves empty or to the provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.plans import change, plan_of
from terrace.assess.model import Assessment, Finding, Severity, Status
from terrace.assess.risk import EnvironmentFacts, evidence
from terrace.plans.model import UNKNOWN, Action, Path
from terrace.stacks.model import ChangeSet

KNOWN = EnvironmentFacts(production=False, drifted=False, deployed=None, types=None, idle=None)


def factors(type_: str, after: Any, unset: tuple[Path, ...] = (), action: Action = Action.CREATE) -> set[str]:
    before: dict[str, Any] | None = {} if action is Action.UPDATE else None
    plan = plan_of([change(f"{type_}.it", action, before, after, unset=unset)])
    assessment = Assessment(ChangeSet("a", "b", (), ()), {plan.stack.key: plan}, {})
    return set(evidence(assessment, {"dev": KNOWN})) & {"rights", "exposure", "exposure-doubt", "unrestricted"}


def test_a_finding_on_a_resource_that_does_not_change_is_not_a_risk_of_the_change() -> None:
    finding = Finding("r", Severity.CRITICAL, Status.FAIL, "opa", "open", stack=plan_of().stack.key, address="aws_a.it")
    in_a_file = replace(finding, address=None, path="main.tf", line=1)
    idle, busy = (plan_of([change("aws_a.it", action, {}, {})]) for action in (Action.NO_OP, Action.UPDATE))
    for plan, found, counts in (
        (idle, finding, False),
        (idle, in_a_file, True),
        (busy, finding, True),
        (replace(idle, complete=False), finding, True),
    ):
        assessment = Assessment(ChangeSet("a", "b", (), ()), {plan.stack.key: plan}, {}, (found,))
        assert ("finding-critical" in evidence(assessment, {"dev": KNOWN})) is counts


@pytest.mark.parametrize("empty", [None, [], {}, "", [{"role_arn": None}]])
def test_an_empty_attribute_of_a_new_resource_does_not_change_rights(empty: Any) -> None:
    assert factors("aws_launch_template", {"name": "a", "iam_instance_profile": empty}) == set()
    assert factors("azurerm_express_route_port", {"name": "a", "identity": empty}) == set()


def test_an_attribute_that_the_provider_decides_does_not_change_rights() -> None:
    after = {"name": "a", "policy": UNKNOWN}
    assert factors("aws_sqs_queue", after, unset=(("policy",),)) == set()
    assert factors("aws_sqs_queue", after) == {"rights", "exposure-doubt"}


def test_within_a_block_only_what_is_set_is_in_doubt() -> None:
    after = {"network_rules": [{"default_action": "Deny", "bypass": UNKNOWN}]}
    assert factors("azurerm_storage_account", after, unset=(("network_rules", 0, "bypass"),)) == {"exposure"}
    assert factors("azurerm_storage_account", after) == {"exposure", "exposure-doubt"}


def test_an_update_that_may_change_what_is_unset_counts() -> None:
    after = {"policy": UNKNOWN}
    assert factors("aws_sqs_queue", after, (("policy",),), Action.UPDATE) == {"rights", "exposure-doubt"}
