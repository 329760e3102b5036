"""The checks of a change. This dict is where a new one plugs in; terrace.yaml weighs each by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from terrace.apps.secrets import SecretSearch
from terrace.assess.check import Check, Examined, PlanCheck, StaticCheck
from terrace.assess.leaks.plan import exposed
from terrace.assess.model import Finding, Severity, Status
from terrace.plans.terraform import Terraform

FORMATTED = (".tf", ".tofu", ".tfvars", ".tftest.hcl")


def checks(terraform: Terraform, search: SecretSearch) -> Mapping[str, Check]:
    """Every check by name, in the order in which their findings are told."""
    return {
        "format": StaticCheck("format", lambda examined: unformatted(examined, terraform)),
        "trust-root": StaticCheck("trust-root", loosened),
        "layout": StaticCheck("layout", noticed),
        "secrets": StaticCheck("secrets", lambda examined: leaked(examined, search)),
        "plan-secrets": PlanCheck("plan-secrets", lambda _, plans: exposed(plans)),
    }


def unformatted(examined: Examined, terraform: Terraform) -> tuple[Finding, ...]:
    """Changed files that `terraform fmt` would write otherwise, each with its diff."""
    changed = tuple(
        path
        for path in examined.change_set.changed
        if path.endswith(FORMATTED) and (Path(examined.root) / path).is_file()
    )
    found = terraform.unformatted(examined.root, changed)
    return tuple(
        Finding(
            rule="format",
            severity=Severity.LOW,
            status=Status.FAIL,
            tool=f"{terraform.product} fmt",
            message=f"{path} is not formatted",
            path=path,
            detail=diff,
            fix=f"{terraform.product} fmt {path}",
        )
        for path, diff in found.items()
    )


def loosened(examined: Examined) -> tuple[Finding, ...]:
    """Ways in which this change would let more through, once it judges. It is judged by the old rules meanwhile."""
    from terrace.stacks.loosening import loosened as ways

    return tuple(
        Finding(
            rule="trust-root",
            severity=Severity.HIGH,
            status=Status.FAIL,
            tool="terrace",
            message=f"this change loosens the rules that judge changes: {way}",
            path=examined.trusted.source or "terrace.yaml",
            fix="take it back, or have an owner merge it on its own: whatever it lets through comes after it",
        )
        for way in ways(examined.trusted, examined.proposed)
    )


def noticed(examined: Examined) -> tuple[Finding, ...]:
    """What was seen in the layout of the repository and could not be looked into."""
    return tuple(
        Finding(
            rule="layout",
            severity=Severity.MEDIUM,
            status=Status.UNKNOWN,
            tool="terrace",
            message=notice.message,
            path=notice.path,
            line=notice.line,
            fix=notice.hint,
            advisory=True,
        )
        for notice in examined.change_set.notices
    )


def leaked(examined: Examined, search: SecretSearch) -> tuple[Finding, ...]:
    """Secrets that the commits of the change add; below high they are told and do not block."""
    found = search.change(examined.change_set.base, examined.change_set.head)
    return tuple(replace(finding, advisory=finding.severity < Severity.HIGH) for finding in found)
