"""`terrace approve` and `terrace reject`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import ENV, signing_options

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.approvals.approve import Answer
    from terrace.pipelines.conversation.run_reviews import Recorded
    from terrace.report.json.setup import ReviewedJson

ROLE = click.option("--role", default="", metavar="TEAM", help="The team you speak for; found when there is one.")


@click.command()
@ENV
@click.argument("handle", metavar="[HASH]", required=False, default="")
@click.option("-m", "--comment", default="", help="Why; kept in the ledger.")
@click.option("--from-run", is_flag=True, help="Write down what reviewers of ENV said to this run of GitHub Actions.")
@ROLE
@signing_options
@click.pass_obj
def approve(
    folder: str,
    environment: str,
    handle: str,
    comment: str,
    from_run: bool,
    role: str,
    actor: str | None,
    key: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Say yes to exactly the plans that wait in ENV, signed with your SSH key.

    HASH is their handle, as `terrace status` tells it; if something else waits by then, nothing is written.

    \b
    Examples:
      terrace approve staging
      terrace approve prod HASH --role security -m "reviewed with the network team"
    """
    if from_run:
        if comment or role or actor or key:
            raise click.UsageError("--from-run writes down what others said: it takes no -m, --role, --as or --key")
        return _record_run_reviews(folder, environment, handle, as_json=as_json)
    project = _project_of(folder, actor, key)
    return _answer(project, environment, "approve", role, comment, handle=handle, yes=yes, as_json=as_json)


@click.command()
@ENV
@click.option("-m", "--comment", required=True, help="Why; kept in the ledger.")
@click.option("--withdraw", is_flag=True, help="Take back your no instead, so that the commit may be deployed again.")
@click.option("--of", "of", default="", metavar="NO", help="With --withdraw: the id of a no, also of somebody else.")
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
    """Say no to what waits in ENV: the deployment ends, nothing is applied.

    ENV takes no deployment of that commit, and none with one of these plans, until you withdraw your no. Two other
    people can withdraw it together if you cannot.

    \b
    Examples:
      terrace reject prod -m "not before the sale"
      terrace reject prod --withdraw -m "the sale is over"
    """
    if withdraw and role:
        raise click.UsageError("--withdraw takes no --role: it takes back what you said, for whatever team")
    if of and not withdraw:
        raise click.UsageError("--of names a no that is withdrawn: it goes with --withdraw")
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
    yes: bool,
    as_json: bool,
) -> int:
    """Approves or rejects what waits; with a handle, only if exactly that does."""
    import sys

    from terrace.apps.output.console import confirmed, emit, note, show
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.mirroring import show_deployments
    from terrace.gates.model import Outcome
    from terrace.ledger import folds
    from terrace.pipelines.approvals import approve as approving
    from terrace.report.json.deployments import decision_json
    from terrace.report.terminal.deployments import deployment_tree, gates_table

    project.environment(environment)
    crew = project.deployment_context(Silent())
    role = role or _only_role(project, environment)
    question = f"{answer} what waits in {environment} as {project.actor}" + (f" for {role}" if role else "") + "?"
    if not as_json and sys.stdin.isatty() and not yes:
        waiting = folds.latest(crew.ledger.read(), environment)
        if waiting is not None and waiting.open:
            show(deployment_tree(waiting))
    if not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    word = approving.Word(answer, role, comment, crew.vouch, handle=handle)
    deployment, verdict = approving.answer(crew, environment, word)
    if not deployment.open:
        show_deployments(project, [environment])
    if as_json:
        emit(decision_json(answer, deployment, verdict))
    else:
        show(gates_table(verdict))
        if not deployment.open:
            show(f"deployment {deployment.id} ended: {'; '.join(deployment.reasons)}")
        elif verdict.outcome is Outcome.PASS:
            show(f"next: terrace resume {environment}")
    return 0


def _only_role(project: Project, environment: str) -> str:
    """The one role of this environment's gates that the actor can fill; "" when there is none. Raises BadInput where
    there are several."""
    from terrace.errors import BadInput

    config = project.trust.config
    asked = config.environment(environment).approvals.roles
    mine = [role for role in asked if project.actor in config.teams.get(role, ())]
    if len(mine) > 1:
        raise BadInput(f"{project.actor} is in several teams that are asked: {', '.join(mine)}", hint="say --role TEAM")
    return mine[0] if mine else ""


def _withdraw(project: Project, environment: str, reason: str, of: str, *, yes: bool, as_json: bool) -> int:
    """Takes back the rejections of the actor in an environment, or the one with an id."""
    from terrace.apps.output.console import confirmed, emit, note, show
    from terrace.apps.output.progress import Silent
    from terrace.pipelines.approvals.withdraw import withdraw
    from terrace.report.json.deployments import WithdrawJson
    from terrace.text import visible

    project.environment(environment)
    crew = project.deployment_context(Silent())
    whose = f"the no {of}" if of else f"every no of {project.actor}"
    if not confirmed(f"withdraw {whose} in {environment} as {project.actor}?", yes=yes):
        note("nothing was written")
        return 1
    done = withdraw(crew, environment, reason, of=of)
    left = [no.id for no in done.standing]
    if as_json:
        withdrawn = tuple(no.id for no in done.noes if no.id not in left)
        emit(WithdrawJson(environment=environment, withdrawn=withdrawn, standing=tuple(left)))
        return 0
    for no in done.noes:
        if no.id in left:
            show(f"the no of {visible(no.actor)} ({no.id}) stands until another person withdraws it too")
        else:
            show(f"the no of {visible(no.actor)} ({no.id}) is withdrawn")
    if not left:
        show(f"next: terrace deploy {environment}, or terrace promote {environment}: it asks people again")
    return 0


def _record_run_reviews(folder: str, environment: str, handle: str, *, as_json: bool) -> int:
    """Records what reviewers of an environment answered to this run of CI.

    Exit 0 where nobody was asked, or where it cannot be told what they were shown, since the run was started again.
    Raises BadInput where something else waits than what they were shown.
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
    from terrace.text import clipped

    run = run_id(ENVIRON)
    if not handle:
        raise BadInput(
            "it must be said what the reviewers were shown",
            hint=f"terrace approve {environment} HASH --from-run: the output `digest` of the job that planned",
        )
    # They were shown the plans of another attempt, and GitHub does not tell which attempt they answered to.
    again = is_again(ENVIRON)
    reviews: tuple[Recorded, ...] = ()
    with show_progress(as_json=as_json) as watcher:
        project = Project(Path(folder))
        project.named(environment)
        if not again:
            talk = conversation(project.connected, project.trust.config.branch)
            crew_of = lambda actor: Project(Path(folder), actor=actor).audit_context(watcher)  # noqa: E731
            reviews = record(talk, project.trust.config, crew_of, run, environment, handle)
    if as_json:
        emit(_reviews_json(environment, reviews))
        return 0
    for review in reviews:
        known = "" if review.verdict is not None else f", which does not count: {clipped(review.why)}"
        show(f"{clipped(review.login)} said {review.answer}{known}")
    if again:
        show("this run was started before, so nothing that was answered to it is written down (hint: start a new one)")
    elif not reviews:
        show(f"GitHub asked nobody about {environment}: what Terrace asks is the only gate")
    return 0


def _reviews_json(environment: str, reviews: tuple[Recorded, ...]) -> ReviewedJson:
    from terrace.report.json.setup import ReviewedJson, ReviewPart

    return ReviewedJson(
        environment=environment,
        reviews=tuple(ReviewPart(login=r.login, answer=r.answer, counts=r.verdict is not None) for r in reviews),
        verdict=next((r.verdict.outcome.value for r in reversed(reviews) if r.verdict), None),
    )
