"""Commands about a change: names and options only; the work is imported when one is called."""

from __future__ import annotations

import click

from terrace.apps.cli.options import FORMATS, JSON


@click.command()
@click.argument("environments", metavar="[ENV]...", nargs=-1)
@click.option("--base", metavar="REF", help="Compare with this commit instead of the protected branch.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="terminal")
@click.option("--output", metavar="FILE", type=click.Path(), help="Write to FILE and not to stdout.")
@click.option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Write this too; may be said again.")
@click.option("--explain", is_flag=True, help="Show every reason of the risk, and its place in the formula.")
@click.option("--fix", is_flag=True, help="First write what is sure: formatting, and pages of modules.")
@click.option("--publish", is_flag=True, help="Write it on the pull or merge request that this run of CI is for.")
@click.option("--plans", metavar="DIR", type=click.Path(), help="Judge the plans that `plan --seal` wrote there.")
@click.option("--static", is_flag=True, help="Plan nothing: for a change of strangers, whose code a plan would run.")
@click.option("--all", "everything", is_flag=True, help="Look at everything that is deployed, and record that.")
@click.option("--head", is_flag=True, help="With --all: look at the working tree; nothing is recorded.")
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
    fix: bool,
    publish: bool,
    plans: str | None,
    static: bool,
    everything: bool,
    head: bool,
    as_json: bool,
) -> int:
    """Everything a pull request is checked for, on the working tree.

    With --all everything that stands is looked at, at the commits that are deployed in ENV (in all if none is named):
    for a nightly run. It changes nothing; the ledger keeps what was seen, for `terrace report compliance`.

    \b
    Examples:
      terrace check                     the working tree against the protected branch
      terrace check --base HEAD~3       against another commit
      terrace check --fix               format what changed, write the pages of its modules, then check
      terrace check --format markdown   as a comment for a pull request
      terrace check --report html=check.html --report sarif=check.sarif
      terrace check --all               everything, as it is deployed
    """
    if everything:
        refused = {
            "--base": base,
            "--report": reports,
            "--explain": explain,
            "--fix": fix,
            "--publish": publish,
            "--plans": plans,
            "--static": static,
        }
        for option in (name for name, given in refused.items() if given):
            raise click.UsageError(f"{option} is about a change, and --all looks at everything")
        if style not in ("terminal", "markdown", "sarif", "json"):
            raise click.UsageError(f"--all is told as terminal, markdown, sarif or json, not as {style}")
        from terrace.apps.cli.audit import check_all

        return check_all(folder, environments, "json" if as_json else style, output, head=head)
    if environments or head:
        raise click.UsageError("environments and --head go with --all")
    if plans is not None and (static or fix):
        raise click.UsageError("--plans are of the working tree as it was: neither --static nor --fix goes with them")
    from terrace.apps.cli.change import check

    return check(
        folder,
        base,
        "json" if as_json else style,
        output,
        reports,
        explain=explain,
        fix=fix,
        publish=publish,
        plans=plans,
        static=static,
    )


@click.command()
@click.argument("rule", metavar="RULE")
@JSON
@click.pass_obj
def explain(folder: str, rule: str, as_json: bool) -> int:
    """What a rule of a check or of a policy means, or a factor of the risk: why it matters, how to fix and waive it.

    \b
    Examples:
      terrace explain trust-root
      terrace explain data-loss
      terrace explain aws-rds-public
    """
    from terrace.apps.cli.explain import explain

    return explain(folder, rule, as_json=as_json)


@click.command()
@click.option("--base", metavar="REF", help="Compare with this commit instead of the protected branch.")
@click.option("--why", is_flag=True, help="Show every chain from a changed file to the stack.")
@JSON
@click.pass_obj
def impact(folder: str, base: str | None, why: bool, as_json: bool) -> int:
    """Which stacks the working tree's changes touch, and through which modules.

    \b
    Examples:
      terrace impact --why
      terrace impact --base v1.2.0 --json
    """
    from terrace.apps.cli.change import impact

    return impact(folder, base, why=why, as_json=as_json)


@click.command()
@click.argument("stacks", nargs=-1, metavar="[STACK|ENV]...")
@click.option("--touched", metavar="ENV", help="The stacks of ENV that the working tree's changes touch; with --seal.")
@click.option("--seal", "file", metavar="FILE", type=click.Path(), help="Hand the plans over to `check --plans`.")
@JSON
@click.pass_obj
def plan(folder: str, stacks: tuple[str, ...], touched: str | None, file: str | None, as_json: bool) -> int:
    """Plan stacks of the working tree: all of them, those named (`prod/network`), or all of an environment (`dev`).

    With --touched and --seal a job that holds the account of one environment plans its part of a change, and another
    judges it: what is sealed with TERRACE_DIGEST_KEY is read with it, and counts for the same commit only.

    \b
    Examples:
      terrace plan dev
      terrace plan prod/network prod/app --json
    """
    if touched is not None and file is not None:
        if stacks or as_json:
            raise click.UsageError("--touched says which stacks, and --seal where they go")
        from terrace.apps.cli.change import hand

        return hand(folder, touched, file)
    if touched is not None or file is not None:
        raise click.UsageError("--touched and --seal go together")
    from terrace.apps.cli.change import plan

    return plan(folder, stacks, as_json=as_json)


COMMANDS = (
    check,
    explain,
    impact,
    plan,
)
