"""`terrace drift`: find drift, acknowledge it, revert it, or adopt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import COMPLETE_STACK, ENV, ENVS, FULL, JSON, DefaultGroup, format_option
from terrace.report.formats import DRIFT_FORMATS

if TYPE_CHECKING:
    from datetime import timedelta

    from terrace.apps.wiring.project import Project
    from terrace.drift.checks import Check
    from terrace.drift.review import Review
    from terrace.pipelines.context import Context
    from terrace.pipelines.drift.remediate import RemediationResult

STYLE = format_option(DRIFT_FORMATS)
ONE_STACK = click.option(
    "--stack", metavar="STACK", shell_complete=COMPLETE_STACK, help="Stack of the address, if several stacks have it."
)


@click.group(cls=DefaultGroup)
def drift() -> None:
    """Detect drift between the live resources and the deployed commit, and show how to fix it.

    `look` is the default command: `terrace drift prod` is `terrace drift look prod`.
    """


@drift.command("look")
@ENVS
@STYLE
@click.option("--watch", "keep", is_flag=True, help="Repeat the check until ^C.")
@click.option("--every", default="30m", show_default=True, metavar="TIME", help="Interval of --watch.")
@click.option("--remediate", "remedy", is_flag=True, help="Revert the drift that terrace.yaml allows to be reverted.")
@FULL
@JSON
@click.pass_obj
def drift_look(
    folder: str,
    environments: tuple[str, ...],
    style: str,
    keep: bool,
    every: str,
    remedy: bool,
    full: bool,
    as_json: bool,
) -> int:
    """Compare every stack of ENV (default: all environments) with its deployed commit.

    The result is recorded. Nothing is changed without --remediate. Exits with 1 if there is drift, or if a check was
    inconclusive.

    \b
    Examples:
      terrace drift
      terrace drift prod --full
      terrace drift prod --format markdown
      terrace drift dev --remediate
      terrace drift --watch --every 30m
    """
    from pathlib import Path

    from terrace.apps.cli.drift_output import show_drift
    from terrace.apps.cli.job_result import Ending, end_job
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.mirroring import track_drift
    from terrace.apps.wiring.project import Project
    from terrace.apps.wiring.tick import review_drift
    from terrace.pipelines.drift import detect
    from terrace.report.markdown.drift import drift_markdown

    style = "json" if as_json else style
    if keep:
        return _watch(folder, environments, every, style, remedy=remedy, full=full)
    project = Project(Path(folder))
    chosen = _chosen_environments(project, environments)
    remedied: tuple[RemediationResult, ...] = ()
    with show_progress(as_json=style == "json") as watcher:
        context = project.deployment_context(watcher) if remedy else project.drift_context(watcher)
        checks = detect.look(context, chosen)
        if remedy:
            remedied, again = _remediate(context, _remediable(project, environments, chosen))
            checks += again
    reviewed_before = review_drift(project, chosen)
    _note_unreadable(project)
    track_drift(project, reviewed_before)
    reviews = tuple(review.of_look(checks) for review in reviewed_before)
    show_drift(reviews, style, remedied, refused=project.find_left_out(chosen), full=full)
    worst = next((r.check.status for r in reviews if r.check and r.check.status != "clean"), "clean")
    return end_job(Ending({"result": worst}, lambda: drift_markdown(reviews)), _exit_code(reviews))


@drift.command("last")
@ENVS
@STYLE
@JSON
@click.pass_obj
def drift_last(folder: str, environments: tuple[str, ...], style: str, as_json: bool) -> int:
    """Show the result of the last drift check, without a new one."""
    from pathlib import Path

    from terrace.apps.cli.drift_output import show_drift
    from terrace.apps.wiring.project import Project
    from terrace.apps.wiring.tick import review_drift

    project = Project(Path(folder))
    chosen = _chosen_environments(project, environments)
    reviews = review_drift(project, chosen)
    _note_unreadable(project)
    show_drift(reviews, "json" if as_json else style, refused=project.find_left_out(chosen))
    return _exit_code(reviews)


@drift.command("ack")
@ENV
@click.argument("address")
@click.option("--reason", required=True, help="Reason for the difference; recorded in the ledger.")
@click.option("--attribute", "attributes", metavar="NAME", multiple=True, help="Only this attribute. Repeatable.")
@ONE_STACK
@JSON
@click.pass_obj
def drift_ack(
    folder: str,
    environment: str,
    address: str,
    reason: str,
    attributes: tuple[str, ...],
    stack: str | None,
    as_json: bool,
) -> int:
    """Acknowledge the drift at ADDRESS under your name. A different value has to be acknowledged again.

    \b
    Examples:
      terrace drift ack prod aws_iam_role.app --reason "incident 4711, reverted by the end of the week"
      terrace drift ack prod aws_iam_role.app --attribute tags.team --reason "billing sets it"
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.drift.acknowledge import acknowledge
    from terrace.report.json.drift import DriftAckJson

    project = Project(Path(folder))
    resource = acknowledge(project.drift_context(Silent()), environment, address, reason, stack, attributes)
    if as_json:
        emit(
            DriftAckJson(
                environment=environment,
                stack=resource.stack,
                address=resource.address,
                paths=tuple(resource.paths),
                by=project.actor,
                reason=reason,
            )
        )
    else:
        paths = ", ".join(resource.paths)
        show(f"{project.actor} acknowledged the drift of {resource.address} in {resource.stack} ({paths})")
    return 0


@drift.command("adopt")
@ENV
@click.argument("address")
@ONE_STACK
@JSON
@click.pass_obj
def drift_adopt(folder: str, environment: str, address: str, stack: str | None, as_json: bool) -> int:
    """Write the live values of ADDRESS to the working tree, so that Git matches them.

    Only literal values in the resource's own block are written. For all others, the command prints the file, the line,
    both values and the reason, and exits with 1.

    \b
    Example:
      terrace drift adopt prod aws_security_group.web
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.project import Project
    from terrace.config.naming import quote_word
    from terrace.pipelines.drift.adopt import adopt
    from terrace.report.json.drift import drift_adopt_json
    from terrace.report.terminal.drift import drift_adoption

    project = Project(Path(folder))
    with show_progress(as_json=as_json) as watcher:
        proposed = adopt(project.drift_context(watcher), environment, address, stack)
    adoption = proposed.adoption
    if adoption.written:
        project.repository.write(proposed.path, adoption.content)
    if as_json:
        emit(drift_adopt_json(environment, address, proposed.stack, proposed.path, adoption))
    else:
        show(drift_adoption(proposed.path, adoption))
        if adoption.written:
            show(f"next: terrace plan {quote_word(proposed.stack)}, then commit and merge it")
    return 1 if adoption.left else 0


def _watch(folder: str, names: tuple[str, ...], every: str, style: str, *, remedy: bool, full: bool) -> int:
    """Checks at an interval, until ^C. A failed round is reported, and the next one follows.

    The rounds keep their own schedule, so that a missed round is noticed.
    """
    import time

    from terrace.adapters.interruption import INTERRUPTION
    from terrace.apps.cli.drift_output import show_drift
    from terrace.apps.cli.options import parse_interval
    from terrace.apps.output.console import note
    from terrace.apps.wiring.project import now
    from terrace.errors import TerraceError

    interval = parse_interval(every)
    begun = now()
    while True:
        due = now() + interval
        try:
            reviews, remedied = _run_round(folder, names, interval, remedy=remedy)
            show_drift(reviews, style, remedied, full=full)
            overdue = [r.status.overdue for r in reviews if r.status and r.status.overdue]
        except TerraceError as error:
            INTERRUPTION.check()
            note(f"error: {error}")
            overdue = [f"no round has succeeded since {begun:%Y-%m-%d %H:%M} UTC"] if now() - begun > interval else []
        else:
            begun = now()
        for sentence in overdue:
            note(f"alarm: {sentence}")
        note(f"{now():%Y-%m-%dT%H:%M:%SZ} checked; next check at {due:%H:%M:%SZ}")
        time.sleep(max(0.0, (due - now()).total_seconds()))


def _run_round(
    folder: str, names: tuple[str, ...], interval: timedelta, *, remedy: bool
) -> tuple[tuple[Review, ...], tuple[RemediationResult, ...]]:
    from pathlib import Path

    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.mirroring import track_drift
    from terrace.apps.wiring.project import Project
    from terrace.apps.wiring.tick import review_drift
    from terrace.pipelines.drift import detect

    # Everything is read again: rules, environments and ledger may have changed since the last round.
    project = Project(Path(folder))
    chosen = _chosen_environments(project, names)
    context = project.deployment_context(Silent()) if remedy else project.drift_context(Silent())
    checks = detect.look(context, chosen, interval)
    remedied, again = _remediate(context, _remediable(project, names, chosen)) if remedy else ((), ())
    detect.record_overdue(context, chosen)
    reviews = review_drift(project, chosen)
    track_drift(project, reviews)
    return tuple(review.of_look((*checks, *again)) for review in reviews), remedied


def _remediable(project: Project, names: tuple[str, ...], chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the environments whose drift can be reverted. A removed environment is included only by its name."""
    return names or tuple(
        environment.name for environment in project.trust.config.environments if environment.name in chosen
    )


def _remediate(context: Context, names: tuple[str, ...]) -> tuple[tuple[RemediationResult, ...], tuple[Check, ...]]:
    """Reverts the allowed drift, and checks the changed environments again, which shows whether it worked."""
    from terrace.ledger.deployment import Deployment
    from terrace.pipelines.drift import detect
    from terrace.pipelines.drift.remediate import remediate

    remedied = remediate(context, names)
    touched = [result.environment for result in remedied if any(isinstance(d, Deployment) for d in result.deployments)]
    return remedied, detect.look(context, touched) if touched else ()


def _chosen_environments(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the named environments, or all, including removed ones that still have resources."""
    from terrace.apps.output.console import note

    if names:
        return tuple(project.environment(name).name for name in names)
    former, lost = project.former_environments()
    for name in lost:
        note(f"note: {name} has deployed resources and is not checked: no commit of the protected branch has its rules")
    return tuple(environment.name for environment in (*project.trust.config.environments, *former))


def _note_unreadable(project: Project) -> None:
    """Prints a note if the stacks of the protected branch are unknown: the refused ones are missing then."""
    from terrace.apps.output.console import note
    from terrace.report.terminal.rules import unreadable_text

    problem = project.unreadable
    if problem is not None:
        for line in unreadable_text(problem, f"{project.root_place}").splitlines():
            note(f"note: {line}")


def _exit_code(reviews: tuple[Review, ...]) -> int:
    return 0 if all(r.check is None or r.check.status == "clean" for r in reviews) else 1
