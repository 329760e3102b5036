"""What a check found, weighed as the trust root says. A check that broke found nothing out, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from terrace.assess.model import Finding, Severity, Status
from terrace.config.model import Config
from terrace.errors import Interrupted, TerraceError
from terrace.waivers.never import is_blind


def weighed(config: Config, name: str, run: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """The findings of the check of that name, those that are only told marked as advisory."""
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
    return tuple(replace(f, advisory=True) if f.severity < least and not _stays(f, config) else f for f in findings)


def _stays(finding: Finding, config: Config) -> bool:
    """Whether no severity makes it less: the rules that judge, and what could not be looked at."""
    return finding.rule == "trust-root" or is_blind(finding, config.known_checks)
