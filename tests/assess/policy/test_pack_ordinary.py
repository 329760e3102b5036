"""The rules for AWS on ordinary stacks, planned by the real provider: types with only their required arguments, and a
stack with the arguments that people usually write. Each verdict names the documentation that decides it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from support.golden import assert_golden
from support.lanes import Ground
from support.packs import judged, told
from terrace.assess.view import view
from terrace.plans.model import Plan
from terrace.stacks.model import Stack

HERE = Path(__file__).parent
DOCUMENTATION: Mapping[str, str] = json.loads((HERE / "documentation.json").read_text())


def planned(folder: Path, name: str) -> Plan:
    ground = Ground(folder)
    ground.lay(HERE / name, "main.tf")
    plan = ground.normalised(ground.plan("plan-only"))
    # Some rules hold in the environments only whose data must survive.
    return replace(plan, stack=Stack.conventional("prod", "environments/prod"))


def verdicts(plan: Plan) -> str:
    """One line for each finding: the object, the rule, the verdict and the documentation that decides it. Tags are a
    matter of the team, and left out."""
    found = told(judged(plan))
    lines = [
        [address, rule, status, DOCUMENTATION[rule]]
        for rule, places in found.items()
        if rule != "required-tags"
        for address, status in places.items()
    ]
    return "[\n" + ",\n".join(f"  {json.dumps(line)}" for line in sorted(lines)) + "\n]\n"


@pytest.mark.aws
@pytest.mark.slow
def test_types_with_only_their_required_arguments_are_judged_by_the_defaults_of_the_provider(tmp_path: Path) -> None:
    plan = planned(tmp_path, "required")
    assert len({change.type for change in plan.changes}) >= 150
    found = verdicts(plan)
    assert '"unknown"' not in found, "nothing is known only after apply that nobody set"
    assert_golden("../../assess/policy/required/expected.json", found)
    # What only the provider sets is unknown, in blocks too; what a configuration could set and does not is unset.
    queue, *_ = (one for one in view(plan)["resources"] if one["type"] == "aws_sqs_queue")
    assert (queue["after"]["url"], queue["after"]["policy"]) == ({"unknown": True}, {"unset": True})


@pytest.mark.aws
@pytest.mark.slow
def test_usual_arguments_that_refer_to_something_new_are_no_doubt(tmp_path: Path) -> None:
    plan = planned(tmp_path, "usual")
    assert len({change.address for change in plan.changes if change.mode == "managed"}) >= 60
    assert_golden("../../assess/policy/usual/expected.json", verdicts(plan))
