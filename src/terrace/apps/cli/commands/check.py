"""`terrace check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import BASE, ENVS, FULL, JSON, OUTPUT, format_option
from terrace.report.formats import AUDIT_FORMATS, CHECK_FORMATS

if TYPE_CHECKING:
    from pathlib import Path

    from terrace.apps.wiring.project import Project
    from terrace.pipelines.planning import Planned
    from terrace.stacks.model import ChangeSet


@click.command()
@ENVS
@BASE
@format_option(CHECK_FORMATS)
@OUTPUT
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=FILE",
    help=f"An additional report; FORMAT is {', '.join(CHECK_FORMATS)}. Repeatable.",
)
@click.option("--explain", is_flag=True, help="Show every risk factor with its part of the score.")
@FULL
@click.option("--fix", is_flag=True, help="Apply automatic fixes first: formatting and generated module docs.")
@click.option("--publish", is_flag=True, help="Publish the result on the pull or merge request of this CI run.")
@click.option(
    "--plans", metavar="DIR", type=click.Path(), help="Evaluate the plans that `plan --seal FILE` wrote to DIR."
)
@click.option(
    "--static", is_flag=True, help="Skip planning. For untrusted changes, because planning executes their code."
)
@click.option("--all", "everything", is_flag=True, help="Check everything that is deployed, and record the result.")
@click.option("--head", is_flag=True, help="With --all: check the working tree, and record nothing.")
@JSON
@click.pass_obj
def check(
    folder: str,
    environments: tuple[str, ...],
    base: str | None,
    style: str,
    output: str | None,
    reports: tuple[str, ...],
    explain: bool,
    full: bool,
    fix: bool,
    publish: bool,
    plans: str | None,
    static: bool,
    everything: bool,
    head: bool,
    as_json: bool,
) -> int:
    """Run all checks of a pull request on the working tree.

    With --all, check the deployed configuration of ENV (default: every environment) instead of the change. This is
    intended for nightly runs. It changes nothing. The ledger keeps the results for `terrace report compliance`.

    \b
    Examples:
      terrace check                     the working tree against the protected branch
      terrace check --base HEAD~3       against another commit
      terrace check --fix               format changed files, write the docs of their modules, then check
      terrace check --format markdown   as a comment for a pull request
      terrace check --report html=check.html --report sarif=check.sarif
      terrace check --all               everything that is deployed
    """
    if everything:
        only_for_changes = {
            "--base": base,
            "--report": reports,
            "--explain": explain,
            "--full": full,
            "--fix": fix,
            "--publish": publish,
            "--plans": plans,
            "--static": static,
        }
        for option in (name for name, value in only_for_changes.items() if value):
            raise click.UsageError(f"{option} is about a change, and --all checks everything that is deployed")
        if style not in AUDIT_FORMATS:
            raise click.UsageError(f"--all supports the formats {', '.join(AUDIT_FORMATS)}, not {style}")
        return _check_everything(folder, environments, "json" if as_json else style, output, head=head)
    if environments or head:
        raise click.UsageError("environments and --head need --all")
    if plans is not None and (static or fix):
        raise click.UsageError("--plans cannot be combined with --static or --fix")
    return _check_change(
        folder,
        base,
        "json" if as_json else style,
        output,
        reports,
        explain=explain,
        full=full,
        fix=fix,
        publish=publish,
        plans=plans,
        static=static,
    )


def _check_change(
    folder: str,
    base: str | None,
    style: str,
    output: str | None,
    reports: tuple[str, ...],
    *,
    explain: bool,
    full: bool,
    fix: bool,
    publish: bool,
    plans: str | None,
    static: bool,
) -> int:
    """Checks the change of the working tree; exit 1 if it must not be merged.

    Raises NotReady with `publish` if the result cannot be published: the published one may be of an older commit.
    """
    from dataclasses import replace
    from pathlib import Path

    from terrace.apps.cli.job_result import Ending, end_job
    from terrace.apps.cli.reports import requested_reports
    from terrace.apps.output.console import note
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.checking import change_in_working_tree, run_checks
    from terrace.apps.wiring.mirroring import show_findings
    from terrace.apps.wiring.project import Project
    from terrace.report.markdown.comment import comment

    requested = requested_reports(Path(folder), style, output, reports)
    project = Project(Path(folder))
    project.plans_nothing = static
    page = project.page() if publish else None
    change_set, inventory = change_in_working_tree(project, base)
    if fix and _fix(project, change_set):
        change_set, inventory = change_in_working_tree(project, base)
    with show_progress(as_json=style == "json") as watcher:
        by = _planner(project, Path(folder), plans, static=static)
        record = run_checks(project, project.read_only_context(watcher), change_set, inventory, by)
    record = replace(record, explain=explain, full=full)
    for report in requested:
        report.write(CHECK_FORMATS[report.format.name](record))
    if page is not None:
        from terrace.pipelines.check import publishing

        for address in publishing.publish(page, record):
            note(f"published: {address}")
        if why := show_findings(project, record):
            note(f"note: {why}")
    result = "passed" if record.passed else "blocked"
    return end_job(Ending({"result": result}, lambda: comment(record)), 0 if record.passed else 1)


def _planner(project: Project, folder: Path, plans: str | None, *, static: bool) -> Planned:
    from terrace.apps.wiring.handover import refuse_to_plan, take_over
    from terrace.pipelines.planning import plan_in

    if static:
        return refuse_to_plan
    return plan_in if plans is None else take_over(folder / plans, project.digest_key).plan


def _fix(project: Project, change_set: ChangeSet) -> bool:
    """Applies the fixes, prints them on stderr, and returns whether a file was written."""
    from terrace.apps.cli.fixes import apply_fixes
    from terrace.apps.output.console import note
    from terrace.text import visible

    fixes = apply_fixes(project, change_set)
    for fix in fixes:
        path = visible(fix.path)
        note(f"not changed: {path}: {fix.why_not}" if fix.why_not else f"wrote {path} ({fix.what})")
    if not fixes:
        note("nothing to fix")
    return any(not fix.why_not for fix in fixes)


def _check_everything(folder: str, names: tuple[str, ...], style: str, output: str | None, *, head: bool) -> int:
    """Checks everything that is deployed; exit 1 if a finding would block a change.

    With `head`, the working tree is checked instead, and nothing is recorded.
    """
    from pathlib import Path

    from terrace.apps.cli.reports import requested_report
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.audit import chosen_environments, record_audit, run_audit
    from terrace.apps.wiring.mirroring import track_audits
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.audit import Target, abandoned_targets, at_commit, targets

    report = requested_report(Path(folder), style, output)
    project = Project(Path(folder))
    environments = chosen_environments(project, names)
    with show_progress(as_json=style == "json") as watcher:
        context = project.audit_context(watcher)
        history = context.ledger.read()
        if head:
            commit = project.repository.snapshot()
            goals = tuple(Target(at_commit(context, commit, name, "working tree")) for name in environments)
        else:
            goals = targets(context, history, environments) + (() if names else abandoned_targets(context, history))
        audits, rules = run_audit(project, context, goals)
    failed = None if head else record_audit(context, history, audits, rules)
    if not head:
        track_audits(project, audits)
    report.write(AUDIT_FORMATS[style](audits))
    if failed is not None:
        raise failed
    return 1 if any(audit.blocking for audit in audits) else 0
