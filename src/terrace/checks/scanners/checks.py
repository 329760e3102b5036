"""The checks by third-party scanners, one for each scanner, and `scanners`, which names those that are missing."""

from __future__ import annotations

from functools import partial

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import Check, CheckContext, Findings, PlanCheck, Rule, Run, Scanner


def scan_sources(scanner: str, context: CheckContext) -> Findings:
    """Returns what a scanner finds in the sources that the change touches."""
    return context.adapters.scanners.scan_sources(scanner, context)


def scan_plans(scanner: str, context: CheckContext) -> Findings:
    """Returns what a scanner finds in the plans."""
    return context.adapters.scanners.scan_plans(scanner, context)


def scan_commits(scanner: str, context: CheckContext) -> Findings:
    """Returns the secrets that a scanner finds in the commits of the change."""
    return context.adapters.scanners.scan_commits(scanner, context)


def check_missing(context: CheckContext) -> Findings:
    """Returns one finding for all scanners that are not installed and that terrace.yaml does not mention."""
    missing = context.adapters.scanners.missing(context.trusted)
    if not missing:
        return ()
    message = f"not scanned with {', '.join(missing)}: not installed"
    fix = f"terrace tools install {' '.join(missing)}, or `checks: {{{missing[0]}: off}}` in terrace.yaml"
    return (Finding("scanners", Severity.INFO, Status.UNKNOWN, "terrace", message, fix=fix, advisory=True),)


def _scanner(
    name: str, finds: str, accepted: str, run: Run, *, plans: bool = False, of_changes_only: bool = False
) -> Scanner:
    return Scanner(
        name=name,
        run=run,
        run_on_plans=partial(scan_plans, name) if plans else None,
        level="advisory",
        own_rules=True,
        of_changes_only=of_changes_only,
        rules=(
            Rule(
                name,
                f"{name} finds {finds}; its rules are `{name}.ID`. A finding with this name alone means that it could "
                "not scan, or not everything.",
                "Files that were not scanned can contain anything; its own documentation explains each of its rules.",
                "Do what the finding says. `terrace tools list` shows which tool is used, `terrace tools install` "
                "installs it.",
                f"{accepted} Advisory unless terrace.yaml has `checks: {{{name}: required}}`; `off` turns it off.",
            ),
        ),
    )


CHECKOV = _scanner(
    "checkov",
    "insecure settings in sources and plans",
    "A `checkov:skip` comment that is on the protected branch accepts a finding.",
    partial(scan_sources, "checkov"),
    plans=True,
)
TRIVY = _scanner(
    "trivy",
    "insecure settings in sources",
    "`.trivyignore`, or a `trivy:ignore` comment, on the protected branch accepts a finding.",
    partial(scan_sources, "trivy"),
)
TFLINT = _scanner(
    "tflint",
    "mistakes and deprecated syntax in sources",
    "`.tflint.hcl` on the protected branch turns a rule off.",
    partial(scan_sources, "tflint"),
)
GITLEAKS = _scanner(
    "gitleaks",
    "secrets that commits add",
    "`.gitleaksignore` of the protected branch accepts a finding.",
    partial(scan_commits, "gitleaks"),
    of_changes_only=True,
)
TRUFFLEHOG = _scanner(
    "trufflehog",
    "secrets that commits add",
    "A waiver accepts a finding.",
    partial(scan_commits, "trufflehog"),
    of_changes_only=True,
)

MISSING = PlanCheck(
    # After the plans, so that its finding comes last: it is about no part of the change.
    name="scanners",
    run=check_missing,
    level="advisory",
    rules=(
        Rule(
            "scanners",
            "Scanners that Terrace supports are not installed, and terrace.yaml does not mention them.",
            "Their findings are unknown.",
            "`terrace tools install`, or set a level for each in `checks:` in terrace.yaml; `off` turns one off.",
            "It never blocks.",
        ),
    ),
)

ALL: tuple[Check, ...] = (CHECKOV, TRIVY, TFLINT, GITLEAKS, TRUFFLEHOG, MISSING)
