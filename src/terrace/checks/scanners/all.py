"""The scanners by name, in the order in which their findings are shown. A new scanner is added here."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.checks.scanners import checkov, gitleaks, tflint, trivy, trufflehog
from terrace.checks.scanners.scanner import Scanner

SCANNERS: Mapping[str, Scanner] = {
    scanner.name: scanner
    for scanner in (checkov.SCANNER, trivy.SCANNER, tflint.SCANNER, gitleaks.SCANNER, trufflehog.SCANNER)
}

CONFIGURATION_FILES = frozenset(file for scanner in SCANNERS.values() for file in scanner.keys)
"""Names of the configuration files of all scanners."""
