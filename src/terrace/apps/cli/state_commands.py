"""The commands below `terrace state`: names and options only; the work is imported when one is called."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON

ENVIRONMENTS = click.argument("environments", metavar="[ENV]...", nargs=-1)
STACK = click.argument("stack", metavar="STACK")


@click.group()
def state() -> None:
    """Copies of states: save, list, compare, bring back, and prove that they can be; and states made elsewhere."""


@state.command()
@ENVIRONMENTS
@click.option("--accept", "accepted", metavar="STACK", multiple=True, help="What looks wrong with this one is right.")
@JSON
@click.pass_obj
def backup(folder: str, environments: tuple[str, ...], accepted: tuple[str, ...], as_json: bool) -> int:
    """Look at states now, save those that moved, and forget what retention does not keep.

    A state that is gone, went back, or was started anew is an alarm until it is right again or accepted.

    \b
    Examples:
      terrace state backup
      terrace state backup prod --accept prod/network
    """
    from terrace.apps.cli.state import backup

    return backup(folder, environments, accepted, as_json=as_json)


@state.command("list")
@click.argument("place", metavar="[ENV[/STACK]]", required=False)
@JSON
@click.pass_obj
def list_(folder: str, place: str | None, as_json: bool) -> int:
    """Every copy with what it is of, newest first. No key is needed.

    \b
    Examples:
      terrace state list prod
      terrace state list prod/network --json
    """
    from terrace.apps.cli.state import listing

    return listing(folder, place, as_json=as_json)


@state.command()
@STACK
@click.argument("older", metavar="[BACKUP]", required=False)
@click.argument("newer", metavar="[BACKUP]", required=False)
@JSON
@click.pass_obj
def diff(folder: str, stack: str, older: str | None, newer: str | None, as_json: bool) -> int:
    """What changed from one copy to another, or to the state: addresses and names of attributes, never values.

    \b
    Examples:
      terrace state diff prod/network
      terrace state diff prod/network 20260105T120000Z 20260106T120000Z
    """
    from terrace.apps.cli.state import diff

    return diff(folder, stack, older, newer, as_json=as_json)


@state.command()
@STACK
@click.option("--from", "wanted", metavar="BACKUP", help="Which copy; the newest good one if not said.")
@click.option(
    "--accept", "accepted", metavar="WHAT", multiple=True, help="An address that may differ, or what it asks for."
)
@click.option("--reason", default="", help="Why; kept in the ledger.")
@click.option("--yes", is_flag=True, help="Do not ask for the name; needs --reason.")
@click.option("--takeover", is_flag=True, help="Whoever began the restore that is open is dead: go on in their place.")
@JSON
@click.pass_obj
def restore(
    folder: str,
    stack: str,
    wanted: str | None,
    accepted: tuple[str, ...],
    reason: str,
    yes: bool,
    takeover: bool,
    as_json: bool,
) -> int:
    """Make a copy the state again; put back what was there unless a plan then does nothing.

    The environment is held meanwhile. Killed anywhere, the same command finishes it or puts back what was there.

    \b
    Examples:
      terrace state restore prod/network
      terrace state restore prod --from 20260105T120000Z --reason "the bucket was emptied" --yes
      terrace state restore dev --accept terraform_data.it --accept later-apply
    """
    from terrace.apps.cli.state import restore

    return restore(folder, stack, wanted, accepted, reason, yes=yes, takeover=takeover, as_json=as_json)


@state.command()
@STACK
@click.option("--from", "path", metavar="PATH", help="The file of the state, where Terrace does not find it.")
@click.option("--accept", "accepted", metavar="ADDRESS", multiple=True, help="An object that may be created.")
@click.option("--reason", default="", help="Why; kept in the ledger.")
@click.option("--yes", is_flag=True, help="Do not ask for the name; needs --reason.")
@JSON
@click.pass_obj
def adopt(
    folder: str, stack: str, path: str | None, accepted: tuple[str, ...], reason: str, yes: bool, as_json: bool
) -> int:
    """Move a state that exists elsewhere to where Terrace plans the stack, so that nothing is created twice.

    It is the state at the address that the stack had at its last deployment, the one that Terraform left beside the
    stack or at the path of its backend block, or the one in the backend that `terraform init` recorded there. It is
    tried with a plan, backed up, moved, and compared. A state that is there already is never overwritten.

    \b
    Examples:
      terrace state adopt dev/network
      terrace state adopt dev/network --from ~/old/terraform.tfstate --reason "moved to Terrace" --yes
    """
    from terrace.apps.cli.state import adopt

    return adopt(folder, stack, path, accepted, reason, yes=yes, as_json=as_json)


@state.command()
@ENVIRONMENTS
@JSON
@click.pass_obj
def drill(folder: str, environments: tuple[str, ...], as_json: bool) -> int:
    """Bring the newest copies back where it hurts nobody, and measure RTO and RPO against the targets.

    \b
    Example:
      terrace state drill prod
    """
    from terrace.apps.cli.state import drill

    return drill(folder, environments, as_json=as_json)


@state.command()
@click.option("--old-key", "old_keys", metavar="env:NAME", multiple=True, help="A shared key of former days.")
@JSON
@click.pass_obj
def rekey(folder: str, old_keys: tuple[str, ...], as_json: bool) -> int:
    """Seal every copy for today's recipients or key. Each old one goes once its new one was read back.

    \b
    Example:
      terrace state rekey --old-key env:TERRACE_BACKUP_KEY_2025
    """
    from terrace.apps.cli.state import rekey

    return rekey(folder, old_keys, as_json=as_json)


@state.command()
@ENVIRONMENTS
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@JSON
@click.pass_obj
def prune(folder: str, environments: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Forget the copies that retention does not keep; `terrace state backup` does it too.

    \b
    Example:
      terrace state prune --dry-run
    """
    from terrace.apps.cli.state import prune

    return prune(folder, environments, dry_run=dry_run, as_json=as_json)


@click.command("adopt")
@ENVIRONMENTS
@click.option("--stack", "stacks", metavar="STACK", multiple=True, help="Only this one, by its name or key.")
@click.option("--print", "only_print", is_flag=True, help="Show what would be taken over, and write nothing.")
@click.option("--reason", default="", help="Why; kept in the ledger.")
@click.option("--yes", is_flag=True, help="Take over all that can be, without asking; needs --reason.")
@JSON
@click.pass_obj
def adopt_all(
    folder: str,
    environments: tuple[str, ...],
    stacks: tuple[str, ...],
    only_print: bool,
    reason: str,
    yes: bool,
    as_json: bool,
) -> int:
    """Take over every stack that something else deployed: find its state, plan on it, back it up, record it.

    It goes through the environments, or those that are named, and does for each stack what `terrace state adopt` does
    for one. No infrastructure is changed. It shows what differs from Git, and asks once. A stack that cannot be taken
    over is told with the reason, and the others go on: exit 1. The same command again goes on, and does nothing twice.

    \b
    Examples:
      terrace adopt --print
      terrace adopt dev
      terrace adopt prod --stack network --reason "moved to Terrace" --yes
    """
    from terrace.apps.cli.adopting import adopt

    return adopt(folder, environments, stacks, reason, only_print=only_print, yes=yes, as_json=as_json)


COMMANDS = (state, adopt_all)
