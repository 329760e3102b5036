"""The checks by scanners, one for each, and `scanners`, which names those that are missing."""

from __future__ import annotations

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import Check, CheckContext, Findings, PlanCheck, Rule, Run, ScannerCheck
from terrace.checks.scanners.all import SCANNERS
from terrace.checks.scanners.scanner import Scanner


def check_missing(context: CheckContext) -> Findings:
    """Returns one finding for all scanners that are not installed and that terrace.yaml does not mention."""
    missing = context.adapters.scanners.find_missing(context.trusted)
    if not missing:
        return ()
    message = f"not scanned with {', '.join(missing)}: not installed"
    fix = f"terrace tools install {' '.join(missing)}, or `checks: {{{missing[0]}: off}}` in terrace.yaml"
    return (Finding("scanners", Severity.INFO, Status.UNKNOWN, "terrace", message, fix=fix, advisory=True),)


def scanner_check(scanner: Scanner) -> ScannerCheck:
    """Returns the check of a scanner. It is advisory unless terrace.yaml has another level."""
    name = scanner.name
    return ScannerCheck(
        name=name,
        run=_run(scanner),
        run_on_plans=_run_on_plans(scanner),
        level="advisory",
        own_rules=True,
        of_changes_only=scanner.commits is not None,
        rules=(
            Rule(
                name,
                f"{name} finds {scanner.finds}; its rules are `{name}.ID`. A finding with this name alone means that "
                "it could not scan, or not everything.",
                "Files that were not scanned can contain anything; its own documentation explains each of its rules.",
                "Do what the finding says. `terrace tools list` shows which tool is used, `terrace tools install` "
                "installs it.",
                f"{scanner.accepted} Advisory unless terrace.yaml has `checks: {{{name}: required}}`; `off` turns it "
                "off.",
            ),
        ),
    )


def _run(scanner: Scanner) -> Run:
    """Returns the function that scans what exists before the plans: sources, or the commits of the change."""

    def run(context: CheckContext) -> Findings:
        scanners = context.adapters.scanners
        in_sources = scanners.scan_sources(scanner, scanner.sources, context) if scanner.sources else ()
        in_commits = scanners.scan_commits(scanner, scanner.commits, context) if scanner.commits else ()
        return (*in_sources, *in_commits)

    return run


def _run_on_plans(scanner: Scanner) -> Run | None:
    scan = scanner.plans
    if scan is None:
        return None
    return lambda context: context.adapters.scanners.scan_plans(scanner, scan, context)


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

ALL: tuple[Check, ...] = (*map(scanner_check, SCANNERS.values()), MISSING)
