"""`terrace resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import COMPLETE_ENV, FULL, JSON, WAIT

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.config.model import Environment
    from terrace.ledger.deployment import Deployment
    from terrace.ledger.model import History
    from terrace.pipelines.context import Context
    from terrace.pipelines.recovery.recover import Examination
    from terrace.report.leftovers import ApplyLeftovers
    from terrace.rollout.recovery import Statements


@click.command()
@click.argument("environment", metavar="[ENV]", required=False, shell_complete=COMPLETE_ENV)
@click.option("--import", "imports", multiple=True, metavar="ADDRESS=ID", help="An existing resource, with its id.")
@click.option("--absent", multiple=True, metavar="ADDRESS", help="A resource that you verified as absent.")
@click.option("--whole", multiple=True, metavar="ADDRESS", help="A resource in the state that you verified as intact.")
@click.option("--gone", multiple=True, metavar="ADDRESS", help="A resource in the state that no longer exists.")
@click.option("--again", multiple=True, metavar="ADDRESS", help="A resource that Terrace can create again.")
@click.option(
    "--dead",
    default="",
    metavar="WHY",
    help="Evidence that the process of the deployment, or its apply, is no longer running.",
)
@click.option(
    "--unlock", default="", metavar="ID", help="Id of an anonymous state lock that belongs to the terminated apply."
)
@click.option("--settled", multiple=True, metavar="STACK", help="A stack with unknown outcome whose result you accept.")
@click.option("--reason", default="", help="With --settled: your findings; recorded in the ledger.")
@click.option("--yes", is_flag=True, help="Recover without asking for the environment's name.")
@FULL
@WAIT
@JSON
@click.pass_obj
def resume(
    folder: str,
    environment: str | None,
    imports: tuple[str, ...],
    absent: tuple[str, ...],
    whole: tuple[str, ...],
    gone: tuple[str, ...],
    again: tuple[str, ...],
    dead: str,
    unlock: str,
    settled: tuple[str, ...],
    reason: str,
    yes: bool,
    full: bool,
    wait: bool,
    as_json: bool,
) -> int:
    """Continue an open deployment after approvals or an interruption.

    If the outcome of an apply is unknown, Terrace never runs it again. This command lists the leftovers: created
    resources that are missing from the state, and the state lock with its owner. After you confirm, it backs up the
    state, releases the lock, imports the resources and plans again.

    If recovery is impossible (for example, the state is permanently lost), --settled STACK records that you checked all
    resources of the apply and accept the result. Environments that require approvals need this from two people.

    \b
    Examples:
      terrace resume prod
      terrace resume prod --import aws_vpc.main=vpc-0a1b --absent 'aws_subnet.a["x"]' --yes
      terrace resume prod --settled prod/network --reason "the account was closed: nothing of it exists"
    """
    from pathlib import Path

    from terrace.apps.cli.deployment_run import run_deployment
    from terrace.apps.output.console import note
    from terrace.apps.wiring.project import Project
    from terrace.errors import BadInput
    from terrace.pipelines.deploy import deploy as deploying
    from terrace.rollout.recovery import Statements

    statements = Statements(_parse_imports(imports), absent, whole, gone, again, dead, unlock)
    project = Project(Path(folder))
    deployments = _unfinished_deployments(project, environment)
    if not deployments:
        note(f"there is no open deployment{f' in {environment}' if environment else ''}")
        if not as_json:
            _show_next_steps(project, environment)
        return 0
    if len(deployments) > 1:
        names = ", ".join(d.environment for d in deployments)
        raise BadInput(f"several environments have an open deployment: {names}", hint="specify one: terrace resume ENV")
    deployment = deployments[0]
    if settled:
        if deployment.open:
            raise BadInput(f"deployment {deployment.id} is open", hint="`terrace resume` first, without --settled")
        return _settle(project, deployment, settled, reason, dead, yes=yes, as_json=as_json)
    if not deployment.open:
        return _recover(project, deployment, statements, yes=yes, wait=wait, as_json=as_json)
    return run_deployment(
        project,
        "resume",
        lambda context: deploying.resume(context, deployment, dead),
        wait=wait,
        full=full,
        as_json=as_json,
    )


def _show_next_steps(project: Project, name: str | None) -> None:
    """Prints the next steps in an environment whose newest deployment did not succeed; in all of them without one."""
    from terrace.apps.cli.ledger_facts import situation
    from terrace.apps.output.console import note, show
    from terrace.report.terminal.screen import line
    from terrace.report.terminal.situation import next_lines
    from terrace.report.words import last_deployment_words

    history = project.ledger.read()
    for environment in project.trust.config.environments:
        if name not in (None, environment.name):
            continue
        current = situation(project, history, environment)
        if current.latest is not None and current.latest.result != "succeeded":
            show(line(f"{environment.name}: ", current.latest.result or "open"))
            for step in next_lines(current):
                show(line("  ", step))
        elif name is not None:
            note(f"hint: {last_deployment_words(name, current.latest)}")


def _parse_imports(imports: tuple[str, ...]) -> dict[str, str]:
    """Returns ids by address. An address can contain `=` in brackets; the id follows the first one outside."""
    from terrace.errors import BadInput

    ids = {}
    for text in imports:
        cut = text.find("=", text.rfind("]") + 1)
        if cut < 1 or cut == len(text) - 1:
            raise BadInput(f"--import {text!r} is not ADDRESS=ID", hint="for example: --import aws_vpc.main=vpc-0a1b2c")
        ids[text[:cut]] = text[cut + 1 :]
    return ids


def _unfinished_deployments(project: Project, name: str | None) -> list[Deployment]:
    """Returns the open deployments of one or all environments, and those with an unknown outcome."""
    from terrace.apps.output.progress import Silent

    if name is not None:
        project.environment(name)
    context = project.read_only_context(Silent())
    history = context.ledger.read()
    environments = (*project.trust.config.environments, *project.trust.config.former)
    return [
        deployment
        for environment in environments
        if name in (None, environment.name)
        and (deployment := _unfinished_deployment(context, history, environment)) is not None
    ]


def _unfinished_deployment(context: Context, history: History, environment: Environment) -> Deployment | None:
    from terrace.ledger import folds
    from terrace.pipelines.recovery.attestations import answers, required_people

    latest = folds.latest(history, environment.name)
    if latest is not None and latest.open:
        return latest
    return folds.find_unsettled(history, environment.name, required_people(environment), answers(context))


def _recover(
    project: Project, deployment: Deployment, statements: Statements, *, yes: bool, wait: bool, as_json: bool
) -> int:
    """Shows the leftovers of a deployment with an unknown outcome; recovers after a confirmation."""
    from terrace.apps.cli.deployment_run import run_deployment
    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import show_progress
    from terrace.pipelines.recovery import recover as recovery
    from terrace.report.json.deployments import recovery_json
    from terrace.report.terminal.recovery import leftovers_tree

    with show_progress(as_json=as_json) as watcher:
        examination = recovery.examine(project.deployment_context(watcher), deployment, statements)
    if not examination.obstacles and _agree_to_recover(examination, yes=yes, as_json=as_json):
        return run_deployment(
            project, "resume", lambda context: recovery.recover(context, examination), wait=wait, as_json=as_json
        )
    if as_json:
        emit(recovery_json(examination.deployment, _leftovers(examination), examination.obstacles))
    else:
        show(leftovers_tree(examination.deployment, _leftovers(examination), examination.obstacles))
        if not examination.obstacles:
            show(f"next: terrace resume {examination.deployment.environment} --yes")
    return 1


def _agree_to_recover(examination: Examination, *, yes: bool, as_json: bool) -> bool:
    import sys

    from terrace.apps.output.console import confirm_by_name, note, show
    from terrace.report.terminal.recovery import leftovers_tree

    if yes or not sys.stdin.isatty():
        return yes
    if not as_json:
        show(leftovers_tree(examination.deployment, _leftovers(examination), examination.obstacles))
    name = examination.deployment.environment
    agreed = confirm_by_name(name, f"this recovers {name} with a new plan; type its name to continue", yes=False)
    if not agreed:
        note("No changes were made.")
    return agreed


def _leftovers(examination: Examination) -> tuple[ApplyLeftovers, ...]:
    from terrace.report.leftovers import ApplyLeftovers

    return tuple(
        ApplyLeftovers(
            stack=apply.stack,
            attempt=apply.attempt,
            dead=not apply.alive,
            serial=apply.state.serial,
            imports=tuple((i.address, i.id) for i in apply.recovery.imports),
            open=apply.recovery.open,
            unfinished=apply.recovery.unfinished,
            forgets=apply.recovery.forgets,
            stale=tuple((old.address, old.recorded, old.made) for old in apply.recovery.stale),
            lock=apply.lock,
            ours=apply.ours,
            unsaved=apply.unsaved.serial if apply.unsaved is not None else None,
        )
        for apply in examination.remains
    )


def _settle(
    project: Project,
    deployment: Deployment,
    stacks: tuple[str, ...],
    reason: str,
    dead: str,
    *,
    yes: bool,
    as_json: bool,
) -> int:
    """Records that the actor accepts stacks with unknown outcome; exit 1 if more people are required."""
    import sys

    from terrace.apps.output.console import confirm_by_name, emit, note, show
    from terrace.apps.output.progress import Silent
    from terrace.pipelines.recovery import settlement
    from terrace.report.json.deployments import settled_json
    from terrace.report.terminal.recovery import accepted_tree

    named = [record for record in deployment.in_doubt if record.stack in stacks]
    if not as_json and not yes:
        for record in named:
            show(accepted_tree(record.stack, settlement.addresses(deployment, record)))
    name = deployment.environment
    question = "you checked all resources, and Terrace will not ask about this apply again; type the environment's name"
    if not yes and not (sys.stdin.isatty() and confirm_by_name(name, question, yes=False)):
        note("No changes were made. Pass --yes to confirm that you checked all resources.")
        return 1
    settled = settlement.settle(project.deployment_context(Silent()), deployment, stacks, reason, dead)
    if as_json:
        emit(settled_json(deployment, settled.accepted_by, settled.missing))
        return 1 if settled.missing else 0
    for line in settled.missing:
        show(f"still needed: {line}")
    if not settled.missing:
        show(f"next: terrace unhold {name} --reason WHY")
    return 1 if settled.missing else 0
