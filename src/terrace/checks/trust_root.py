"""The check `trust-root`: changes to the rules that judge changes.

Terrace judges a change by the rules of the protected branch. A change to those rules is a finding, so that people
review it before anything that it allows can follow.
"""

from __future__ import annotations

from dataclasses import replace

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck
from terrace.checks.policy.files import KINDS
from terrace.checks.rule_files import first_pipelines, reviewers, rule_of, same_configuration
from terrace.checks.scanners.all import SCANNERS


def check_trust_root(context: CheckContext) -> Findings:
    """Returns a finding for each way in which the change touches the rules."""
    from terrace.waivers.telling import more_waived

    return (
        *check_configuration(context),
        *check_rule_files(context),
        *check_moved_stacks(context),
        *more_waived(context.waivers),
        *check_scanner_settings(context),
    )


def check_configuration(context: CheckContext) -> Findings:
    """Returns a finding for each way in which terrace.yaml would allow more after this change.

    Where the protected branch has no terrace.yaml, the first one is compared with the rules that apply without it.
    """
    from terrace.config.loosening import add_default_rules, find_loosened_rules

    trusted, proposed = context.trusted, context.proposed
    path = trusted.source or "terrace.yaml"
    if not trusted.source and proposed.source:
        trusted = add_default_rules(trusted, proposed)
    return tuple(
        _finding(context, f"this change loosens the rules that judge changes: {way}", path)
        for way in find_loosened_rules(trusted, proposed)
    )


def check_rule_files(context: CheckContext) -> Findings:
    """Returns a finding for each file of the trust root that the change edits: people decide whether it allows more.

    The first files that CI runs in a repository block nothing: there are none yet that they could loosen.
    """
    edited = context.change_set.edited
    reasons = {path: why for path in edited if (why := rule_of(path, context.trusted, KINDS)) is not None}
    before = context.adapters.repository.tree(context.change_set.base).entries if reasons else {}
    first = first_pipelines(reasons, before) if reasons else frozenset()
    return tuple(
        replace(
            _finding(context, f"this change edits {path}: {why}; the old version is enforced", path),
            advisory=path in first,
        )
        for path, why in reasons.items()
    )


def check_moved_stacks(context: CheckContext) -> Findings:
    """Returns a finding for each stack that moves to another environment with the same files: to other gates."""
    change = context.change_set
    fresh = [impact.stack for impact in change.impacts if any(reason.kind == "new" for reason in impact.reasons)]
    if not fresh or not change.removed:
        return ()
    repository = context.adapters.repository
    before, after = repository.tree(change.base).entries, repository.tree(change.head).entries
    return tuple(
        _finding(
            context,
            f"this change moves the stack {old.key} to {new.key}: the gates of {new.environment} apply to it then, and "
            f"not those of {old.environment}",
            new.path,
        )
        for old in change.removed
        for new in fresh
        if old.environment != new.environment and same_configuration(old.path, before, new.path, after)
    )


def check_scanner_settings(context: CheckContext) -> Findings:
    """Returns a finding for each configuration file of a scanner that the change edits."""
    changed = set(context.change_set.edited)
    fix = f"merge it separately, after a review by {reviewers(context.trusted)}: it applies only to later changes"
    return tuple(
        replace(
            _finding(context, f"this change edits {file}, which configures {name}; the old version is used", file),
            fix=fix,
        )
        for name, scanner in SCANNERS.items()
        for file in scanner.keys
        if file in changed and context.trusted.level(name) != "off"
    )


def _finding(context: CheckContext, message: str, path: str) -> Finding:
    owners = reviewers(context.trusted)
    return Finding(
        rule="trust-root",
        severity=Severity.HIGH,
        status=Status.FAIL,
        tool="terrace",
        message=message,
        path=path,
        fix=f"revert it, or merge it separately, after a review by {owners}: it applies only to later changes",
    )


CHECK = SourceCheck(
    name="trust-root",
    run=check_trust_root,
    of_changes_only=True,
    never_waived="later changes would meet the weaker rules",
    rules=(
        Rule(
            "trust-root",
            "The change loosens the rules that judge changes: terrace.yaml, files that it names, CODEOWNERS, or files "
            "that CI runs.",
            "Every later change meets the weaker rules.",
            "Revert it, or merge it separately, after a review by an owner.",
            "`checks: {trust-root: advisory}` in terrace.yaml makes it advisory; that itself loosens the rules.",
        ),
    ),
)
