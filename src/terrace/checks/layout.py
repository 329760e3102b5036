"""The check `layout`: parts of the repository that Terrace could not read, and repositories without a stack."""

from __future__ import annotations

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck, how_to_lower
from terrace.stacks.root_modules import roots_without_stack_notice


def check_layout(context: CheckContext) -> Findings:
    """Returns a finding for each part of the layout that could not be read, and one where there is no stack."""
    change, inventory = context.change_set, context.inventory
    without_stacks = () if inventory.stacks or change.removed else (_without_stacks(context),)
    outside = roots_without_stack_notice(inventory.outside) if inventory.outside else None
    return without_stacks + tuple(
        Finding(
            rule="layout",
            # Root modules without a stack had none before the change: they do not make the change riskier.
            severity=Severity.INFO if notice == outside else Severity.MEDIUM,
            status=Status.UNKNOWN,
            tool="terrace",
            message=notice.message,
            path=notice.path,
            line=notice.line,
            fix=notice.hint,
            advisory=True,
        )
        for notice in change.notices
        # The finding of a repository without stacks has this message already.
        if not (without_stacks and notice == outside)
    )


def _without_stacks(context: CheckContext) -> Finding:
    """Returns the finding of a repository without a stack: a check that read nothing does not pass."""
    outside = context.inventory.outside
    why = f"{roots_without_stack_notice(outside).message}; so" if outside else "this repository has no stack, so that"
    return Finding(
        rule="layout",
        severity=Severity.HIGH,
        status=Status.UNKNOWN,
        tool="terrace",
        message=f"{why} nothing was checked",
        path=context.trusted.source or "terrace.yaml",
        fix="`terrace init --print` shows the stacks that it finds, and the entries of `stacks:` for them",
    )


CHECK = SourceCheck(
    name="layout",
    run=check_layout,
    rules=(
        Rule(
            "layout",
            "A part of the repository's layout could not be read, or there is no stack at all.",
            "The part that was not read can belong to the change, and is not checked.",
            "Do what the finding says at its place.",
            f"It blocks only where there is no stack. {how_to_lower('layout')}",
        ),
    ),
)
