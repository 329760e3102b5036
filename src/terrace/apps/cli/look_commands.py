"""Commands that only tell: names and options only; the work is imported when one is called."""

from __future__ import annotations

import click

from terrace.apps.cli.options import ENVIRONMENT, JSON
from terrace.compliance.frameworks import NAMES


@click.command()
@JSON
@click.pass_obj
def status(folder: str, as_json: bool) -> int:
    """What is deployed where, and what each environment waits for."""
    from terrace.apps.cli.look import status

    return status(folder, as_json=as_json)


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
@click.option("-n", "limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@JSON
@click.pass_obj
def history(folder: str, environment: str | None, limit: int, as_json: bool) -> int:
    """Every deployment, newest first: who, what, when, how it ended."""
    from terrace.apps.cli.look import history

    return history(folder, environment, limit, as_json=as_json)


@click.command()
@click.argument("deployment")
@JSON
@click.pass_obj
def show(folder: str, deployment: str, as_json: bool) -> int:
    """One deployment with its steps and approvals, by its id or the environment's name."""
    from terrace.apps.cli.look import show

    return show(folder, deployment, as_json=as_json)


@click.group()
def report() -> None:
    """What the ledger can show to others: compliance."""


@report.command("compliance")
@click.option("--framework", "frameworks", multiple=True, metavar="NAME", help=f"One of {', '.join(NAMES)}; all.")
@click.option("--env", "environments", multiple=True, metavar=ENVIRONMENT, help="Which environments; all if not said.")
@click.option("--format", "style", type=click.Choice(("terminal", "markdown", "html", "json")), default="terminal")
@click.option("--output", metavar="FILE", type=click.Path(), help="Write to FILE and not to stdout.")
@click.option("--stale-after", type=click.IntRange(1), default=7, metavar="DAYS", help="Older looks pass nothing (7).")
@click.option("--period", type=click.IntRange(1), default=90, metavar="DAYS", help="Deployments looked at (90).")
@JSON
@click.pass_obj
def report_compliance(
    folder: str,
    frameworks: tuple[str, ...],
    environments: tuple[str, ...],
    style: str,
    output: str | None,
    stale_after: int,
    period: int,
    as_json: bool,
) -> int:
    """What was looked at for each control of CIS, SOC 2, PCI DSS and NIST 800-53: pass, fail, not evaluated, manual.

    It reads what `terrace check --all` and deployments left in the ledger; no tool and no credential is needed. A
    control passes only if something was there, all of it was looked at lately, and nothing is wrong or waived.

    \b
    Examples:
      terrace report compliance --framework cis-aws
      terrace report compliance --env prod --format html --output compliance.html
    """
    from terrace.apps.cli.compliance import told

    chosen = "json" if as_json else style
    return told(folder, frameworks, environments, chosen, output, stale_after, period)


@click.group()
def ledger() -> None:
    """What happened, for good: check it, or take it elsewhere."""


@ledger.command("verify")
@click.option("--head", metavar="HASH", help="A head that you noted: finds what was cut off since.")
@JSON
@click.pass_obj
def ledger_verify(folder: str, head: str | None, as_json: bool) -> int:
    """Find an altered, dropped, reordered or truncated event."""
    from terrace.apps.cli.ledger import ledger_verify

    return ledger_verify(folder, head, as_json=as_json)


@ledger.command("dismiss")
@click.argument("positions", nargs=-1, required=True, metavar="POSITION|FIRST-LAST...")
@click.option("--reason", required=True, help="What you found; kept in the ledger.")
@click.option("--as", "actor", help="Who you are, as the trust root's signers name you; else your Git identity.")
@click.option("--key", type=click.Path(), help="The SSH key to sign with; else the one that Git signs commits with.")
@click.option("--dry-run", is_flag=True, help="Only tell which events would count as absent; nothing is written.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@click.pass_obj
def ledger_dismiss(
    folder: str,
    positions: tuple[str, ...],
    reason: str,
    actor: str | None,
    key: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Let events that cannot be read count as absent: they no longer hold their environment.

    Name them by position, or by ranges of positions: of a range, only what cannot be read is dismissed, exactly as it
    is listed before you are asked. One event of the ledger names them all, the reason and you.

    Of an event that is dated in the future only the date stops counting, and those of the events after it that are
    dated in the future too: what they say counts as before. Name it alone.

    Look at them first (`terrace ledger export`). Signed with your SSH key; where the trust root names signers, only
    theirs counts.

    \b
    Examples:
      terrace ledger dismiss 41 --reason "not one of ours"
      terrace ledger dismiss 41 43-57 --reason "a flood of one token" --dry-run
    """
    from terrace.apps.cli.ledger import ledger_dismiss

    return ledger_dismiss(folder, positions, reason, actor, key, dry_run=dry_run, yes=yes, as_json=as_json)


@ledger.command("rekey")
@click.option("--old-key", metavar="env:NAME", help="The key of before: what it authenticates needs no other answer.")
@click.option("--reason", required=True, help="Why the key was changed; kept in the ledger.")
@click.option("--dry-run", is_flag=True, help="Only tell which events would count; nothing is written.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@click.pass_obj
def ledger_rekey(folder: str, old_key: str | None, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Change the key that authenticates the events of the ledger to the one that is set now.

    That is TERRACE_LEDGER_KEY, else the key of backups. Do it after a change of that key, before anything else. Without
    the old key you answer for every event whose code cannot be checked. They are listed before you are asked, those
    first that were written without the key while it was in use; `--dry-run` lists them and ends.

    \b
    Examples:
      terrace ledger rekey --reason "the old key is lost" --dry-run
      terrace ledger rekey --old-key env:OLD_KEY --reason "the key of 2025 was retired"
    """
    from terrace.apps.cli.ledger import ledger_rekey

    return ledger_rekey(folder, old_key, reason, dry_run=dry_run, yes=yes, as_json=as_json)


@ledger.command("begin")
@click.option("--reason", required=True, help="Why there is none; the first thing that the ledger keeps.")
@click.option("--as", "actor", help="Who you are, as the trust root's signers name you; else your Git identity.")
@click.option("--key", type=click.Path(), help="The SSH key to sign with; else the one that Git signs commits with.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@click.pass_obj
def ledger_begin(folder: str, reason: str, actor: str | None, key: str | None, yes: bool, as_json: bool) -> int:
    """Begin a ledger anew where tags say that something was deployed and the ledger is lost.

    Look for it first: a clone that has it can push it back. Holds, unknown outcomes and rejections that only it knew
    are gone. Signed with your SSH key; where the trust root names signers, only they begin one.
    """
    from terrace.apps.cli.ledger import ledger_begin

    return ledger_begin(folder, reason, actor, key, yes=yes, as_json=as_json)


@ledger.command("export")
@click.pass_obj
def ledger_export(folder: str) -> int:
    """Every event as one JSON object a line."""
    from terrace.apps.cli.ledger import ledger_export

    return ledger_export(folder)


COMMANDS = (
    status,
    history,
    show,
    report,
    ledger,
)
