"""`terrace state`: create, list, compare, restore and test state backups, and adopt existing states."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import COMPLETE_ENV_OR_STACK, ENVS, JSON, REASON, STACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terrace.apps.wiring.project import Project
    from terrace.drift.review import Review
    from terrace.pipelines.context import Context
    from terrace.states.restores import Restore, Restored


@click.group()
def state() -> None:
    """Manage state backups (create, list, compare, restore, test), and adopt existing states."""


@state.command("backup")
@ENVS
@click.option(
    "--accept", "accepted", metavar="STACK", multiple=True, help="Accept the state of STACK, although it looks wrong."
)
@JSON
@click.pass_obj
def state_backup(folder: str, environments: tuple[str, ...], accepted: tuple[str, ...], as_json: bool) -> int:
    """Check all states, back up those that changed, and delete the backups that retention does not keep.

    A state that is missing, has an older serial, or has a new lineage is an alarm until it is corrected or accepted.

    \b
    Examples:
      terrace state backup
      terrace state backup prod --accept prod/network
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.states.back_up import back_up
    from terrace.pipelines.states.retention import prune
    from terrace.report.json.states import state_backup_json
    from terrace.report.terminal.states import state_checks_table, state_problems
    from terrace.states.state_checks import problems

    project = Project(Path(folder))
    names = _chosen_environments(project, environments)
    with show_progress(as_json=as_json) as watcher:
        context = project.deployment_context(watcher)
        looks = back_up(context, names, frozenset(accepted))
        # While a state has a problem, any backup may be needed.
        dropped = prune(context, names) if all(look.good for look in looks) else None
    every = problems(context.ledger.read(), context.config, context.clock())
    chosen = {name: sentences for name, sentences in every.items() if name in names}
    if as_json:
        emit(state_backup_json(looks, chosen, dropped))
    else:
        show(state_checks_table(looks) if looks else "there are no deployments yet, so there is no state to back up")
        if chosen:
            show(state_problems(chosen))
    return 0 if all(look.good for look in looks) and not chosen else 1


@state.command("list")
@click.argument("place", metavar="[ENV[/STACK]]", required=False, shell_complete=COMPLETE_ENV_OR_STACK)
@JSON
@click.pass_obj
def state_list(folder: str, place: str | None, as_json: bool) -> int:
    """List the state backups with their stacks, newest first. No key is needed.

    \b
    Examples:
      terrace state list prod
      terrace state list prod/network --json
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.project import Project, now
    from terrace.report.json.states import state_list_json
    from terrace.report.terminal.states import backups_table, state_problems
    from terrace.states.backup_status import backup_statuses, good_backups
    from terrace.states.state_checks import problems

    project = Project(Path(folder))
    environment = project.trusted_environment(place.partition("/")[0]).name if place else None
    catalogue = project.backups().catalogue(environment, place if place and "/" in place else None)
    history = project.ledger.read()
    good = good_backups(history)
    statuses = {
        key: status for key, status in backup_statuses(history).items() if environment in (None, status.environment)
    }
    every = problems(history, project.trust.config, now())
    wrong = {name: sentences for name, sentences in every.items() if environment in (None, name)}
    if as_json:
        emit(state_list_json(catalogue, good, statuses, wrong, now()))
    else:
        show(backups_table(catalogue, good, statuses, now()) if catalogue.records else "there are no backups yet")
        if wrong:
            show(state_problems(wrong))
    return 0


@state.command("diff")
@STACK
@click.argument("older", metavar="[BACKUP]", required=False)
@click.argument("newer", metavar="[BACKUP]", required=False)
@JSON
@click.pass_obj
def state_diff(folder: str, stack: str, older: str | None, newer: str | None, as_json: bool) -> int:
    """Compare two backups, or a backup with the state: addresses and attribute names, never values.

    \b
    Examples:
      terrace state diff prod/network
      terrace state diff prod/network 20260105T120000Z 20260106T120000Z
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.states.compare import difference
    from terrace.report.json.states import state_diff_json
    from terrace.report.terminal.states import comparison

    project = Project(Path(folder))
    compared = difference(project.read_only_context(Silent()), stack, older, newer)
    if as_json:
        emit(state_diff_json(compared))
    else:
        show(comparison(compared))
    return 0


@state.command("restore")
@STACK
@click.option("--from", "backup", metavar="BACKUP", help="Backup to restore. [default: the last good one]")
@click.option(
    "--accept",
    "accepted",
    metavar="WHAT",
    multiple=True,
    help="A difference to accept: an address, or a name that the command prints.",
)
@REASON
@click.option("--yes", is_flag=True, help="Do not ask for the name of the stack. Needs --reason.")
@click.option("--takeover", is_flag=True, help="Continue an open restore of another process that is no longer running.")
@JSON
@click.pass_obj
def state_restore(
    folder: str,
    stack: str,
    backup: str | None,
    accepted: tuple[str, ...],
    reason: str,
    yes: bool,
    takeover: bool,
    as_json: bool,
) -> int:
    """Restore a state backup. If the plan is not empty afterwards, the previous state is put back.

    The environment is on hold during the restore. After an interruption, the same command finishes the restore, or
    puts the previous state back. After a restore, the environment is checked for drift, as by `terrace drift`.

    \b
    Examples:
      terrace state restore prod/network
      terrace state restore prod --from 20260105T120000Z --reason "the bucket was emptied" --yes
      terrace state restore dev --accept terraform_data.it --accept later-apply
    """
    from pathlib import Path

    from terrace.apps.output.console import confirm_by_name, emit, note, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.mirroring import track_drift
    from terrace.apps.wiring.project import Project
    from terrace.apps.wiring.tick import review_drift
    from terrace.errors import BadInput
    from terrace.pipelines.drift.restored import RestoreCheck, check_restored
    from terrace.pipelines.states.proposal import insist_on_accepted, propose
    from terrace.pipelines.states.restore import restore
    from terrace.pipelines.states.workspace import environment_of
    from terrace.report.json.states import state_restore_json
    from terrace.report.terminal.drift import drift_report
    from terrace.report.terminal.states import restore_proposal, restored_summary, unchecked_restore
    from terrace.states.restores import open_restore

    project = Project(Path(folder))
    with show_progress(as_json=as_json) as watcher:
        context = project.deployment_context(watcher)
        environment = environment_of(context, stack)
        begun = open_restore(context.ledger.read(), environment)
        if begun is not None and begun.stack == stack:
            with _note_open_restore(context, environment):
                done = _go_on(context, begun, backup, frozenset(accepted), takeover=takeover)
        else:
            proposal = propose(context, stack, backup)
            if not as_json:
                show(
                    restore_proposal(
                        proposal.stack, proposal.record, proposal.current, proposal.diff, proposal.obstacles
                    )
                )
            insist_on_accepted(proposal, frozenset(accepted))
            if yes and not reason:
                raise BadInput("--yes needs --reason WHY", hint="the reason is recorded in the ledger")
            if not confirm_by_name(stack, f"to restore the state of {stack}, type its name", yes=yes):
                note("No changes were made.")
                return 1
            with _note_open_restore(context, environment):
                done = restore(context, proposal, frozenset(accepted), reason or "no reason given")
        checked = check_restored(context, environment) if done.result == "restored" else RestoreCheck()
    reviews: tuple[Review, ...] = ()
    if checked.checks:
        recorded = review_drift(project, (environment,))
        track_drift(project, recorded)
        reviews = tuple(review.of_look(checked.checks) for review in recorded)
    if as_json:
        emit(state_restore_json(done, reviews, checked.problem))
    else:
        show(restored_summary(done))
        if reviews:
            show(drift_report(reviews))
        if done.result == "restored" and not checked.is_complete:
            show(unchecked_restore(environment, checked.problem))
    return 0 if done.result == "restored" else 1


@state.command("adopt")
@STACK
@click.option("--from", "path", metavar="PATH", help="State file, if Terrace does not find it.")
@click.option(
    "--accept", "accepted", metavar="ADDRESS", multiple=True, help="Address of a resource that can be created."
)
@REASON
@click.option("--yes", is_flag=True, help="Do not ask for the name of the stack. Needs --reason.")
@JSON
@click.pass_obj
def state_adopt(
    folder: str, stack: str, path: str | None, accepted: tuple[str, ...], reason: str, yes: bool, as_json: bool
) -> int:
    """Move an existing state to the state address of the stack, so that no resource is created twice.

    The existing state is at the state address of the last deployment, in a terraform.tfstate file of the stack or of
    its backend block, or in the backend that `terraform init` recorded. Terrace plans with it, backs it up, moves it,
    and compares both states. An existing state at the new address is never overwritten.

    \b
    Examples:
      terrace state adopt dev/network
      terrace state adopt dev/network --from ~/old/terraform.tfstate --reason "moved to Terrace" --yes
    """
    from pathlib import Path

    from terrace.apps.output.console import confirm_by_name, emit, note, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.project import Project
    from terrace.drift.state_adoption import Settled
    from terrace.errors import BadInput
    from terrace.pipelines.states.adopt import adopt, insist_on_no_creation, propose_adoption
    from terrace.report.json.adoption import state_adopt_json
    from terrace.report.terminal.states import adopted_summary, adoption_proposal, nothing_to_adopt

    project = Project(Path(folder))
    with show_progress(as_json=as_json) as watcher:
        context = project.deployment_context(watcher)
        proposed = propose_adoption(context, stack, path)
        if isinstance(proposed, Settled):
            if as_json:
                emit(state_adopt_json(proposed))
            else:
                show(nothing_to_adopt(proposed))
            return 0
        if not as_json:
            show(adoption_proposal(proposed))
        insist_on_no_creation(proposed, frozenset(accepted))
        if yes and not reason:
            raise BadInput("--yes needs --reason WHY", hint="the reason is recorded in the ledger")
        if not confirm_by_name(stack, f"to adopt that state for {stack}, type its name", yes=yes):
            note("No changes were made.")
            return 1
        done = adopt(context, proposed, frozenset(accepted), reason or "no reason given")
    if as_json:
        emit(state_adopt_json(done))
    else:
        show(adopted_summary(done))
    return 0


@state.command("drill")
@ENVS
@JSON
@click.pass_obj
def state_drill(folder: str, environments: tuple[str, ...], as_json: bool) -> int:
    """Test restores: restore the newest backups to an isolated location, and compare RTO and RPO with the targets.

    \b
    Example:
      terrace state drill prod
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.states.drill import drill
    from terrace.report.json.states import state_drill_json
    from terrace.report.terminal.states import drills_table

    project = Project(Path(folder))
    chosen = _chosen_environments(project, environments)
    with show_progress(as_json=as_json) as watcher:
        drills = drill(project.deployment_context(watcher), chosen)
    if as_json:
        emit(state_drill_json(drills))
    else:
        show(drills_table(drills) if drills else "there are no deployments yet, so there is no state to restore")
    return 1 if any(drill.result in ("missed", "failed") for drill in drills) else 0


@state.command("rekey")
@click.option("--old-key", "old_keys", metavar="env:NAME", multiple=True, help="A previous shared key.")
@JSON
@click.pass_obj
def state_rekey(folder: str, old_keys: tuple[str, ...], as_json: bool) -> int:
    """Re-encrypt all backups for the current recipients or key. Each old backup is deleted after verification.

    \b
    Example:
      terrace state rekey --old-key env:TERRACE_BACKUP_KEY_2025
    """
    from pathlib import Path

    from terrace.adapters.backup_encryption import read_key
    from terrace.adapters.environ import ENVIRON
    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.states.retention import rekey
    from terrace.report.json.states import state_rekey_json
    from terrace.report.terminal.states import rekeyed_tree

    project = Project(Path(folder), older_keys=tuple(read_key(spec, ENVIRON) for spec in old_keys))
    done = rekey(project.deployment_context(Silent()))
    if as_json:
        emit(state_rekey_json(done))
    else:
        show(rekeyed_tree(done))
    return 1 if done.failed else 0


@state.command("prune")
@ENVS
@click.option("--dry-run", is_flag=True, help="Show which backups would be deleted.")
@JSON
@click.pass_obj
def state_prune(folder: str, environments: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Delete the backups that retention does not keep. `terrace state backup` does this too.

    \b
    Example:
      terrace state prune --dry-run
    """
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.states.retention import prune
    from terrace.report.json.states import state_prune_json
    from terrace.report.terminal.states import pruned_tree

    project = Project(Path(folder))
    done = prune(project.deployment_context(Silent()), _chosen_environments(project, environments), dry_run=dry_run)
    if as_json:
        emit(state_prune_json(done, dry_run=dry_run))
    else:
        show(pruned_tree(done, dry_run=dry_run))
    return 0


@contextmanager
def _note_open_restore(context: Context, environment: str) -> Iterator[None]:
    """Prints, after an error, that the environment is on hold and how to continue the restore."""
    from contextlib import suppress

    from terrace.apps.output.console import note
    from terrace.config.naming import quote_word
    from terrace.errors import TerraceError
    from terrace.states.restores import open_restore

    try:
        yield
    except TerraceError:
        with suppress(TerraceError):
            unfinished = open_restore(context.ledger.read(), environment)
            if unfinished is not None:
                note(f"{environment} is on hold: the restore {unfinished.id} is unfinished")
                note(
                    f"next: terrace state restore {quote_word(unfinished.stack)}"
                    "  (continues, or puts the previous state back)"
                )
        raise


def _go_on(
    context: Context, begun: Restore, backup: str | None, accepted: frozenset[str], *, takeover: bool
) -> Restored:
    from terrace.apps.output.console import note
    from terrace.errors import BadInput
    from terrace.pipelines.states.restore import go_on

    if backup is not None and backup not in begun.backup:
        raise BadInput(
            f"the restore {begun.id} of {begun.stack} from {begun.backup} is unfinished",
            hint="continue it without --from first",
        )
    note(f"continuing the restore {begun.id} from {begun.backup}, started by {begun.by}")
    return go_on(context, begun, accepted, takeover=takeover)


def _chosen_environments(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the named environments, or all, in promotion order."""
    config = project.trust.config
    for name in names:
        project.trusted_environment(name)
    return tuple(e.name for e in config.environments if not names or e.name in names)
