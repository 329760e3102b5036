"""The examples of CONTRIBUTING.md, each written into a temporary package: a new check and a new cloud are one file."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.configuration import load
from support.plans import change, plan_of
from terrace.assess.model import Assessment, Status
from terrace.assess.risk import risk
from terrace.assess.waiver import Waiver
from terrace.checks.all import CHECKS
from terrace.checks.base import Check, CheckContext
from terrace.checks.rules import rule_named
from terrace.checks.scanners.families import families_of, family_of
from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds
from terrace.clouds.defaults import defaults_of
from terrace.clouds.exposure import is_rights_type, is_security_type
from terrace.clouds.stateful import is_stateful
from terrace.config.load import load as load_with
from terrace.config.loosening import find_loosened_rules
from terrace.config.schema import json_schema, reference
from terrace.plans.model import Action
from terrace.stacks.model import ChangeSet
from terrace.waivers.judging import Waivers, waive
from terrace.waivers.never import is_blind

TODAY = date(2026, 6, 15)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, ModuleType]]:
    """The two Python examples of the page, by the heading above each, as modules of a package in a temporary folder."""
    page = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "plugins").mkdir()
    (folder / "plugins/__init__.py").write_text("")
    blocks = re.findall(r"## Add a (check|cloud)\n.*?```python\n(.*?)```", page, re.DOTALL)
    for name, text in blocks:
        (folder / f"plugins/{name}.py").write_text("from __future__ import annotations\n\n" + text)
    sys.path.insert(0, str(folder))
    yield {name: importlib.import_module(f"plugins.{name}") for name, _ in blocks}
    sys.path.remove(str(folder))


@pytest.fixture
def checks(examples: Mapping[str, ModuleType]) -> Mapping[str, Check]:
    check: Check = examples["check"].CHECK
    return {**CHECKS, check.name: check}


@pytest.fixture
def clouds(examples: Mapping[str, ModuleType]) -> Clouds:
    cloud = examples["cloud"].CLOUD
    return {**CLOUDS, cloud.name: cloud}


def context(*changed: str) -> CheckContext:
    """A context with these changed paths, for a check that reads nothing else."""
    nothing: Any = None
    return CheckContext(ChangeSet("a", "b", changed, ()), Path(), load(b""), load(b""), nothing, nothing)


def test_terrace_yaml_sets_the_level_of_a_new_check(checks: Mapping[str, Check]) -> None:
    text = b"version: 1\nchecks: {readme: required}\n"
    assert load_with(b"version: 1\n", checks=checks).level("readme") == "advisory"
    assert load_with(text, checks=checks).level("readme") == "required"
    off = load_with(b"version: 1\nchecks: {readme: off}\n", checks=checks)
    assert find_loosened_rules(load_with(text, checks=checks), off) == ("the check readme goes from required to off",)


def test_a_new_check_is_in_the_schema_the_reference_and_the_explanations(checks: Mapping[str, Check]) -> None:
    assert "readme" in json_schema(checks)["properties"]["checks"]["properties"]
    assert "| `readme` |" in reference(checks)
    assert rule_named("readme", checks).means == "The README has another name."


def test_a_new_check_runs_and_a_waiver_accepts_its_finding(checks: Mapping[str, Check]) -> None:
    assert checks["readme"].run(context("README.md", "main.tf")) == ()
    (finding,) = checks["readme"].run(context("readme.md"))
    waiver = Waiver("readme", "ann", "it moves", TODAY, TODAY, path="readme.md")
    (accepted,) = waive([finding], Waivers((waiver,)), TODAY, checks)
    assert accepted.status is Status.WAIVED


def test_no_waiver_accepts_that_a_new_check_could_not_run(checks: Mapping[str, Check]) -> None:
    (finding,) = checks["readme"].run(context("readme.md"))
    unknown = replace(finding, status=Status.UNKNOWN)
    waiver = Waiver("readme", "ann", "it moves", TODAY, TODAY, path="readme.md", unknown=True)
    assert is_blind(unknown, checks)
    assert waive([unknown], Waivers((waiver,)), TODAY, checks) == (unknown,)


def test_a_new_cloud_knows_its_types(clouds: Clouds) -> None:
    assert is_stateful("acme_disk", clouds) and not is_stateful("acme_disk")
    assert is_security_type("acme_firewall_rule", clouds) and not is_security_type("acme_firewall_rule")
    assert is_rights_type("acme_role", clouds) and not is_rights_type("acme_role")
    assert defaults_of("acme_disk", {"size": 1}, clouds) == {"encrypted": False}
    assert defaults_of("acme_disk", {"encrypted": True}, clouds) == {}
    assert family_of("checkov", "CKV_ACME_1", families_of(clouds)) == "disk-encryption"
    assert family_of("checkov", "CKV_ACME_1") == ""


def test_a_new_cloud_makes_the_loss_of_its_data_and_its_firewalls_a_risk(clouds: Clouds) -> None:
    plan = plan_of([change("acme_disk.a", Action.DELETE, before={"id": "x"})])
    assessment = Assessment(ChangeSet("a", "b", (), ()), {plan.stack.key: plan}, {}, ())
    before = {reason.factor for reason in risk(assessment, {}).reasons}
    after = {reason.factor for reason in risk(assessment, {}, clouds).reasons}
    assert after - before == {"data", "data-loss"}
