"""Going back with the real provider: what holds something is named first, and a dead apply is known by its lock."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.attempts import begin, runner_of
from support.aws import PROVIDER, VARIABLES
from support.cli import World, world
from support.sites import site_of, terraform_in
from support.waiting import until
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.adapters.runner.applier import LocalApplier
from terrace.adapters.runner.run_folder import RunFolder
from terrace.errors import TerraformFailed
from terrace.rollout.recovery import is_ours

pytestmark = pytest.mark.aws

LOGS = 'resource "aws_cloudwatch_log_group" "{0}" {{\n  name = "{0}"\n{1}}}\n'
GUARD = "  lifecycle {\n    prevent_destroy = true\n  }\n"
RULES = f"version: 1\nenvironments: {{dev: {{env: [{', '.join(VARIABLES)}]}}}}\n"

IN_S3 = """
terraform {
  backend "s3" {
    bucket                      = "states"
    key                         = "dev"
    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
  }
}

resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "sleep 60"
  }
}
"""


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def groups(shop: World) -> set[str]:
    return {r["name"] for r in shop.state("dev")["resources"]}


def test_what_holds_something_goes_only_by_its_name_although_its_guard_left_with_the_code(
    tmp_path: Path, aws: EmbeddedAws
) -> None:
    one = PROVIDER + LOGS.format("one", "")
    shop = world(tmp_path, {"environments/dev/main.tf": one, "terrace.yaml": RULES})
    shop.variables.update(aws.variables)
    shop.ok("deploy", "dev")
    shop.push({"environments/dev/main.tf": one + LOGS.format("two", GUARD)})
    shop.ok("deploy", "dev")
    shown = shop.run("rollback", "dev", "--plan-only", "--json")
    assert (shown.code, shown.json["safe"]) == (1, False)
    assert [(o["address"], o["weight"]) for o in shown.json["objections"]] == [("aws_cloudwatch_log_group.two", "name")]
    words = ("rollback", "dev", "--reason", "sick", "--yes", "--json")
    blocked = shop.run(*words, "--allow", "aws_cloudwatch_log_group.one").json
    assert blocked["result"] == "blocked"
    assert "its data is lost" in blocked["reasons"][0]
    assert groups(shop) == {"one", "two"}
    assert "the rollback to" in shop.status()["dev"]["held"]["reason"]
    done = shop.ok(*words, "--allow", "aws_cloudwatch_log_group.two").json
    assert done["result"] == "succeeded"
    assert groups(shop) == {"one"}


def test_the_lock_of_a_dead_apply_is_known_as_ours_and_no_other_is_taken_away(tmp_path: Path, aws: EmbeddedAws) -> None:
    aws.make_bucket("states")
    site = replace(site_of(tmp_path, IN_S3), backend="s3", variables=aws.variables)
    terraform = terraform_in(tmp_path / "terrace")
    assert terraform.lock_of(site) is None
    applier = LocalApplier(tmp_path / "runs", terraform)
    one = begin(applier, "one", site, terraform.plan(site))
    run = RunFolder(tmp_path / "runs" / "one")
    until(lambda: run.log.exists() and b"provision_start" in run.log.read_bytes())
    os.killpg(runner_of(run.path), signal.SIGKILL)
    assert applier.wait(one) is None
    lock = terraform.lock_of(site)
    assert lock is not None
    autopsy = applier.autopsy(one)
    assert autopsy is not None
    assert autopsy.whole
    assert (lock.who, lock.operation) == (autopsy.who, "Apply")
    assert is_ours(lock, autopsy, datetime.now(UTC))
    assert not is_ours(lock, replace(autopsy, who="eve@elsewhere"), datetime.now(UTC))
    assert not is_ours(replace(lock, operation="Plan"), autopsy, datetime.now(UTC))
    with pytest.raises(TerraformFailed):
        terraform.unlock(site, replace(lock, id="00000000-0000-0000-0000-000000000000"))
    assert terraform.lock_of(site) == lock
    terraform.unlock(site, lock)
    assert terraform.lock_of(site) is None
