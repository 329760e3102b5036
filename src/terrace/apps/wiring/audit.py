"""Audits: checks the deployed commits, and records the results in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from terrace.apps.output.console import note
from terrace.apps.wiring.checking import check_adapters
from terrace.apps.wiring.mirroring import track_audits
from terrace.apps.wiring.project import Project
from terrace.assess.model import Assessment
from terrace.checks.all import CHECKS
from terrace.checks.base import audit_checks
from terrace.checks.policy.catalogue import PolicyRule
from terrace.compliance.audit import Audited
from terrace.errors import Interrupted, TerraceError
from terrace.ledger.model import History
from terrace.pipelines.audit import Target, audit, find_due, record, targets
from terrace.pipelines.check.validate import validate
from terrace.pipelines.context import Context
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet
from terrace.waivers.judging import Waivers
from terrace.waivers.telling import find_unused


def run_audit(
    project: Project, context: Context, goals: Iterable[Target]
) -> tuple[tuple[Audited, ...], tuple[PolicyRule, ...]]:
    """Returns the audits of these commits, and the policy rules that were evaluated."""
    policies = project.policies()
    checks, adapters = audit_checks(CHECKS), check_adapters(project, policies)
    try:
        rules = policies.rules(context.config)
    except Interrupted:
        raise
    except TerraceError:
        # Without OPA, the check reports an unknown result for every stack.
        rules = ()

    waivers = project.valid_waivers()
    if waivers.unread:
        note(f"note: all waivers are ignored: those of the protected branch cannot be read ({waivers.unread})")

    def judge(change_set: ChangeSet, inventory: Inventory) -> Assessment:
        return validate(context, change_set, inventory, checks, adapters, waivers=waivers).assessment

    return _with_unused(context, audit(context, goals, judge, checks, rules), waivers), rules


def _with_unused(context: Context, looks: tuple[Audited, ...], waivers: Waivers) -> tuple[Audited, ...]:
    """Adds the unused waivers to the last audit, if all environments were audited."""
    every = {environment.name for environment in context.config.environments}
    if not looks or {look.scope.environment for look in looks} != every:
        return looks
    findings = find_unused(
        (f for look in looks for f in look.findings), waivers, context.clock().date(), context.config.known_checks
    )
    return (*looks[:-1], replace(looks[-1], findings=(*looks[-1].findings, *findings)))


def audit_if_due(project: Project, context: Context, chosen: tuple[str, ...] = ()) -> tuple[Audited, ...]:
    """Runs and records the audits that are scheduled now, in all or the chosen environments."""
    names = tuple(name for name in find_due(context) if not chosen or name in chosen)
    if not names:
        return ()
    history = context.ledger.read()
    looks, rules = run_audit(project, context, targets(context, history, names))
    record(context, history, looks, rules)
    track_audits(project, looks)
    return looks


def chosen_environments(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the named environments, or all. Raises BadInput for an unknown name."""
    config = project.trust.config
    return tuple(dict.fromkeys(project.trusted_environment(name).name for name in names)) or tuple(
        environment.name for environment in config.environments
    )


def record_audit(
    context: Context, history: History, looks: tuple[Audited, ...], rules: tuple[PolicyRule, ...]
) -> TerraceError | None:
    """Records the audits. Returns the error if that fails, so that the caller can print the audits first."""
    if not history.events and not context.ledger.read().events:
        note("note: not recorded: there is no ledger, and no key to start one (see `terrace doctor`)")
        return None
    try:
        _, recorded = record(context, history, looks, rules)
    except Interrupted:
        raise
    except TerraceError as error:
        return error
    for look in looks:
        if look.scope.commits and look.scope.environment not in recorded:
            note(f"note: {look.scope.environment} is not recorded, because a deployment ran there at the same time")
    return None
