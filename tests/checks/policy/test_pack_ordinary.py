"""The rules for AWS on ordinary stacks, planned by the real provider: types with only their required arguments, and a
stack of modules as people take them from a registry. Each verdict names the documentation that decides it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.golden import assert_golden
from support.lanes import Ground
from support.packs import evaluate_pack, statuses_by_rule
from terrace.checks.policy.view import view
from terrace.plans.addresses import block_of
from terrace.plans.decode import decode
from terrace.plans.evaluation import Encoded, NewText
from terrace.plans.instances import Evaluation
from terrace.plans.json_format import ConfigModule
from terrace.plans.model import UNKNOWN, Plan
from terrace.plans.ports import MadePlan
from terrace.stacks.model import Stack

HERE = Path(__file__).parent
DOCUMENTATION: Mapping[str, str] = json.loads((HERE / "documentation.json").read_text())


def planned(folder: Path, name: str) -> tuple[MadePlan, Plan]:
    ground = Ground(folder)
    ground.lay(HERE / name, "main.tf")
    made = ground.plan("plan-only")
    # Some rules hold in the environments only whose data must survive.
    return made, replace(ground.read_plan_of(made), stack=Stack.conventional("prod", "environments/prod"))


def verdicts(plan: Plan) -> str:
    """One line for each finding: the object, the rule, the verdict and the documentation that decides it. Tags are a
    matter of the team, and left out."""
    found = statuses_by_rule(evaluate_pack(plan))
    lines = [
        [address, rule, status, DOCUMENTATION[rule]]
        for rule, places in found.items()
        if rule != "required-tags"
        for address, status in places.items()
    ]
    return "[\n" + ",\n".join(f"  {json.dumps(line)}" for line in sorted(lines)) + "\n]\n"


@pytest.mark.aws
@pytest.mark.slow
def test_types_with_only_required_arguments_are_evaluated_by_the_defaults_of_the_provider(tmp_path: Path) -> None:
    _, plan = planned(tmp_path, "required")
    assert len({change.type for change in plan.changes}) >= 150
    found = verdicts(plan)
    assert '"unknown"' not in found, "nothing is known only after apply that nobody set"
    assert_golden("../../checks/policy/required/expected.json", found)
    # What only the provider sets is unknown, in blocks too; what a configuration could set and does not is unset.
    queue, *_ = (one for one in view(plan)["resources"] if one["type"] == "aws_sqs_queue")
    assert (queue["after"]["url"], queue["after"]["policy"]) == ({"unknown": True}, {"unset": True})


@pytest.mark.aws
@pytest.mark.slow
def test_a_stack_of_modules_is_evaluated_through_them(tmp_path: Path) -> None:
    """One half of it is made well and has no finding, the other has what its arguments to the same modules deserve."""
    made, plan = planned(tmp_path, "usual")
    assert len({change.type for change in plan.changes if change.mode == "managed"}) >= 100
    found = verdicts(plan)
    assert '"unknown"' not in found, "what refers to something new is no doubt"
    assert all(line.startswith('  ["module.bad_') for line in found.splitlines()[1:-1])
    assert_golden("../../checks/policy/usual/expected.json", found)
    assert_evaluated(made, plan)


def assert_evaluated(made: MadePlan, plan: Plan) -> None:
    """What is evaluated from the configuration is what the provider planned, wherever that is known."""
    evaluation = Evaluation(decode(made.document), made.sources)
    written = dict(expressions(decode(made.document).configuration.root_module, ""))
    told = [
        (f"{change.address}.{name}", value, change.after.get(name))
        for change in plan.changes
        if isinstance(change.after, dict)
        for name in written.get(block_of(change.address), ())
        if (value := evaluation.value(change, name)) is not UNKNOWN
    ]
    assert len(told) > 400
    assert [one for one in told if not agrees(one[1], one[2])] == []


def expressions(module: ConfigModule, prefix: str) -> Iterator[tuple[str, list[str]]]:
    for resource in module.resources:
        yield prefix + resource.address, list(resource.expressions)
    for name, call in module.module_calls.items():
        if call.module is not None:
            yield from expressions(call.module, f"{prefix}module.{name}.")


def agrees(value: Any, planned: Any) -> bool:
    # What is null is not set: the provider plans its default.
    if planned is UNKNOWN or value is UNKNOWN or value is None:
        return True
    if isinstance(value, NewText):
        return isinstance(planned, str) and planned != ""
    if isinstance(value, Encoded):
        return isinstance(planned, str)
    if isinstance(value, dict) and isinstance(planned, dict):
        return all(agrees(one, planned.get(name)) for name, one in value.items())
    if isinstance(value, list) and isinstance(planned, list) and len(value) == len(planned):
        # Some lists of texts are sets to the provider.
        orders = (value, sorted(value, key=str))
        return any(all(map(agrees, order, planned)) for order in orders)
    return str(value).lower() == str(planned).lower() or (value in ({}, []) and not planned)
