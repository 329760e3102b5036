"""Every rule of a finding can be explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import terrace
from support.in_process import run_command
from terrace.assess.factors import FACTORS
from terrace.checks.all import CHECKS
from terrace.checks.rules import OF_PLANNING, OF_WAIVERS, rule_named, rules
from terrace.errors import BadInput

SOURCES = Path(terrace.__file__).parent


def emitted() -> set[str]:
    """Every name that our code gives to a finding, as its sources say."""
    text = "\n".join(path.read_text() for path in SOURCES.rglob("*.py"))
    return set(re.findall(r'\bFinding\(\s*(?:rule=)?"([^"]+)"', text))


def test_every_rule_of_a_finding_is_explained() -> None:
    # A check that could not be made is told under its own name.
    names = emitted() | set(CHECKS)
    assert {"format", "plan", "plan-complete", "trust-root", "layout"} <= names
    assert names <= rules().keys()


def test_every_factor_is_explained_and_every_name_is_unique() -> None:
    named = [rule.name for check in CHECKS.values() for rule in check.rules]
    named += [rule.name for rule in (*OF_PLANNING, *OF_WAIVERS)] + [factor.name for factor in FACTORS]
    assert sorted(named) == sorted(rules())


def test_every_rule_has_all_its_texts() -> None:
    assert all(one.means and one.why and one.fix and one.waive for one in rules().values())


def test_an_unknown_rule_is_wrong_use_with_the_nearest_name() -> None:
    with pytest.raises(BadInput) as told:
        rule_named("trust-rot")
    assert told.value.exit_code == 2
    assert told.value.hint is not None
    assert "trust-root" in told.value.hint


def test_the_command_prints_the_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("explain", "trust-root") == 0
    assert "loosens the rules" in capsys.readouterr().out
    assert run_command("explain", "trust-root", "--json") == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "terrace/explain@1"
