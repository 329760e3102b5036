"""The rules for Azure on a plan that was written after azurerm's documentation: see azure/README.md."""

from __future__ import annotations

import json
from pathlib import Path

from support.golden import assert_golden
from support.lanes import KEY
from support.packs import PACK, evaluate_pack, statuses_by_rule
from terrace.plans.read import read_plan
from terrace.stacks.model import Stack

HERE = Path(__file__).parent / "azure"


def test_every_rule_for_azure_speaks_of_what_is_bad_and_of_nothing_that_is_good() -> None:
    stack = Stack.conventional("prod", "environments/prod")
    document = (HERE / "plan.json").read_bytes()
    found = statuses_by_rule(
        evaluate_pack(read_plan(document, stack=stack, commit="0" * 40, key=KEY, root="/", lock=b""))
    )
    assert not [address for places in found.values() for address in places if address.startswith("module.good.")]
    files = {path.stem.replace("_", "-") for path in (PACK / "azure").glob("*.rego") if not path.stem.endswith("_test")}
    assert {name.removeprefix("azure-") for name in found if name.startswith("azure-")} == files
    assert_golden("../../checks/policy/azure/expected.json", json.dumps(found, indent=2) + "\n")
