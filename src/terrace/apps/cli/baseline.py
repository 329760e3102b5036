"""`baseline`: what is there on day one becomes records with an owner and a day; later only what is gone leaves them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from terrace.apps.cli.console import emit, note, show
from terrace.apps.cli.deployment_output import watcher
from terrace.apps.cli.waiving import day, write
from terrace.apps.wiring.checking import check_adapters
from terrace.apps.wiring.project import Project
from terrace.assess.model import Finding
from terrace.assess.waiver import BASELINE, PATH
from terrace.checks.all import CHECKS
from terrace.config.model import Config
from terrace.config.problems import BadConfig
from terrace.errors import BadInput
from terrace.pipelines.check.validate import validate
from terrace.pipelines.context import Context
from terrace.stacks.impact import everything
from terrace.stacks.inventory import Inventory
from terrace.waivers.baseline import Everything, Grant, renewed
from terrace.waivers.content import contents
from terrace.waivers.judging import Waivers, waive
from terrace.waivers.never import why_rule_never
from terrace.waivers.reading import empty_reason, known_owner, no_owner, read_waivers, too_long
from terrace.waivers.telling import idle_records
from terrace.waivers.writing import baseline as written


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody says of what comes in; "" is not said."""

    owner: str
    reason: str
    expires: str
    accept: tuple[str, ...]


def baseline(folder: str, asked: Asked, *, as_json: bool) -> int:
    """Look at everything that is there, and write `.terrace/baseline.yaml`; exit 1 when not all could be looked at."""
    from terrace.report import baseline as told

    project = Project(Path(folder), fetch=False)
    inventory = project.survey(project.repository.snapshot())
    tree = project.repository.tree(inventory.commit)
    there = tree if BASELINE in tree.entries else project.repository.tree(project.trust.commit)
    first = BASELINE not in there.entries
    known = () if first else read_waivers(there.read(BASELINE), BASELINE, inventory.config)
    single = read_waivers(tree.read(PATH), PATH, inventory.config) if PATH in tree.entries else ()
    grant = _grant(project, asked, inventory.config, first=first)
    with watcher(as_json=as_json) as seen:
        crew = project.read_only_context(seen)
        findings = _found(project, replace(crew, config=_judging(crew, inventory.config)), inventory)
    content = contents(tree)
    checks = inventory.config.known_checks
    idle = idle_records(findings, [one for one in single if one.holds(grant.granted)], content, checks)
    findings = waive(findings, Waivers(single), grant.granted, checks, content)
    found = renewed(findings, known, Everything() if first else frozenset(asked.accept), grant, content, checks)
    text = written(found.records)
    _right(text, inventory.config)
    if found.records or not first:
        write(project.repository.root, BASELINE, text)
    if as_json:
        emit(told.machine(found, idle))
    else:
        show(told.terminal(found, idle))
        if found.came:
            note("it counts once it is merged; the change that brings it is a finding of `trust-root`")
    return 1 if found.blind else 0


def _found(project: Project, crew: Context, inventory: Inventory) -> tuple[Finding, ...]:
    """Everything that the rules of the working tree find in it: they are what judges once it is merged."""
    tree = project.repository.tree(inventory.commit)
    adapters = check_adapters(project, project.policies(inventory.commit))
    return validate(crew, everything(inventory, tree), inventory, CHECKS, adapters).assessment.findings


def _judging(crew: Context, proposed: Config) -> Config:
    """The rules of the working tree; credentials and everything else stay those of the protected branch."""
    return replace(
        crew.config,
        checks=proposed.checks,
        fail_on=proposed.fail_on,
        policies=proposed.policies,
        settings=proposed.settings,
    )


def _grant(project: Project, asked: Asked, config: Config, *, first: bool) -> Grant:
    """Who answers, and until when. Raises BadInput where that is nobody, or for too long."""
    from terrace.apps.wiring.project import now

    today = now().date()
    expires = day(asked.expires) if asked.expires else today + config.waivers.longest
    if expires < today:
        raise BadInput(f"{expires} is over", hint="say a day that comes")
    if expires - today > config.waivers.longest:
        raise BadInput(f"{expires} is {(expires - today).days} days away", hint=too_long(config))
    for rule in asked.accept:
        if why := why_rule_never(rule, config.known_checks):
            raise BadInput(f"{rule!r} cannot be in a baseline: {why}")
    if asked.reason and empty_reason(asked.reason):
        raise BadInput(f"{asked.reason!r} is no reason", hint="say why it may stay")
    if asked.accept and not asked.owner:
        raise BadInput("nobody answers for what comes in", hint="--owner: a person or a team of terrace.yaml")
    owner = asked.owner or project.actor
    if (first or asked.accept) and not known_owner(owner, config):
        message, hint = no_owner(owner, {*config.teams, *config.people})
        raise BadInput(message, hint=f"--owner: {hint}")
    return Grant(owner, asked.reason or "it was there before it was checked", today, expires)


def _right(text: str, config: Config) -> None:
    """Whatever is written can be read again."""
    try:
        read_waivers(text.encode(), BASELINE, config)
    except BadConfig as error:
        raise BadInput(f"the baseline that there is cannot be carried on: {error}", hint=error.hint) from error
