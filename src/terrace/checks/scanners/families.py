"""Families of scanners' rules that find the same fault, and the severity of each where a scanner gives none.

A family is a word that the policies of Terrace use too. The rules of each family are in `terrace.clouds`.
"""

from __future__ import annotations

from collections.abc import Mapping

from terrace.assess.model import Severity
from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds

LEAKED = "leaked-secret"
"""The family of secrets in a commit: in a line of a file, unlike `hard-coded-secret`, which is about a resource."""

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
"""Severity of each family, for scanners that give none. Low: it neither exposes nor loses anything."""


Families = Mapping[tuple[str, str], str]
"""Families of rules, by scanner and the scanner's own name of the rule."""


def families_of(clouds: Clouds) -> Families:
    """Returns the family of each rule that one of these clouds lists."""
    return {
        (scanner, rule): family
        for cloud in clouds.values()
        for scanner, families in cloud.families.items()
        for family, rules in families.items()
        for rule in rules.split()
    }


_FAMILIES = families_of(CLOUDS)


def family_of(scanner: str, rule: str, families: Families = _FAMILIES) -> str:
    """Returns the family of a scanner's rule, by the scanner's own name of it; "" when it is in none."""
    return families.get((scanner, rule.removeprefix("AVD-")), "")
