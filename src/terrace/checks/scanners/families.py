"""Which rules of scanners are about the same, and how bad that is where a scanner does not say.

A family is a word that the policies of Terrace use too. Rules that are in none stand for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from terrace.assess.model import Severity
from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds

LEAKED = "leaked-secret"
"""The family of what stands in a commit: a line of a file, unlike `hard-coded-secret`, which is about a resource."""

SEVERITIES: Mapping[str, Severity] = {
    "public-storage": Severity.HIGH,
    "storage-encryption": Severity.MEDIUM,
    "database-encryption": Severity.HIGH,
    "disk-encryption": Severity.HIGH,
    "queue-encryption": Severity.MEDIUM,
    "https-only": Severity.HIGH,
    "tls-version": Severity.MEDIUM,
    "open-ingress": Severity.HIGH,
    "open-egress": Severity.LOW,
    "public-database": Severity.CRITICAL,
    "public-compute": Severity.MEDIUM,
    "iam-wildcard": Severity.HIGH,
    "iam-public": Severity.CRITICAL,
    "required-tags": Severity.LOW,
    "hard-coded-secret": Severity.CRITICAL,
    LEAKED: Severity.CRITICAL,
    "logging": Severity.LOW,
    "backup": Severity.MEDIUM,
    "deletion-protection": Severity.MEDIUM,
    "key-rotation": Severity.MEDIUM,
    "versioning": Severity.LOW,
    "metadata-service": Severity.HIGH,
    "secret-expiry": Severity.LOW,
    "container-privilege": Severity.HIGH,
    "cluster-public": Severity.HIGH,
    "cluster-logging": Severity.LOW,
    "availability": Severity.LOW,
    "default-network": Severity.LOW,
    "disk-exposure": Severity.MEDIUM,
    "identity": Severity.MEDIUM,
    "long-lived-credential": Severity.MEDIUM,
    "outdated-runtime": Severity.MEDIUM,
    "request-smuggling": Severity.MEDIUM,
}
"""How bad a family is, for scanners that do not say. Low is what makes a change neither open nor lost."""


def family_of(tool: str, rule: str) -> str:
    """The family of a scanner's rule, by the scanner's own name for it; "" when it is in none."""
    return _FAMILIES.get((tool, rule.removeprefix("AVD-")), "")


def _by_rule(clouds: Clouds) -> Iterator[tuple[tuple[str, str], str]]:
    for cloud in clouds.values():
        for tool, families in cloud.families.items():
            for family, rules in families.items():
                for rule in rules.split():
                    yield (tool, rule), family


_FAMILIES: Mapping[tuple[str, str], str] = dict(_by_rule(CLOUDS))
