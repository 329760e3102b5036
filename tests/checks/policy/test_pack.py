"""The policy pack: every rule says what it is, and its own tests show it firing, silent and unknown."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from support.plans import change, plan_of
from support.tools import opa
from terrace.adapters.opa.engine import Opa
from terrace.adapters.opa.pack import read_pack, read_rules
from terrace.assess.model import Severity
from terrace.checks.policy.catalogue import PolicyRule
from terrace.checks.policy.coverage import find_uncovered
from terrace.checks.policy.rego import findings
from terrace.checks.policy.shipped import PINNED_FOLDER, add_mark, is_rule, is_untouched, upgrade
from terrace.plans.model import Action

PACK = Path(__file__).parents[3] / "src/terrace/checks/policy/pack"
RULES = sorted(name for name in read_pack() if is_rule(name))
ID = re.compile(r"[a-z][a-z0-9-]+")


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(opa()), *argv], cwd=PACK, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def catalogue() -> tuple[PolicyRule, ...]:
    return Opa({"PATH": str(opa().parent)}).catalogue(PACK, ["."])


@pytest.fixture(scope="module")
def tested() -> Mapping[str, Any]:
    """What `opa test --coverage` tells; it tells nothing but failures where one failed."""
    done = run("test", "--coverage", "--format=json", ".")
    assert done.returncode == 0, run("test", ".").stdout[-3000:]
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_it_is_strict_and_formatted() -> None:
    assert run("check", "--strict", ".").stderr == ""
    assert run("fmt", "--list", "--fail", ".").stdout == ""


def test_it_compiles_beside_policies_of_rego_v0() -> None:
    assert run("check", "--v0-compatible", ".").stderr == ""


@pytest.mark.slow
def test_the_tests_of_the_rules_pass_and_reach_nearly_all_of_them(tested: Mapping[str, Any]) -> None:
    assert tested["coverage"] >= 95


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_a_test_for_each_thing_it_can_say(name: str) -> None:
    tests = (PACK / name.replace(".rego", "_test.rego")).read_text()
    for what in ("fires", "silent", "unknown"):
        assert re.search(rf"^test_{what}", tests, re.MULTILINE), f"{name} is never tested to be: {what}"


@pytest.mark.parametrize("rule", read_rules(), ids=lambda rule: rule.id)
def test_the_types_that_a_rule_names_are_those_that_it_looks_at(rule: PolicyRule) -> None:
    """By them is told what no rule covers."""
    text = (PACK / Path(rule.path).relative_to(PINNED_FOLDER)).read_text()
    shared = "".join((PACK / f"lib/{name}.rego").read_text() for name in ("apps", "azapi") if f"lib.{name}" in text)
    found = re.findall(r'"((?:aws|azurerm|azapi)_[a-z0-9_]+)"', text.partition("\npackage ")[2] + shared)
    assert set(found) == set(rule.types) - {"*"}


def test_every_rule_says_all_of_itself(catalogue: tuple[PolicyRule, ...]) -> None:
    assert len(catalogue) == len(RULES)
    assert len({rule.id for rule in catalogue}) == len(catalogue)
    for rule in catalogue:
        assert ID.fullmatch(rule.id) and ID.fullmatch(rule.family), rule
        assert rule.title and rule.why and rule.fix and rule.types and rule.references, rule
        assert not rule.title.endswith("."), rule.title


def test_what_they_say_is_read_without_opa_too(catalogue: tuple[PolicyRule, ...]) -> None:
    plain = {
        (r.id, r.title, r.severity, r.family, r.why, r.fix, r.types, r.controls, r.references) for r in read_rules()
    }
    by_opa = {(r.id, r.title, r.severity, r.family, r.why, r.fix, r.types, r.controls, r.references) for r in catalogue}
    assert plain == by_opa


def test_types_that_no_rule_covers_have_one_finding() -> None:
    rules = [PolicyRule("a", "a", Severity.LOW, types=("aws_vpc",)), PolicyRule("b", "b", Severity.LOW, types=("*",))]
    changes = [change("aws_vpc.a", Action.CREATE, None, {}), change("terraform_data.a", Action.CREATE, None, {})]
    changes += [change(f"aws_route.r{i}", Action.NO_OP, {}, {}) for i in range(2)]
    changes += [change("awscc_s3_bucket.a", Action.CREATE, None, {}), change("aws_eip.a", Action.DELETE, {}, None)]
    (found,) = find_uncovered(rules, {"dev": plan_of(changes)})
    assert found.message.endswith("2 resource types in these plans: aws_route (2), awscc_s3_bucket (1)")
    assert found.advisory
    assert find_uncovered(rules[1:], {"dev": plan_of(changes)}) == (), "rules that name no types promise nothing"


def test_a_file_that_the_user_changed_is_reported_and_kept() -> None:
    pack = {"aws/a.rego": "new", "aws/b.rego": "same", "aws/c.rego": "c", "aws/d.rego": "d", "settings.yaml": "s"}
    there = {
        "aws/a.rego": add_mark("aws/a.rego", "old").replace("pack 1", "pack 0"),
        "aws/b.rego": add_mark("aws/b.rego", "same"),
        "aws/c.rego": add_mark("aws/c.rego", "c") + "# mine",
        "settings.yaml": "mine",
    }
    todo = upgrade(pack, there)
    assert (todo.new, todo.old, todo.changed) == (("aws/d.rego",), ("aws/a.rego",), ("aws/c.rego",))
    assert set(todo.files) == {"aws/a.rego", "aws/d.rego"}
    assert is_untouched(todo.files["aws/a.rego"])


def test_the_settings_that_are_written_are_those_that_hold_without_them() -> None:
    """Whoever takes the file away changes nothing."""
    without = run("eval", "--format=raw", "--data", "lib/lib.rego", "data.terrace.lib._standard").stdout
    assert YAML(typ="safe").load(read_pack()["settings.yaml"])["settings"] == json.loads(without)


def test_a_message_can_be_advisory() -> None:
    """As the pack does of what nobody can tell, where its settings say so."""
    told = {"a": {"deny": [{"msg": "x", "advisory": True}, {"msg": "y"}]}}
    assert [(f.message, f.advisory) for f in findings(told, "dev")] == [("x", True), ("y", False)]
