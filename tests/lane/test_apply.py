"""An apply through the fast lane lives as long as its Terraform, and what becomes of it is told as ever."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from support.attempts import begin
from support.lanes import Ground
from support.mirror import lay_mirror
from support.processes import Living, descendants, until_dead
from support.waiting import until
from terrace.adapters.runner.applier import LocalApplier
from terrace.plans.ports import Attempt, Fate

pytestmark = pytest.mark.slow

STACK = """
terraform {
  required_providers {
    six = {
      source  = "terrace/six"
      version = "1.0.0"
    }
  }
}

resource "six_thing" "it" {
  name = "it"
}
"""


@pytest.fixture
def ground(tmp_path: Path, own_world: Path) -> Ground:
    lay_mirror(own_world)
    ground = Ground(tmp_path / "ground", variables=(("PROBE", "slow-on-create"),))
    ground.write(STACK)
    return ground


@pytest.fixture
def applier(ground: Ground) -> LocalApplier:
    return LocalApplier(ground.folder / "runs", ground.terraform("auto"))


@pytest.fixture
def one(ground: Ground, applier: LocalApplier) -> Attempt:
    """An apply under way, in the middle of making something."""
    one = begin(applier, "one", ground.site, ground.plan("auto"))
    log = ground.folder / "runs" / "one" / "log.jsonl"
    until(lambda: any(path.is_file() and b"apply_start" in path.read_bytes() for path in log.parent.iterdir()))
    return one


def _working() -> dict[str, Living]:
    """Who is at work below the runner. The process that keeps its log bounded looks like another one, below it."""
    runner = next(one for one in descendants(os.getpid()) if one.part == "runner")
    return {"runner": runner, **{one.part: one for one in descendants(runner.pid) if one.part != "runner"}}


def _made(ground: Ground) -> list[str]:
    return [found["type"] for found in json.loads(ground.state.read_bytes())["resources"]]


def test_it_goes_on_when_its_runner_is_killed_and_leaves_nobody(
    ground: Ground, applier: LocalApplier, one: Attempt
) -> None:
    working = _working()
    assert {"runner", "lane", "provider", "terraform"} <= working.keys()
    os.kill(working["runner"].pid, signal.SIGKILL)
    assert applier.look(one) is Fate.RUNNING, "Terraform still is"
    assert applier.wait(one) is None, "nobody wrote down how it ended"
    assert until_dead(working.values(), 15)
    assert applier.look(one) is Fate.DIED
    assert _made(ground) == ["six_thing"]


def test_a_lane_that_is_killed_leaves_an_unknown_outcome(applier: LocalApplier, one: Attempt) -> None:
    working = _working()
    working["lane"].kill()
    outcome = applier.wait(one)
    assert outcome is not None
    assert outcome.code == 1
    assert "the provider crashed during" in outcome.doubt
    assert until_dead(working.values(), 5)


def test_it_ends_well_when_nobody_is_killed(ground: Ground, applier: LocalApplier, one: Attempt) -> None:
    working = _working()
    outcome = applier.wait(one)
    assert outcome is not None
    assert (outcome.code, outcome.doubt) == (0, "")
    assert until_dead(working.values(), 5)
    assert _made(ground) == ["six_thing"]


def test_on_the_plain_way_there_is_no_lane(ground: Ground) -> None:
    applier = LocalApplier(ground.folder / "runs", ground.terraform("plan-only"))
    one = begin(applier, "one", replace(ground.site, variables={}), ground.plan("plan-only"))
    assert "lane" not in _working()
    outcome = applier.wait(one)
    assert outcome is not None
    assert outcome.code == 0
