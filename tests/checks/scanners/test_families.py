"""The table of families: each rule in one, each family with how bad it is."""

from __future__ import annotations

from terrace.checks.scanners.families import _CHECKOV, _TRIVY, SEVERITIES, family_of


def test_every_rule_is_in_one_family_and_every_family_has_a_severity() -> None:
    for table in (_CHECKOV, _TRIVY):
        rules = [rule for rules in table.values() for rule in rules.split()]
        assert len(rules) == len(set(rules))
        assert table.keys() <= SEVERITIES.keys()


def test_old_names_of_trivy_are_the_same_rules() -> None:
    assert family_of("trivy", "AVD-AWS-0107") == family_of("trivy", "AWS-0107") == "open-ingress"
    assert family_of("checkov", "AWS-0107") == family_of("tflint", "x") == ""
