"""States of real resources: the danger of an old copy, and that a drill works with a real provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.aws import PROVIDER, VARIABLES
from support.cli import world
from terrace.adapters.embedded_aws import EmbeddedAws

pytestmark = pytest.mark.aws


def parameter(name: str) -> str:
    return f'resource "aws_ssm_parameter" "{name}" {{\n  name  = "/{name}"\n  type  = "String"\n  value = "v"\n}}\n'


def test_a_copy_from_before_something_was_made_is_put_back_before_anybody_makes_it_twice(tmp_path: Path) -> None:
    """With the old copy the next apply would fail with "already exists", or take over what it finds, or make a twin."""
    rules = f"version: 1\nenvironments:\n  dev: {{env: [{', '.join(VARIABLES)}], rto: 10m}}\n"
    with EmbeddedAws() as aws:
        shop = world(tmp_path, {"environments/dev/main.tf": PROVIDER + parameter("one"), "terrace.yaml": rules})
        shop.variables.update(aws.variables)
        shop.ok("deploy", "dev")
        (old,) = shop.ok("state", "list", "dev", "--json").json["backups"]
        shop.push({"environments/dev/two.tf": parameter("two")})
        shop.ok("deploy", "dev")
        assert shop.ok("state", "drill", "--json").json["stacks"][0]["result"] == "passed"
        there = shop.state("dev")["resources"]
        done = shop.run(
            *("state", "restore", "dev", "--from", old["name"], "--accept", "later-apply"),
            *("--yes", "--reason", "a try", "--json"),
        )
        assert (done.code, done.json["result"]) == (1, "put_back")
        assert done.json["differences"] == [{"action": "create", "address": "aws_ssm_parameter.two"}]
        assert shop.state("dev")["resources"] == there
        shop.ok("unhold", "dev", "--reason", "looked at it")
        again = shop.ok("deploy", "dev", "--json").json
        assert "apply" not in [step["name"] for step in again["steps"]]
