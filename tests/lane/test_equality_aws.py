"""The same plans of the AWS provider with and without the fast lane, on configurations drawn from its schema."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.drawn import Schema, configuration, draw_accepted, read_schema
from support.lanes import Ground, steady
from support.mirror import lay_mirror
from support.tools import tofu
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.adapters.terraform.provider_schemas import RecordedSchemas
from terrace.hcl.lock_file import read_lock_file
from terrace.plans.ports import Goal

pytestmark = pytest.mark.aws

ENOUGH = 20
"""How many must be left of them, or the test says nothing."""

APPLIED = """
resource "aws_ssm_parameter" "setting" {
  count = 3
  name  = "/drawn/${count.index}"
  type  = "SecureString"
  value = "value ${count.index}"
}

resource "aws_sns_topic" "work" {
  name = "work"
}

resource "aws_sns_topic_policy" "work" {
  arn = aws_sns_topic.work.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "sns:Publish", Resource = aws_sns_topic.work.arn }]
  })
}

resource "aws_cloudwatch_log_group" "work" {
  name              = "work"
  retention_in_days = 7
}

data "aws_region" "here" {}

output "where" {
  value = [data.aws_region.here.name, aws_sns_topic.work.arn]
}
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory, aws: EmbeddedAws) -> Schema:
    """The AWS provider's schema as Terraform tells it."""
    return read_schema(_ground(tmp_path_factory.mktemp("schema"), "terraform", aws))


def _ground(folder: Path, product: str, aws: EmbeddedAws) -> Ground:
    if product == "tofu":
        lay_mirror(Path(os.environ["HOME"]))
    binary = str(tofu()) if product == "tofu" else product
    return Ground(folder / "ground", binary, tuple(aws.variables.items()))


@pytest.mark.slow
@pytest.mark.parametrize(("product", "seed"), [("terraform", 1), ("tofu", 2)])
def test_plans_of_drawn_configurations_are_the_same(
    tmp_path: Path, aws: EmbeddedAws, schema: Schema, product: str, seed: int
) -> None:
    ground = _ground(tmp_path, product, aws)
    types, fast = draw_accepted(ground, schema, seed)
    assert len(types) >= ENOUGH
    plain = ground.plan("off")
    assert (fast.way, plain.way) == ("fast", "plain"), fast.diagnostics
    assert steady(fast.document) == steady(plain.document)
    assert fast.diagnostics == plain.diagnostics
    assert ground.read_plan_of(fast).digest == ground.read_plan_of(plain).digest


def test_states_are_the_same_after_an_apply(tmp_path: Path) -> None:
    states = []
    for fast in ("off", "auto"):
        with EmbeddedAws() as own:
            ground = _ground(tmp_path / fast, "terraform", own)
            ground.write(configuration({"applied": APPLIED}))
            ground.apply(fast, ground.plan(fast))
            # Seen again, nothing differs; and so it is gone again.
            assert ground.read_plan_of(ground.plan(fast)).is_empty
            port = re.compile(rb"127\.0\.0\.1:\d+")
            states.append(port.sub(b"cloud", steady(ground.state.read_bytes())))
            ground.apply(fast, ground.plan(fast, Goal.DESTROYED))
            assert json.loads(ground.state.read_bytes())["resources"] == []
    assert states[0] == states[1]


@pytest.mark.slow
def test_the_kept_answer_tells_of_every_type_what_terraform_tells_of_it(tmp_path: Path) -> None:
    ground = Ground(tmp_path / "ground")
    schema = read_schema(ground)
    ground.plan("plan-only")
    (kept,) = (tmp_path / "ground/cache/fast/schemas").glob("aws-*")
    (locked,) = read_lock_file((ground.stack / ".terraform.lock.hcl").read_bytes())
    wanted = frozenset((locked.address, type_) for type_ in schema["resource_schemas"])
    store = RecordedSchemas(kept.parent, tmp_path / "kept")
    expected = {
        (locked.address, type_): frozenset(made_by_provider(one["block"], ""))
        for type_, one in schema["resource_schemas"].items()
    }
    assert len(expected) > 1000
    assert store.unsettable(wanted, [locked]) == expected


def made_by_provider(block: Schema, at: str) -> Iterator[str]:
    """The paths of a block that are computed, and neither optional nor required."""
    for name, one in block.get("attributes", {}).items():
        if one.get("computed") and not one.get("optional") and not one.get("required"):
            yield at + name
        elif "nested_type" in one:
            yield from made_by_provider(one["nested_type"], f"{at}{name}.")
    for name, one in block.get("block_types", {}).items():
        yield from made_by_provider(one["block"], f"{at}{name}.")
