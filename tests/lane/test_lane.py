"""The process of the fast lane: what it serves, to whom, and that it never outlives its owner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from support.git import repository
from support.lanes import Ground
from support.mirror import lay_mirror
from support.processes import Living, descendants, end_all, until_dead
from support.waiting import until
from terrace.errors import TerraformFailed
from terrace.plans.ports import Site
from terrace.stacks.model import Stack

pytestmark = pytest.mark.slow

SIX = """
terraform {
  required_providers {
    six = {
      source  = "terrace/six"
      version = "VERSION"
    }
  }
}

provider "six" {
  greeting = "GREETING"
}

data "six_reading" "here" {}

resource "six_thing" "it" {
  name = "it"
}

output "told" {
  value = data.six_reading.here
}
"""


def six(greeting: str = "hello", version: str = "1.0.0") -> str:
    return SIX.replace("GREETING", greeting).replace("VERSION", version)


@pytest.fixture
def ground(tmp_path: Path, own_world: Path) -> Ground:
    lay_mirror(own_world)
    return Ground(tmp_path / "ground")


def told(document: bytes) -> dict[str, object]:
    """What the data source told of the process that answered."""
    found: dict[str, object] = json.loads(document)["planned_values"]["outputs"]["told"]["value"]
    return found


def test_a_provider_works_in_the_stacks_folder_with_the_stacks_variables(ground: Ground) -> None:
    ground.write(six())
    made = replace(ground, variables=(("PROBE_VARIABLE", "mine"),)).plan("plan-only")
    assert made.way == "fast"
    assert (told(made.document)["folder"], told(made.document)["variable"]) == (str(ground.stack), "mine")


def test_one_lane_serves_two_versions_of_a_provider_to_many_stacks_at_once(ground: Ground) -> None:
    terraform = ground.terraform("plan-only")
    sites = {}
    for number in range(6):
        name, version = f"s{number}", f"{1 + number % 2}.0.0"
        stack = Stack.conventional("dev", f"environments/dev/{name}")
        folder = ground.folder / "root" / stack.path
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(six(name, version))
        sites[name, version] = Site(stack, ground.folder / "root", name, variables={"PROBE_VARIABLE": name})
    with ThreadPoolExecutor(max_workers=6) as pool:
        made = dict(zip(sites, pool.map(terraform.plan, sites.values()), strict=True))
    for (name, version), plan in made.items():
        found = told(plan.document)
        assert plan.way == "fast"
        assert (found["greeting"], found["variable"], found["version"]) == (name, name, version)
    assert len({told(plan.document)["process"] for plan in made.values()}) == 6, "a configured process is nobody else's"


def test_messages_larger_than_any_window_and_many_calls_at_once_go_through(ground: Ground) -> None:
    note = json.dumps("note " * 60_000)
    things = 'resource "six_thing" "many" {\n  count = 150\n  name  = "thing ${count.index}"\n}\n'
    large = f'resource "six_thing" "large" {{\n  name = "large"\n  note = {note}\n}}\n'
    ground.write(six() + things + large)
    made = ground.plan("plan-only")
    assert made.way == "fast"
    ground.apply("auto", made)
    again = json.loads(ground.plan("auto").document)["resource_changes"]
    assert [change["change"]["actions"] for change in again] == [["no-op"]] * 152


def test_types_that_only_a_module_from_afar_names_are_served(ground: Ground, tmp_path: Path) -> None:
    required = SIX[: SIX.index('provider "six"')].replace("VERSION", "1.0.0")
    far = repository(tmp_path / "far", {"main.tf": required + 'resource "six_unused" "far" {\n  name = "far"\n}\n'})
    ground.write(six() + f'module "far" {{\n  source = "git::file://{far}"\n}}\n')
    made = ground.plan("plan-only")
    assert (made.way, made.diagnostics) == ("fast", ())
    assert "module.far.six_unused.far" in [c["address"] for c in json.loads(made.document)["resource_changes"]]


# --- whoever dies --------------------------------------------------------------------------------------------------


@pytest.fixture
def owner(ground: Ground) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours whose plan waits for a provider that hangs."""
    ground.write(six())
    ground.plan("plan-only")
    process = subprocess.Popen(
        [sys.executable, "-m", "support.owner", str(ground.folder)],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PROBE": "hang-on-plan"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    yield process
    # One that lost its lane plans the plain way, where the provider hangs too.
    end_all(process.pid)
    process.communicate()


def _all_at_work(owner: subprocess.Popen[bytes]) -> list[Living]:
    """The lane, its provider and Terraform, once the provider was configured and hangs."""
    until(lambda: {"lane", "provider", "terraform"} <= {one.part for one in descendants(owner.pid)})
    time.sleep(0.5)
    return descendants(owner.pid)


def test_a_killed_owner_leaves_no_provider_behind(owner: subprocess.Popen[bytes]) -> None:
    working = _all_at_work(owner)
    os.kill(owner.pid, signal.SIGKILL)
    assert until_dead(working, 10), "nobody is left: the lane, its provider, and Terraform that lost it"


def test_a_killed_lane_takes_its_providers_along(owner: subprocess.Popen[bytes]) -> None:
    working = _all_at_work(owner)
    for one in working:
        if one.part == "lane":
            one.kill()
    assert until_dead([one for one in working if one.part in ("lane", "provider")], 5)


def test_owner_and_lane_killed_at_once_leave_no_provider_behind(owner: subprocess.Popen[bytes]) -> None:
    working = _all_at_work(owner)
    for one in working:
        if one.part == "lane":
            one.kill()
    os.kill(owner.pid, signal.SIGKILL)
    assert until_dead([one for one in working if one.part in ("lane", "provider")], 5)


def test_nothing_of_a_credential_is_in_the_lanes_own_environment(owner: subprocess.Popen[bytes]) -> None:
    working = _all_at_work(owner)
    environments = {one.part: Path(f"/proc/{one.pid}/environ").read_bytes() for one in working}
    assert b"PROBE=" in environments["provider"]
    assert b"PROBE=" not in environments["lane"]


def test_nothing_is_left_after_a_plan_that_went_well(ground: Ground) -> None:
    ground.write(six())
    terraform = ground.terraform("plan-only")
    # Other tests in this process have lanes too, which end when their last plan is forgotten.
    others = {one.pid for one in descendants(os.getpid())}
    terraform.plan(ground.site, lock=False).discard()
    started = [one for one in descendants(os.getpid()) if one.pid not in others]
    (lane,) = (one for one in started if one.part == "lane")
    assert until_dead([one for one in started if one != lane], 30)
    assert lane.alive, "it serves the next plan"
    del terraform
    assert until_dead([lane], 30)


def test_a_provider_that_crashes_in_both_ways_is_told_as_terraform_tells_it(ground: Ground) -> None:
    ground.write(six())
    crashing = replace(ground, variables=(("PROBE", "crash-on-plan"),))
    terraform = crashing.terraform("plan-only")
    with pytest.raises(TerraformFailed, match="terraform plan of dev failed"):
        terraform.plan(crashing.site, lock=False)
    assert terraform.surprises == (), "the lane is not to blame"
