"""Commands that change an environment: names and options only; the work is imported when one is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from terrace.apps.cli.options import ENV, JSON, REACH, WAIT

if TYPE_CHECKING:
    from terrace.pipelines.context import Reach


@click.command()
@ENV
@click.option("--ref", metavar="REF", help="Which commit; the tip of the protected branch if not said.")
@REACH
@WAIT
@JSON
@click.pass_obj
def deploy(folder: str, environment: str, ref: str | None, reach: Reach, wait: bool, as_json: bool) -> int:
    """Take a commit into ENV as far as it goes now: to its end, or to where somebody must act.

    \b
    Examples:
      terrace deploy dev
      terrace deploy staging --ref v1.4.0
    """
    from terrace.apps.cli.deployment import deploy

    return deploy(folder, environment, ref, wait=wait, as_json=as_json, reach=reach)


@click.command()
@ENV
@REACH
@WAIT
@JSON
@click.pass_obj
def promote(folder: str, environment: str, reach: Reach, wait: bool, as_json: bool) -> int:
    """Take into ENV what succeeded in the environment before it.

    \b
    Example:
      terrace promote staging
    """
    from terrace.apps.cli.deployment import promote

    return promote(folder, environment, wait=wait, as_json=as_json, reach=reach)


def _answering(command: Any) -> Any:
    for option in (
        click.option("--role", default="", metavar="TEAM", help="The team you speak for; found when there is one."),
        click.option("--as", "actor", metavar="NAME", help="Who you are, if not the Git identity."),
        click.option("--key", metavar="FILE", type=click.Path(), help="SSH key to sign with (Git's signing key)."),
        click.option("--yes", is_flag=True, help="Do not ask whether you mean it."),
        JSON,
    ):
        command = option(command)
    return command


@click.command()
@ENV
@click.argument("handle", metavar="[HASH]", required=False, default="")
@click.option("-m", "--comment", default="", help="Why; kept in the ledger.")
@click.option("--from-run", is_flag=True, help="Write down what reviewers of ENV said to this run of GitHub Actions.")
@_answering
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
        from terrace.apps.cli.conversing import reviewed

        return reviewed(folder, environment, handle, as_json=as_json)
    from terrace.apps.cli.deployment import answer

    return answer(folder, environment, "approve", role, comment, actor, key, handle=handle, yes=yes, as_json=as_json)


@click.command()
@ENV
@click.option("-m", "--comment", required=True, help="Why; kept in the ledger.")
@click.option("--withdraw", is_flag=True, help="Take back your no instead, so that the commit may be deployed again.")
@click.option("--of", "of", default="", metavar="NO", help="With --withdraw: the id of a no, also of somebody else.")
@_answering
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
    from terrace.apps.cli.deployment import answer
    from terrace.apps.cli.deployment import withdraw as take_back

    if withdraw:
        if role:
            raise click.UsageError("--withdraw takes no --role: it takes back what you said, for whatever team")
        return take_back(folder, environment, comment, of, actor, key, yes=yes, as_json=as_json)
    if of:
        raise click.UsageError("--of names a no that is withdrawn: it goes with --withdraw")
    return answer(folder, environment, "reject", role, comment, actor, key, yes=yes, as_json=as_json)


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
@click.option("--import", "imports", multiple=True, metavar="ADDRESS=ID", help="Something that exists, by its id.")
@click.option("--absent", multiple=True, metavar="ADDRESS", help="Something that you looked for and that is not there.")
@click.option("--whole", multiple=True, metavar="ADDRESS", help="Something recorded that you found whole.")
@click.option("--gone", multiple=True, metavar="ADDRESS", help="Something recorded whose object is gone.")
@click.option("--again", multiple=True, metavar="ADDRESS", help="Something found again that may be made anew.")
@click.option("--dead", default="", metavar="WHY", help="Why whoever drove it, or its apply, is surely dead.")
@click.option("--unlock", default="", metavar="ID", help="A lock without a name that you know to be the dead apply's.")
@click.option("--settled", multiple=True, metavar="STACK", help="A stack of unknown outcome that you answer for.")
@click.option("--reason", default="", help="What you found, with --settled; kept in the ledger.")
@click.option("--yes", is_flag=True, help="Bring it in order without asking to type the environment's name back.")
@WAIT
@JSON
@click.pass_obj
def resume(
    folder: str,
    /,
    environment: str | None,
    imports: tuple[str, ...],
    settled: tuple[str, ...],
    reason: str,
    yes: bool,
    wait: bool,
    as_json: bool,
    **said: Any,
) -> int:
    """Go on with an open deployment: after approvals, or after an interruption.

    Where an apply ended and nobody knows how, it is never run again: this shows what it left (what was made and is not
    in the state, whose lock is there), and with your consent backs the state up, unlocks, imports, and plans anew.
    Where that cannot be done (the state is lost for good) --settled STACK writes down that you looked at everything
    that the apply was to make and answer for it; where approvals are asked two people have to.

    \b
    Examples:
      terrace resume prod
      terrace resume prod --import aws_vpc.main=vpc-0a1b --absent 'aws_subnet.a["x"]' --yes
      terrace resume prod --settled prod/network --reason "the account was closed: nothing of it exists"
    """
    from terrace.apps.cli.deployment import resume
    from terrace.apps.cli.recovering import told

    return resume(
        folder,
        environment,
        told=told(imports, **said),
        yes=yes,
        wait=wait,
        as_json=as_json,
        settled=settled,
        reason=reason,
    )


@click.command()
@ENV
@click.option("--to", metavar="REF", help="Which good release; the newest before this one if not said.")
@click.option("--reason", default="", help="Why; kept in the ledger. Needed unless it is only planned.")
@click.option("--plan-only", is_flag=True, help="Only tell what comes back and what is lost.")
@click.option("--allow", "allowed", multiple=True, metavar="[STACK:]ADDRESS", help="What may be lost, by its address.")
@click.option("--yes", is_flag=True, help="Do not ask to type the environment's name back.")
@REACH
@WAIT
@JSON
@click.pass_obj
def rollback(
    folder: str,
    environment: str,
    to: str | None,
    reason: str,
    plan_only: bool,
    allowed: tuple[str, ...],
    yes: bool,
    reach: Reach,
    wait: bool,
    as_json: bool,
) -> int:
    """Take ENV back to its last good release: a plan of the old commit, through the same gates.

    No state is pushed back. Afterwards ENV is held, and a commit that reverts Git is ready on a branch.

    \b
    Examples:
      terrace rollback prod --plan-only
      terrace rollback prod --reason "checkout answers 500"
      terrace rollback prod --to v1.4.0 --reason "..." --allow aws_sqs_queue.jobs
    """
    from terrace.apps.cli.undoing import rollback

    return rollback(
        folder,
        environment,
        to,
        reason,
        allowed,
        plan_only=plan_only,
        yes=yes,
        wait=wait,
        as_json=as_json,
        reach=reach,
    )


@click.command()
@ENV
@click.argument("stack", metavar="[STACK]", required=False)
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--allow", "allowed", multiple=True, metavar="STACK", help="A reader of outputs that stays behind.")
@click.option("--yes", is_flag=True, help="Do not ask to type the name back.")
@REACH
@JSON
@click.pass_obj
def destroy(
    folder: str,
    environment: str,
    stack: str | None,
    reason: str,
    allowed: tuple[str, ...],
    yes: bool,
    reach: Reach,
    as_json: bool,
) -> int:
    """Take down all that ENV holds, or one STACK of it, in reverse order and through the same gates.

    A last backup of every state is kept. What another deployed stack reads outputs of stays, unless --allow names that
    stack. Protected environments refuse: production, unless terrace.yaml says otherwise.

    \b
    Examples:
      terrace destroy dev --reason "the project ended"
      terrace destroy prod prod/search --reason "replaced"
    """
    from terrace.apps.cli.undoing import destroy

    return destroy(folder, environment, stack, reason, allowed, yes=yes, as_json=as_json, reach=reach)


@click.command()
@ENV
@click.option("--reason", required=True, help="Why nothing may enter.")
@JSON
@click.pass_obj
def hold(folder: str, environment: str, reason: str, as_json: bool) -> int:
    """Let no new deployment into ENV until somebody takes the hold back.

    \b
    Example:
      terrace hold prod --reason "incident 4711"
    """
    from terrace.apps.cli.deployment import hold

    return hold(folder, environment, reason, held=True, as_json=as_json)


@click.command()
@ENV
@click.option("--reason", required=True, help="Why it may take deployments again.")
@JSON
@click.pass_obj
def unhold(folder: str, environment: str, reason: str, as_json: bool) -> int:
    """Let ENV take deployments again.

    \b
    Example:
      terrace unhold prod --reason "incident 4711 is closed"
    """
    from terrace.apps.cli.deployment import hold

    return hold(folder, environment, reason, held=False, as_json=as_json)


@click.command()
@click.argument("environments", metavar="[ENV]...", nargs=-1)
@click.option("--due", "ahead", is_flag=True, help="Only tell where a deployment would enter or go on; needs no key.")
@REACH
@JSON
@click.pass_obj
def tick(folder: str, environments: tuple[str, ...], ahead: bool, reach: Reach, as_json: bool) -> int:
    """Do all that is due now, everywhere or in ENV, and exit: for cron, GitHub Actions, or by hand.

    Open deployments that may go on do; automatic environments take what is new on the protected branch; what bakes is
    measured; what failed is rolled back where terrace.yaml says so; a hold ends once Git says again what is live.
    """
    from terrace.apps.cli import ticking as work

    if ahead:
        return work.look_ahead(folder, environments, as_json=as_json)
    return work.tick(folder, environments, as_json=as_json, reach=reach)


COMMANDS = (
    deploy,
    promote,
    approve,
    reject,
    resume,
    rollback,
    destroy,
    hold,
    unhold,
    tick,
)
