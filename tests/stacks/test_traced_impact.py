"""Random edits against what a real Terraform opened, as `benchmarks/impact_traced.py --record` wrote it."""

from __future__ import annotations

import json
import random
import statistics
from pathlib import Path

import pytest

from support.layouts import LAYOUTS, Opens, layout, random_edit
from support.trees import changed_between

RECORD = json.loads((Path(__file__).parent / "golden" / "opens.json").read_text())


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_stack_is_left_out_whose_terraform_opens_the_edited_file(name: str) -> None:
    made = layout(name)
    assert made.digest == RECORD[name]["digest"], "the layout changed: run benchmarks/impact_traced.py --record"
    opens = {
        key: Opens(frozenset(opened), frozenset(looked)) for key, (opened, looked) in RECORD[name]["stacks"].items()
    }
    chance = random.Random(f"{name} test")
    excess: list[float] = []
    while len(excess) < 3:
        edit = random_edit(made, opens, chance)
        found = {one.stack.key for one in changed_between(edit.before, edit.after).impacts}
        assert edit.touched <= found, edit.what
        if edit.touched:
            excess.append(len(found) / len(edit.touched))
    assert statistics.median(excess) <= 2
