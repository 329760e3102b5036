"""Runs a check at the enforcement level of the trust root. A check that raises an error is an unknown finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from terrace.assess.model import Finding, Severity, Status
from terrace.config.model import Config
from terrace.errors import Interrupted, TerraceError
from terrace.waivers.never import is_blind


def enforce(config: Config, name: str, run: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """Returns the findings of a check; those that do not block are marked as advisory."""
    try:
        findings = run()
    except Interrupted:
        raise
    except TerraceError as error:
        message = f"the check {name} could not run: {error}"
        findings = (Finding(name, Severity.HIGH, Status.UNKNOWN, "terrace", message, fix=error.hint),)
    if config.level(name) == "advisory":
        return tuple(replace(finding, advisory=True) for finding in findings)
    least = Severity[config.fails_on(name).upper()]
    return tuple(
        replace(f, advisory=True) if f.severity < least and not _is_always_required(f, config) else f for f in findings
    )


def _is_always_required(finding: Finding, config: Config) -> bool:
    """Returns whether a finding stays required whatever its severity: changes of the rules, and what could not be
    checked."""
    return finding.rule == "trust-root" or is_blind(finding, config.known_checks)
