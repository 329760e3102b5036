"""The enforcement level of a check decides which of its findings block."""

from __future__ import annotations

import pytest

from support.configuration import load
from terrace.assess.model import Finding, Severity, Status
from terrace.config.model import Config
from terrace.errors import BadInput
from terrace.pipelines.check.enforcement import enforce

HIGH = Finding("rule", Severity.HIGH, Status.FAIL, "opa", "bad")
LOW = Finding("rule", Severity.LOW, Status.FAIL, "opa", "less bad")


def config(settings: str) -> Config:
    return load(f"version: 1\nchecks:\n  policy: {settings}\nenvironments:\n  dev: {{}}\n".encode())


def advisory(settings: str, *findings: Finding) -> list[bool]:
    return [one.advisory for one in enforce(config(settings), "policy", lambda: findings)]


def test_an_advisory_check_blocks_nothing() -> None:
    assert advisory("advisory", HIGH, LOW) == [True, True]


def test_a_required_check_blocks_from_its_severity_on() -> None:
    assert advisory("{level: required, fail_on: high}", HIGH, LOW) == [False, True]
    assert advisory("{level: required, fail_on: low}", HIGH, LOW) == [False, False]


def test_a_change_of_the_rules_stays_required_whatever_its_severity() -> None:
    rules = Finding("trust-root", Severity.INFO, Status.FAIL, "terrace", "prod accepts high-risk releases")
    assert advisory("{level: required, fail_on: critical}", rules) == [False]


def test_a_check_that_raises_an_error_is_an_unknown_finding() -> None:
    def fails() -> tuple[Finding, ...]:
        raise BadInput("opa was not found", hint="install it")

    (finding,) = enforce(config("required"), "policy", fails)
    assert (finding.status, finding.rule, finding.advisory, finding.fix) == (
        Status.UNKNOWN,
        "policy",
        False,
        "install it",
    )
    assert "opa was not found" in finding.message


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_no_other_error_is_hidden(error: type[BaseException]) -> None:
    def fails() -> tuple[Finding, ...]:
        raise error

    with pytest.raises(error):
        enforce(config("required"), "policy", fails)
