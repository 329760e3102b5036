"""`terrace baseline`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import JSON

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.assess.model import Finding
    from terrace.config.model import Config
    from terrace.pipelines.context import Context
    from terrace.stacks.inventory import Inventory
    from terrace.waivers.baseline import Grant


@click.command()
@click.option("--owner", default="", metavar="NAME", help="Owner of the recorded findings. [default: you]")
@click.option("--reason", default="", help="Reason for accepting the findings.")
@click.option("--expires", default="", metavar="DATE", help="Expiry date (2026-12-31). [default: the longest allowed]")
@click.option("--accept", multiple=True, metavar="RULE", help="Also record new findings of RULE. Needs --owner.")
@JSON
@click.pass_obj
def baseline(folder: str, owner: str, reason: str, expires: str, accept: tuple[str, ...], as_json: bool) -> int:
    """Record all current findings in .terrace/baseline.yaml, so that only new findings block a change.

    Later runs remove fixed findings and never add any. The file takes effect when it is merged.

    \b
    Examples:
      terrace baseline --owner platform --expires 2026-12-31
      terrace baseline                                            after fixing findings
      terrace baseline --accept s3-logging --owner security       when a rule is new
    """
    from dataclasses import replace
    from pathlib import Path

    from terrace.apps.cli.records import write_record_file
    from terrace.apps.output.console import emit, note, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.project import Project
    from terrace.assess.waiver import BASELINE, PATH
    from terrace.report.json.waivers import baseline_json
    from terrace.report.terminal.baseline import baseline_summary
    from terrace.waivers.baseline import Everything, renew
    from terrace.waivers.content import contents
    from terrace.waivers.judging import Waivers, waive
    from terrace.waivers.reading import read_waivers
    from terrace.waivers.telling import idle_records
    from terrace.waivers.writing import baseline as baseline_text

    project = Project(Path(folder), fetch=False)
    inventory = project.survey(project.repository.snapshot())
    tree = project.repository.tree(inventory.commit)
    source = tree if BASELINE in tree.entries else project.repository.tree(project.trust.commit)
    first = BASELINE not in source.entries
    before = () if first else read_waivers(source.read(BASELINE), BASELINE, inventory.config)
    single = read_waivers(tree.read(PATH), PATH, inventory.config) if PATH in tree.entries else ()
    grant = _grant(project, owner, reason, expires, accept, inventory.config, first=first)
    with show_progress(as_json=as_json) as watcher:
        context = project.read_only_context(watcher)
        findings = _find_all(project, replace(context, config=_with_rules_of(context, inventory.config)), inventory)
    content = contents(tree)
    checks = inventory.config.known_checks
    idle = idle_records(findings, [waiver for waiver in single if waiver.holds(grant.granted)], content, checks)
    findings = waive(findings, Waivers(single), grant.granted, checks, content)
    result = renew(findings, before, Everything() if first else frozenset(accept), grant, content, checks)
    text = baseline_text(result.records)
    _check_readable(text, inventory.config)
    if result.records or not first:
        write_record_file(project.repository.root, BASELINE, text)
    if as_json:
        emit(baseline_json(result, idle))
    else:
        show(baseline_summary(result, idle))
        if result.came:
            note("The baseline takes effect when it is merged. The change that adds it has a finding of `trust-root`.")
    return 1 if result.blind else 0


def _find_all(project: Project, context: Context, inventory: Inventory) -> tuple[Finding, ...]:
    """Returns the findings of the working tree under its own rules: they apply once it is merged."""
    from terrace.apps.wiring.checking import check_adapters
    from terrace.checks.all import CHECKS
    from terrace.pipelines.check.validate import validate
    from terrace.stacks.impact import all_as_change

    tree = project.repository.tree(inventory.commit)
    adapters = check_adapters(project, project.policies(inventory.commit))
    return validate(context, all_as_change(inventory, tree), inventory, CHECKS, adapters).assessment.findings


def _with_rules_of(context: Context, proposed: Config) -> Config:
    """Returns the configuration with the rules of the working tree; everything else is from the protected branch."""
    from dataclasses import replace

    return replace(
        context.config,
        checks=proposed.checks,
        fail_on=proposed.fail_on,
        policies=proposed.policies,
        policy_pack=proposed.policy_pack,
        settings=proposed.settings,
    )


def _grant(
    project: Project, owner: str, reason: str, expires: str, accept: tuple[str, ...], config: Config, *, first: bool
) -> Grant:
    """Returns the owner and the expiry date. Raises BadInput for an unknown owner or a date too far away."""
    from terrace.apps.cli.options import parse_day
    from terrace.apps.wiring.project import now
    from terrace.errors import BadInput
    from terrace.waivers.baseline import Grant
    from terrace.waivers.never import why_rule_never
    from terrace.waivers.reading import empty_reason, known_owner, no_owner, too_long

    today = now().date()
    last = parse_day(expires) if expires else today + config.waivers.longest
    if last < today:
        raise BadInput(f"{last} is in the past", hint="pass a future date")
    if last - today > config.waivers.longest:
        raise BadInput(f"{last} is {(last - today).days} days away", hint=too_long(config))
    for rule in accept:
        if why := why_rule_never(rule, config.known_checks):
            raise BadInput(f"{rule!r} cannot be in a baseline: {why}")
    if reason and empty_reason(reason):
        raise BadInput(f"{reason!r} is not a reason", hint="explain why the findings are accepted")
    if accept and not owner:
        raise BadInput("the new findings need an owner", hint="--owner: a person or a team of terrace.yaml")
    owner = owner or project.actor
    if (first or accept) and not known_owner(owner, config):
        message, hint = no_owner(owner, {*config.teams, *config.people})
        raise BadInput(message, hint=f"--owner: {hint}")
    return Grant(owner, reason or "it was there before it was checked", today, last)


def _check_readable(text: str, config: Config) -> None:
    """Raises BadInput if the new file would be unreadable."""
    from terrace.assess.waiver import BASELINE
    from terrace.config.problems import BadConfig
    from terrace.errors import BadInput
    from terrace.waivers.reading import read_waivers

    try:
        read_waivers(text.encode(), BASELINE, config)
    except BadConfig as error:
        raise BadInput(f"the existing baseline cannot be extended: {error}", hint=error.hint) from error
