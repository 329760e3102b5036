"""Terraform, a newer Terraform and OpenTofu through check, deploy and drift: the same folders, the same answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from support.cli import World, world
from support.git import git
from support.tools import tofu
from terrace.states.state_file import is_encrypted

pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).parent.parent / "scenarios" / "engines"
OPENTOFU_ALONE = {
    "early": "variables in module sources: https://opentofu.org/docs/language/modules/sources/",
    "enabled": "the meta-argument `enabled`: https://opentofu.org/docs/language/meta-arguments/enabled/",
    "encrypted": "encryption of states and plans: https://opentofu.org/docs/language/state/encryption/",
}
"""The scenarios that Terraform does not have, each with the documentation of the engine that has them."""


COMMON = tuple(sorted(path.name for path in SCENARIOS.iterdir() if path.is_dir() and path.name not in OPENTOFU_ALONE))


def files(engine: str, scenarios: Iterable[str]) -> dict[str, str]:
    """Scenarios as stacks of dev."""
    found, stacks = {}, []
    for name in scenarios:
        for path in (SCENARIOS / name).rglob("*"):
            if path.is_file():
                found[f"environments/dev/{name}/{path.relative_to(SCENARIOS / name)}"] = path.read_text()
        values = SCENARIOS / name / "values.tfvars"
        if values.is_file():
            folder = f"environments/dev/{name}"
            stacks.append(f"  - {{path: {folder}, environment: dev, var_files: [{folder}/values.tfvars]}}\n")
        else:
            stacks.append(f"  - {{path: environments/dev/{name}, environment: dev}}\n")
    binary = str(tofu()) if engine == "tofu" else engine
    rules = f"version: 1\nenvironments:\n  dev: {{}}\nterraform: {{binary: {binary}}}\nstacks:\n{''.join(stacks)}"
    return {**found, "terrace.yaml": rules}


CHANGES = {
    "early": ("values.tfvars", "small", "large"),
    "enabled": ("main.tf", "default = false", "default = true"),
    "encrypted": ("main.tf", "and not in clear", "still not in clear"),
    "ephemeral": ("values.tfvars", "count = 2", "count = 3"),
    "json": ("main.tf.json", '"label": "one"', '"label": "two"'),
    "plain": ("main.tf", '["a", "b c"]', '["a", "d"]'),
    "tofu-files": ("main.tofu", "by OpenTofu", "by OpenTofu again"),
}
"""What is changed in each scenario: the file, the text, and the new one."""


@pytest.mark.parametrize(
    ("engine", "scenarios"),
    [("terraform", COMMON), ("embedded", COMMON), ("tofu", COMMON), ("tofu", tuple(OPENTOFU_ALONE))],
    ids=["terraform", "newer terraform", "opentofu", "opentofu alone"],
)
def test_every_scenario_is_deployed_checked_changed_and_then_as_it_was_deployed(
    engine: str, scenarios: tuple[str, ...], tmp_path: Path
) -> None:
    """`tofu-files` changes a file that only OpenTofu reads: nothing is to be done there by Terraform."""
    shop = world(tmp_path, files(engine, scenarios))
    deploy(shop)
    moving = {stack for stack in scenarios if engine == "tofu" or stack != "tofu-files"}
    for stack in scenarios:
        name, old, new = CHANGES[stack]
        path = shop.work / f"environments/dev/{stack}" / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    judged = shop.run("check", "--json").json
    unplanned = [one["message"] for one in judged["findings"] if one["rule"] in ("plan", "plan-complete")]
    assert unplanned == []
    counts = {one["stack"].removeprefix("dev/"): one for one in judged["plans"]}
    assert {name for name, one in counts.items() if one["create"] + one["update"] + one["replace"]} == moving
    git(shop.work, "commit", "--quiet", "--all", "--message", "change")
    git(shop.work, "push", "--quiet", "origin", "main")
    assert {step["stack"].removeprefix("dev/") for step in deploy(shop) if step["name"] == "apply"} == moving
    assert told(shop) == dict.fromkeys(scenarios, "clean")
    if "tofu-files" in scenarios:
        held = [one["name"] for one in json.loads(state_of("tofu-files").read_bytes())["resources"]]
        assert held == (["it", "only"] if engine == "tofu" else ["it"])
    if "encrypted" in scenarios:
        _an_encrypted_state_comes_back_and_is_in_clear_nowhere(shop)


def _an_encrypted_state_comes_back_and_is_in_clear_nowhere(shop: World) -> None:
    path = state_of("encrypted")
    assert is_encrypted(path.read_bytes())
    path.unlink()
    restored = shop.ok("state", "restore", "dev/encrypted", "--yes", "--reason", "it was deleted", "--json").json
    assert restored["result"] == "restored"
    assert is_encrypted(path.read_bytes())
    for kept in Path(os.environ["TERRACE_HOME"]).rglob("*"):
        assert not kept.is_file() or b"IN THE STATE" not in kept.read_bytes(), kept


def deploy(shop: World) -> list[Any]:
    """Deploy what is committed; returns the steps."""
    done = shop.run("deploy", "dev", "--json")
    failed = [step for step in done.json.get("steps", ()) if step["result"] != "succeeded"]
    assert (done.code, done.json["result"]) == (0, "succeeded"), (failed, done.err)
    steps: list[Any] = done.json["steps"]
    return steps


def told(shop: World) -> dict[str, str]:
    """The status of every stack by its name, as drift is looked for."""
    (seen,) = shop.run("drift", "dev", "--json").json["environments"]
    return {one["stack"].removeprefix("dev/"): one["status"] for one in seen["stacks"]}


def state_of(stack: str) -> Path:
    (path,) = Path(os.environ["TERRACE_HOME"]).glob(f"data/*/states/dev/{stack}/terraform.tfstate")
    return path


TWO = "".join(f'resource "terraform_data" "{name}" {{\n  input = "1"\n}}\n' for name in "ab")


def test_a_plan_that_leaves_out_a_part_is_not_applied_and_tells_no_drift(tmp_path: Path) -> None:
    """OpenTofu's plan does not tell that it is one: only a warning does."""
    rules = f"version: 1\nenvironments:\n  dev: {{env: [TF_CLI_ARGS_plan]}}\nterraform: {{binary: {tofu()}}}\n"
    shop = world(tmp_path, {"environments/dev/main.tf": TWO, "terrace.yaml": rules})
    partial = {"TF_CLI_ARGS_plan": "-exclude=terraform_data.b"}
    done = shop.run("deploy", "dev", "--json", **partial)
    assert (done.code, done.json["result"]) == (1, "failed")
    assert "An incomplete plan is never applied" in done.out
    deploy(shop)
    done = shop.run("drift", "dev", "--json", **partial)
    assert (done.code, done.json["environments"][0]["status"]) == (1, "unknown")
