"""Audits: everything that is deployed is checked at its commits, and what was seen is recorded in the ledger."""

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
from terrace.pipelines.audit import Target, audit, due, record, targets
from terrace.pipelines.check.validate import validate
from terrace.pipelines.context import Context
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet
from terrace.waivers.judging import Waivers
from terrace.waivers.telling import unused


def run_audit(
    project: Project, crew: Context, goals: Iterable[Target]
) -> tuple[tuple[Audited, ...], tuple[PolicyRule, ...]]:
    """What was seen, and the rules of the policies that judged it."""
    policies = project.policies()
    checks, adapters = audit_checks(CHECKS), check_adapters(project, policies)
    try:
        rules = policies.rules(crew.config.policies)
    except Interrupted:
        raise
    except TerraceError:
        # No OPA: the check says so of every stack.
        rules = ()

    waivers = project.standing()
    if waivers.unread:
        note(f"note: all waivers are ignored: those of the protected branch cannot be read ({waivers.unread})")

    def judge(change_set: ChangeSet, inventory: Inventory) -> Assessment:
        return validate(crew, change_set, inventory, checks, adapters, waivers=waivers).assessment

    return _with_unused(crew, audit(crew, goals, judge, checks, rules), waivers), rules


def _with_unused(crew: Context, looks: tuple[Audited, ...], waivers: Waivers) -> tuple[Audited, ...]:
    """The looks, the last of them with the waivers that are about nothing any more, where everything was looked at."""
    every = {environment.name for environment in crew.config.environments}
    if not looks or {one.scope.environment for one in looks} != every:
        return looks
    found = unused((f for one in looks for f in one.findings), waivers, crew.clock().date(), crew.config.known_checks)
    return (*looks[:-1], replace(looks[-1], findings=(*looks[-1].findings, *found)))


def audit_if_due(project: Project, crew: Context, chosen: tuple[str, ...] = ()) -> tuple[Audited, ...]:
    """What `terrace tick` does: look where terrace.yaml says that it is time (`chosen`: only there), and record it."""
    names = tuple(name for name in due(crew) if not chosen or name in chosen)
    if not names:
        return ()
    history = crew.ledger.read()
    looks, rules = run_audit(project, crew, targets(crew, history, names))
    record(crew, history, looks, rules)
    track_audits(project, looks)
    return looks


def chosen_environments(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    """The environments that are named, or all. Raises BadInput with the nearest right name."""
    config = project.trust.config
    return tuple(dict.fromkeys(project.named(name).name for name in names)) or tuple(
        environment.name for environment in config.environments
    )


def record_audit(
    crew: Context, history: History, looks: tuple[Audited, ...], rules: tuple[PolicyRule, ...]
) -> TerraceError | None:
    """Write it down. What keeps that from happening is told after what was seen."""
    if not history.events and not crew.ledger.read().events:
        note("note: not recorded: there is no ledger yet, and no key to open one (`terrace doctor`)")
        return None
    try:
        _, recorded = record(crew, history, looks, rules)
    except Interrupted:
        raise
    except TerraceError as error:
        return error
    for one in looks:
        if one.scope.commits and one.scope.environment not in recorded:
            note(f"note: {one.scope.environment} is not recorded: a deployment went on there meanwhile")
    return None
