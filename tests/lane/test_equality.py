"""The same answers with and without the fast lane: plan, digest and state, for Terraform and OpenTofu."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.lanes import Ground, steady
from support.mirror import lay_mirror
from support.tools import tofu
from terrace.plans.ports import Goal

pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).parent / "scenarios"
NAMES = sorted(path.name for path in SCENARIOS.iterdir())
BINARIES: dict[str, Callable[[], str]] = {
    "terraform": lambda: "terraform",
    "tofu": lambda: str(tofu()),
    "embedded": lambda: "embedded",
}


OTHERS = ("tofu", "embedded")
PAIRS = [(binary, name) for at, name in enumerate(NAMES) for binary in ("terraform", OTHERS[at % 2])]
"""Every scenario with Terraform and with one of the others, in turn: the lane and the providers are the same."""


@pytest.fixture(params=BINARIES)
def binary(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ground(binary: str, tmp_path: Path, own_world: Path) -> Ground:
    lay_mirror(own_world)
    return Ground(tmp_path / "ground", BINARIES[binary]())


def _begun(ground: Ground, name: str) -> Ground:
    """A scenario at its beginning: what was there before is applied, and the stack says what is wanted now."""
    if (SCENARIOS / name / "before.tf").is_file():
        ground.lay(SCENARIOS / name, "before.tf")
        ground.apply("off", ground.plan("off"))
    ground.lay(SCENARIOS / name, "now.tf")
    return ground


@pytest.mark.parametrize(("binary", "name"), PAIRS)
def test_plan_digest_and_state_are_the_same(ground: Ground, name: str) -> None:
    _begun(ground, name)
    plain, fast = ground.plan("off"), ground.plan("plan-only")
    assert (plain.way, fast.way) == ("plain", "fast"), fast.diagnostics
    assert steady(fast.document) == steady(plain.document)
    assert fast.diagnostics == plain.diagnostics
    assert ground.read_plan_of(fast).digest == ground.read_plan_of(plain).digest

    before = ground.state.read_bytes() if ground.state.is_file() else b""
    ground.apply("off", plain)
    expected = ground.state.read_bytes()
    # And once more from the same beginning, a plan of the lane applied through the lane.
    if before:
        ground.state.write_bytes(before)
    else:
        ground.state.unlink()
    ground.apply("auto", ground.plan("auto"))
    assert steady(ground.state.read_bytes()) == steady(expected)


@pytest.mark.parametrize("name", ["changed", "modules"])
def test_a_plan_of_the_lane_is_applied_the_plain_way(ground: Ground, name: str) -> None:
    _begun(ground, name)
    ground.apply("plan-only", ground.plan("plan-only"))
    assert ground.read_plan_of(ground.plan("off")).is_empty


def test_a_plan_to_destroy_is_the_same(ground: Ground) -> None:
    _begun(ground, "modules")
    ground.apply("off", ground.plan("off"))
    plain, fast = ground.plan("off", Goal.DESTROYED), ground.plan("plan-only", Goal.DESTROYED)
    assert fast.way == "fast"
    assert steady(fast.document) == steady(plain.document)
