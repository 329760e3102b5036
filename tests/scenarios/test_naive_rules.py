"""Ten ways in which rules that are written in an hour miss what they are for: they stay silent, and the pack speaks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support.lanes import KEY, Ground
from support.packs import evaluate_pack, statuses_by_rule
from support.tools import opa
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.stacks.model import Stack

HERE = Path(__file__).parent / "naive"
SCENARIOS = sorted(path.name for path in HERE.iterdir())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for all, so that the provider's schema is cut once for each set of types only."""
    return tmp_path_factory.mktemp("naive")


@pytest.mark.aws
@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_naive_rule_is_silent_where_ours_speaks(name: str, place: Path) -> None:
    folder = HERE / name
    document, plan = planned(folder, place)
    assert naive(folder, document) == []
    expected = json.loads((folder / "expected.json").read_text())
    found = statuses_by_rule(evaluate_pack(plan))
    assert {rule: found.get(rule) for rule in expected} == expected


def planned(folder: Path, place: Path) -> tuple[bytes, Plan]:
    """The plan of a scenario: of its configuration by the real provider, or as somebody wrote it down."""
    if (folder / "main.tf").exists():
        ground = Ground(place)
        ground.lay(folder, "main.tf")
        made = ground.plan("plan-only")
        return made.document, ground.read_plan_of(made)
    document = (folder / "plan.json").read_bytes()
    stack = Stack.conventional("dev", "environments/dev")
    return document, read_plan(document, stack=stack, commit="0" * 40, key=KEY, root="/", lock=b"")


def naive(folder: Path, document: bytes) -> object:
    """What the naive rule says of the plain output of `terraform show -json`."""
    argv = [str(opa()), "eval", "--format", "json", "--stdin-input", "--data", "naive.rego", "data.naive.deny"]
    done = subprocess.run(argv, cwd=folder, input=document, capture_output=True, check=True)
    return json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
