"""The rules for AWS on a plan of the real provider: each speaks where it should, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from support.golden import assert_golden
from support.lanes import Ground
from support.packs import PACK, evaluate_pack, statuses_by_rule
from terrace.adapters.opa.pack import read_rules
from terrace.checks.policy.coverage import find_uncovered
from terrace.stacks.model import Stack

HERE = Path(__file__).parent / "aws"


@pytest.mark.aws
@pytest.mark.slow
def test_every_rule_for_aws_speaks_of_what_is_bad_and_of_nothing_that_is_good(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    ground.lay(HERE, "main.tf")
    made = ground.read_plan_of(ground.plan("plan-only"))
    # Some rules hold in the environments only whose data must survive.
    plan = replace(made, stack=Stack.conventional("prod", "environments/prod"))
    found = statuses_by_rule(evaluate_pack(plan))
    assert not [address for places in found.values() for address in places if address.startswith("module.good.")]
    files = {path.stem.replace("_", "-") for path in (PACK / "aws").glob("*.rego") if not path.stem.endswith("_test")}
    assert {name.removeprefix("aws-") for name in found if name.startswith("aws-")} == files
    (rest,) = find_uncovered(read_rules(), {"prod": plan})
    assert rest.message.endswith("1 resource type in these plans: aws_vpc (1)")
    assert_golden("../../checks/policy/aws/expected.json", json.dumps(found, indent=2) + "\n")
