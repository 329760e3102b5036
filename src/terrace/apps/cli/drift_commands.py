"""The commands below `terrace drift`: names and options only; the work is imported when one is called."""

from __future__ import annotations

import click

from terrace.apps.cli.options import ENV, JSON, Spoken

STYLE = click.option("--format", "style", type=click.Choice(["terminal", "markdown", "json"]), default="terminal")
ENVS = click.argument("environments", metavar="[ENV]...", nargs=-1)


@click.group(cls=Spoken)
def drift() -> None:
    """Whether what is there is what was deployed, and what would undo what is not.

    Without a command it looks: `terrace drift prod` is `terrace drift look prod`.
    """


@drift.command("look")
@ENVS
@STYLE
@click.option("--watch", "keep", is_flag=True, help="Look again and again, until ^C.")
@click.option("--every", default="30m", show_default=True, metavar="TIME", help="How often, with --watch.")
@click.option("--remediate", "remedy", is_flag=True, help="Take back what terrace.yaml lets be taken back.")
@JSON
@click.pass_obj
def drift_look(
    folder: str, environments: tuple[str, ...], style: str, keep: bool, every: str, remedy: bool, as_json: bool
) -> int:
    """Compare every stack of ENV, or of all environments, with the commit that is deployed there.

    What was found is recorded, and nothing is changed without --remediate. Exit 1 when something drifted or could
    not be told.

    \b
    Examples:
      terrace drift
      terrace drift prod --format markdown
      terrace drift dev --remediate
      terrace drift --watch --every 30m
    """
    from terrace.apps.cli import drift as work

    style = "json" if as_json else style
    if keep:
        return work.watch(folder, environments, every, style, remedy=remedy)
    return work.look(folder, environments, style, remedy=remedy)


@drift.command("last")
@ENVS
@STYLE
@JSON
@click.pass_obj
def drift_last(folder: str, environments: tuple[str, ...], style: str, as_json: bool) -> int:
    """What the newest check found, without looking again."""
    from terrace.apps.cli.drift import last

    return last(folder, environments, "json" if as_json else style)


@drift.command("ack")
@ENV
@click.argument("address")
@click.option("--reason", required=True, help="Why it is so; kept in the ledger.")
@click.option("--attribute", "attributes", metavar="NAME", multiple=True, help="Only this attribute; may be repeated.")
@click.option("--stack", metavar="STACK", help="Which stack, where several have the address.")
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
    """Answer by name for what differs at ADDRESS, as it is now. Another value asks again.

    \b
    Examples:
      terrace drift ack prod aws_iam_role.app --reason "incident 4711, reverted by the end of the week"
      terrace drift ack prod aws_iam_role.app --attribute tags.team --reason "billing sets it"
    """
    from terrace.apps.cli.drift import ack

    return ack(folder, environment, address, reason, stack, attributes, as_json=as_json)


@drift.command("adopt")
@ENV
@click.argument("address")
@click.option("--stack", metavar="STACK", help="Which stack, where several have the address.")
@JSON
@click.pass_obj
def drift_adopt(folder: str, environment: str, address: str, stack: str | None, as_json: bool) -> int:
    """Write into the working tree what is at ADDRESS now, so that Git says it too.

    Only plain values in the resource's own block are written. For the rest it tells file and line, both values and
    why, and exits with 1.

    \b
    Example:
      terrace drift adopt prod aws_security_group.web
    """
    from terrace.apps.cli.drift import adopt

    return adopt(folder, environment, address, stack, as_json=as_json)


COMMANDS = (drift,)
