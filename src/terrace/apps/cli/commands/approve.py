"""`terrace approve` and `terrace reject`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import ENV, FULL, RequiredText, signing_options

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.approvals.approve import Answer
    from terrace.pipelines.conversation.run_reviews import Recorded
    from terrace.report.json.setup import ReviewedJson

ROLE = click.option(
    "--role", default="", metavar="TEAM", help="Team you approve as. [default: your team, if you are in only one]"
)


@click.command()
@ENV
@click.argument("handle", metavar="[HASH]", required=False, default="")
@click.option("-m", "--comment", default="", help="Why; kept in the ledger.")
@click.option("--from-run", is_flag=True, help="Record the reviews of ENV in this GitHub Actions run.")
@ROLE
@FULL
@signing_options
@click.pass_obj
def approve(
    folder: str,
    environment: str,
    handle: str,
    comment: str,
    from_run: bool,
    role: str,
    full: bool,
    actor: str | None,
    key: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Show the pending plans of ENV, ask, and sign the approval with your SSH key.

    HASH is the hash of the pending plans (see `terrace status`). If the pending plans have changed, the command fails
    and records nothing.

    \b
    Examples:
      terrace approve staging
      terrace approve prod HASH --role security -m "reviewed with the network team"
    """
    if from_run:
        if comment or role or actor or key:
            raise click.UsageError("--from-run records the reviews of others: it takes no -m, --role, --as or --key")
        return _record_run_reviews(folder, environment, handle, as_json=as_json)
    project = _project_of(folder, actor, key)
    return _answer(project, environment, "approve", role, comment, handle=handle, full=full, yes=yes, as_json=as_json)


@click.command()
@ENV
@click.option(
    "-m",
    "--comment",
    type=RequiredText('terrace reject ENV -m "not before the sale"'),
    required=True,
    help="Why; kept in the ledger.",
)
@click.option("--withdraw", is_flag=True, help="Withdraw your rejection, so that the commit can be deployed again.")
@click.option(
    "--of", "of", default="", metavar="ID", help="With --withdraw: the id of a rejection, yours or of another person."
)
@ROLE
@signing_options
@click.pass_obj
def reject(
    folder: str,
    environment: str,
    comment: str,
    withdraw: bool,
    of: str,
    role: str,
    actor: str | None,
    key: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Reject the pending deployment of ENV. It ends without an apply.

    Until you withdraw the rejection, ENV refuses this commit and any deployment that contains one of these plans. If
    you are unavailable, two other people can withdraw it together.

    \b
    Examples:
      terrace reject prod -m "not before the sale"
      terrace reject prod --withdraw -m "the sale has ended"
    """
    if withdraw and role:
        raise click.UsageError("--withdraw takes no --role: it withdraws your rejections for all teams")
    if of and not withdraw:
        raise click.UsageError("--of needs --withdraw: it is the id of the rejection to withdraw")
    project = _project_of(folder, actor, key)
    if withdraw:
        return _withdraw(project, environment, comment, of, yes=yes, as_json=as_json)
    return _answer(project, environment, "reject", role, comment, yes=yes, as_json=as_json)


def _project_of(folder: str, actor: str | None, key: str | None) -> Project:
    from pathlib import Path

    from terrace.apps.wiring.project import Project

    return Project(Path(folder), actor=actor, key=Path(key) if key else None)


def _answer(
    project: Project,
    environment: str,
    answer: Answer,
    role: str,
    comment: str,
    *,
    handle: str = "",
    full: bool = False,
    yes: bool,
    as_json: bool,
) -> int:
    """Approves or rejects the pending plans; with a handle, only if they are the ones of that handle."""
    from terrace.apps.output.console import confirm, emit, note, show
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.mirroring import show_deployments
    from terrace.gates.model import Outcome
    from terrace.ledger import folds
    from terrace.pipelines.approvals import approve as approving
    from terrace.pipelines.deploy.planned_changes import planned_changes
    from terrace.pipelines.release_difference import difference_of
    from terrace.report.json.deployments import decision_json
    from terrace.report.release_words import difference_words
    from terrace.report.terminal.deployments import deployment_tree, gates_table
    from terrace.report.terminal.release_difference import difference_details

    project.environment(environment)
    approving.require_ledger(project.ledger.read(), environment)
    context = project.deployment_context(Silent())
    role = role or _only_role(project, environment)
    question = (
        f"{answer} the pending deployment of {environment} as {project.actor}" + (f" for {role}" if role else "") + "?"
    )
    history = context.ledger.read()
    waiting = folds.latest(history, environment)
    if not as_json and waiting is not None and waiting.open and waiting.waiting:
        show(deployment_tree(waiting, changes=planned_changes(context.kept_plans, waiting), full=full))
        brings = difference_of(context, history, waiting)
        show(f"{environment} would get: {difference_words(brings)}")
        for part in difference_details(brings):
            show(part)
    if not confirm(question, yes=yes):
        note("No changes were made.")
        return 1
    word = approving.GivenDecision(answer, role, comment, context.vouch, handle=handle)
    deployment, verdict = approving.answer(context, environment, word)
    if not deployment.open:
        show_deployments(project, [environment])
    if as_json:
        emit(decision_json(answer, deployment, verdict, planned_changes(context.kept_plans, deployment)))
    else:
        show(gates_table(verdict))
        if not deployment.open:
            show(f"deployment {deployment.id} ended: {'; '.join(deployment.reasons)}")
        elif verdict.outcome is Outcome.PASS:
            show(f"next: terrace resume {environment}")
    return 0


def _only_role(project: Project, environment: str) -> str:
    """Returns the only required role of this environment that the actor has; "" if there is none. Raises BadInput if
    there are several.
    """
    from terrace.errors import BadInput

    config = project.trust.config
    required = config.environment(environment).approvals.roles
    own_roles = [role for role in required if project.actor in config.teams.get(role, ())]
    if len(own_roles) > 1:
        raise BadInput(f"{project.actor} is in several required teams: {', '.join(own_roles)}", hint="pass --role TEAM")
    return own_roles[0] if own_roles else ""


def _withdraw(project: Project, environment: str, reason: str, of: str, *, yes: bool, as_json: bool) -> int:
    """Withdraws the rejections of the actor in an environment, or the one with an id."""
    from terrace.apps.output.console import confirm, emit, note, show
    from terrace.apps.output.progress import Silent
    from terrace.pipelines.approvals.withdraw import withdraw
    from terrace.report.json.deployments import WithdrawJson
    from terrace.text import visible

    project.environment(environment)
    context = project.deployment_context(Silent())
    rejections = f"the rejection {of}" if of else f"every rejection of {project.actor}"
    if not confirm(f"withdraw {rejections} in {environment} as {project.actor}?", yes=yes):
        note("No changes were made.")
        return 1
    done = withdraw(context, environment, reason, of=of)
    remaining = [no.id for no in done.remaining]
    if as_json:
        withdrawn = tuple(no.id for no in done.noes if no.id not in remaining)
        emit(WithdrawJson(environment=environment, withdrawn=withdrawn, standing=tuple(remaining)))
        return 0
    for no in done.noes:
        if no.id in remaining:
            show(f"the rejection of {visible(no.actor)} ({no.id}) remains until another person also withdraws it")
        else:
            show(f"the rejection of {visible(no.actor)} ({no.id}) is withdrawn")
    if not remaining:
        show(f"next: terrace deploy {environment}, or terrace promote {environment}: approvals are required again")
    return 0


def _record_run_reviews(folder: str, environment: str, handle: str, *, as_json: bool) -> int:
    """Records the reviews of an environment in this CI run.

    Exit 0 if no review was required, or if the run was restarted: the plans that the reviewers saw are unknown then.
    Raises BadInput if other plans are pending than the reviewers saw.
    """
    from pathlib import Path

    from terrace.adapters.environ import ENVIRON
    from terrace.adapters.github.actions import is_again, run_id
    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import show_progress
    from terrace.apps.wiring.conversation import conversation
    from terrace.apps.wiring.project import Project
    from terrace.errors import BadInput
    from terrace.pipelines.conversation.run_reviews import record
    from terrace.text import clip

    run = run_id(ENVIRON)
    if not handle:
        raise BadInput(
            "the hash of the reviewed plans is missing",
            hint=f"terrace approve {environment} HASH --from-run: the output `digest` of the job that planned",
        )
    # The reviewers may have seen the plans of another attempt: GitHub does not report the attempt of a review.
    again = is_again(ENVIRON)
    reviews: tuple[Recorded, ...] = ()
    with show_progress(as_json=as_json) as watcher:
        project = Project(Path(folder))
        project.trusted_environment(environment)
        if not again:
            talk = conversation(project.connected, project.trust.config.branch)
            crew_of = lambda actor: Project(Path(folder), actor=actor).audit_context(watcher)  # noqa: E731
            reviews = record(talk, project.trust.config, crew_of, run, environment, handle)
    if as_json:
        emit(_reviews_json(environment, reviews))
        return 0
    for review in reviews:
        ignored = "" if review.verdict is not None else f", which is ignored: {clip(review.why)}"
        show(f"{clip(review.login)}: {review.answer}{ignored}")
    if again:
        show("this workflow run was restarted, so its reviews are not recorded (hint: start a new run)")
    elif not reviews:
        show(f"GitHub required no review of {environment}: only Terrace's own approvals apply")
    return 0


def _reviews_json(environment: str, reviews: tuple[Recorded, ...]) -> ReviewedJson:
    from terrace.report.json.setup import ReviewedJson, ReviewPart

    return ReviewedJson(
        environment=environment,
        reviews=tuple(ReviewPart(login=r.login, answer=r.answer, counts=r.verdict is not None) for r in reviews),
        verdict=next((r.verdict.outcome for r in reversed(reviews) if r.verdict), None),
    )
