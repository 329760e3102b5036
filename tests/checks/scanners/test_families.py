"""The table of families: each rule in one, each family with how bad it is."""

from __future__ import annotations

from terrace.checks.scanners.families import SEVERITIES, family_of
from terrace.clouds.all import CLOUDS


def test_every_rule_is_in_one_family_and_every_family_has_a_severity() -> None:
    for tool in ("checkov", "trivy"):
        tables = [cloud.families.get(tool, {}) for cloud in CLOUDS.values()]
        rules = [rule for table in tables for rules in table.values() for rule in rules.split()]
        assert len(rules) == len(set(rules))
        assert {family for table in tables for family in table} <= SEVERITIES.keys()


def test_old_names_of_trivy_are_the_same_rules() -> None:
    assert family_of("trivy", "AVD-AWS-0107") == family_of("trivy", "AWS-0107") == "open-ingress"
    assert family_of("checkov", "AWS-0107") == family_of("tflint", "x") == ""
