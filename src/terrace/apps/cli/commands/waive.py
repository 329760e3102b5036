"""`terrace waive` and `terrace waivers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import COMPLETE_RULE, COMPLETE_STACK, JSON

if TYPE_CHECKING:
    from pathlib import Path

    from terrace.assess.waiver import Waiver
    from terrace.config.model import Config


@click.command()
@click.argument("rule", metavar="RULE", shell_complete=COMPLETE_RULE)
@click.argument("address", metavar="[ADDRESS]", default="")
@click.option("--path", default="", metavar="FILE", help="File of the finding, if it is not about a resource.")
@click.option(
    "--stack",
    default="",
    metavar="STACK",
    shell_complete=COMPLETE_STACK,
    help="Stack of the finding (`prod/app`). [default: every stack]",
)
@click.option("--owner", required=True, metavar="NAME", help="Owner of the waiver: a person or team of terrace.yaml.")
@click.option("--reason", required=True, help="Reason for accepting the finding.")
@click.option("--until", default="", metavar="DATE", help="Expiry date (2026-12-31). [default: the longest allowed]")
@click.option("--ticket", default="", help="Ticket that tracks the fix.")
@click.option("--unknown", is_flag=True, help="Waive a result that is unknown until apply.")
@JSON
@click.pass_obj
def waive(
    folder: str,
    rule: str,
    address: str,
    path: str,
    stack: str,
    owner: str,
    reason: str,
    until: str,
    ticket: str,
    unknown: bool,
    as_json: bool,
) -> int:
    """Add a waiver for one finding, with an owner and an expiry date.

    The finding is still reported, but does not block changes until the waiver expires. A waiver takes effect when it is
    merged into the protected branch.

    \b
    Examples:
      terrace waive s3-encryption aws_s3_bucket.logs --owner security --reason "moves to KMS" --until 2026-12-31
      terrace waive s3-encryption 'module.app.aws_s3_bucket.logs[*]' --stack prod/app --owner ann --reason "..."
      terrace waive format --path modules/app/main.tf --owner ann --reason "generated"
    """
    from pathlib import Path

    from terrace.apps.cli.options import parse_day
    from terrace.apps.cli.records import write_record_file
    from terrace.apps.output.console import emit, note, show
    from terrace.apps.wiring.project import Project, now
    from terrace.assess.waiver import PATH, Waiver
    from terrace.config.naming import unknown_name_error
    from terrace.errors import BadInput
    from terrace.report.json.waivers import waive_json
    from terrace.waivers.reading import read_waivers
    from terrace.waivers.writing import with_waiver

    project = Project(Path(folder), fetch=False)
    inventory = project.survey(project.repository.snapshot())
    config = inventory.config
    stacks = [stack.key for stack in inventory.stacks]
    if stack and stack not in stacks:
        raise unknown_name_error("stack", stack, stacks)
    if not address and not path:
        raise BadInput("the place of the finding is missing", hint="pass the ADDRESS of the resource, or --path FILE")
    today = now().date()
    waiver = Waiver(
        rule=rule,
        owner=owner,
        reason=reason,
        granted=today,
        expires=parse_day(until) if until else today + config.waivers.longest,
        address=address,
        path=path,
        stack=stack,
        ticket=ticket,
        unknown=unknown,
    )
    text = _text(project.repository.root / PATH)
    read_waivers(text.encode(), PATH, config)
    extended = with_waiver(text, waiver)
    written = _newest_waiver(extended, config)
    write_record_file(project.repository.root, PATH, extended)
    _note_unknown_rule(folder, rule)
    if as_json:
        emit(waive_json(written))
    else:
        show(f"{PATH}:{written.line}: {written.about}, waived by {written.owner} until {written.expires}")
        note(
            "The waiver takes effect when it is merged into the protected branch. "
            "Until then, `terrace check` shows its effect."
        )
    return 0


def _note_unknown_rule(folder: str, rule: str) -> None:
    """Prints a note about an unknown rule: it may be the rule of a scanner, or misspelled."""
    import re

    from terrace.apps.output.console import note
    from terrace.apps.wiring.rules import rule_names
    from terrace.config.naming import find_nearest

    names = rule_names(folder)
    if rule not in names and re.fullmatch("[a-z][a-z0-9-]*", rule):
        near = find_nearest(rule, names)
        note(f"note: Terrace knows no rule {rule!r}" + (f"; did you mean {near!r}?" if near else ""))


def _text(file: Path) -> str:
    from terrace.errors import BadInput

    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error


def _newest_waiver(text: str, config: Config) -> Waiver:
    """Returns the last waiver of a text. Raises BadInput if the text is invalid."""
    from terrace.assess.waiver import PATH
    from terrace.config.problems import BadConfig
    from terrace.errors import BadInput
    from terrace.waivers.reading import read_waivers

    try:
        return read_waivers(text.encode(), PATH, config)[-1]
    except BadConfig as error:
        raise BadInput("; ".join(problem.message for problem in error.problems), hint=error.problems[0].hint) from error


@click.command()
@JSON
@click.pass_obj
def waivers(folder: str, as_json: bool) -> int:
    """List the waivers of the working tree, with their owners and the days left."""
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.project import Project, now
    from terrace.checks.secrets.baseline import PATH, read_baseline
    from terrace.report.json.waivers import waivers_json
    from terrace.report.terminal.waivers import waivers_list

    project = Project(Path(folder), fetch=False)
    head = project.survey(project.repository.snapshot())
    waivers = project.waivers(head)
    tree = project.repository.tree(head.commit)
    secrets = tuple(read_baseline(tree.read(PATH)).accepted.values()) if PATH in tree.entries else ()
    today = now().date()
    if as_json:
        emit(waivers_json(waivers, secrets, today))
    else:
        show(waivers_list(waivers, secrets, today))
    return 0
