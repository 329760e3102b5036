"""Arguments and options of several commands, and the group whose first command can be omitted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from terrace.apps.cli.completed_values import completer, deployments, environments, rules, stacks

if TYPE_CHECKING:
    from datetime import date, timedelta

ENVIRONMENT = "ENV"

COMPLETE_ENV = completer(environments)
COMPLETE_STACK = completer(stacks)
COMPLETE_RULE = completer(rules)
COMPLETE_ENV_OR_DEPLOYMENT = completer(environments, deployments)
COMPLETE_SUBJECT = completer(environments, deployments, rules)
COMPLETE_ENV_OR_STACK = completer(environments, stacks)

ENV = click.argument("environment", metavar=ENVIRONMENT, shell_complete=COMPLETE_ENV)
ENVS = click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=COMPLETE_ENV)
STACK = click.argument("stack", metavar="STACK", shell_complete=COMPLETE_STACK)

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/json.md).")
FULL = click.option("--full", is_flag=True, help="Show every change and every value completely.")
WAIT = click.option("--wait", is_flag=True, help="Wait for timers such as the bake time.")
REACH = click.option(
    "--no-apply",
    "reach",
    flag_value="plan",
    default="apply",
    help="Plan and request approval, but do not apply. Apply later with `terrace resume`.",
)
BASE = click.option("--base", metavar="REF", help="Commit to compare with. [default: the protected branch]")
OUTPUT = click.option("--output", metavar="FILE", type=click.Path(), help="Write to FILE instead of stdout.")
REASON = click.option("--reason", default="", help="Reason; recorded in the ledger.")
ACTOR = click.option("--as", "actor", metavar="NAME", help="Your name. [default: your Git identity]")
KEY = click.option(
    "--key", metavar="FILE", type=click.Path(), help="SSH key to sign with. [default: Git's signing key]"
)
YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")

Function = TypeVar("Function", bound=Callable[..., Any])


class RequiredText(click.types.StringParamType):
    """The text of a required option. Where it is missing, the error gives an example of the command."""

    def __init__(self, example: str) -> None:
        self._example = example

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """Returns the example, for the environment of the command where it is known."""
        environment = ctx.params.get("environment") if ctx is not None else None
        return f"For example: {self._example.replace(ENVIRONMENT, environment or ENVIRONMENT)}"


def format_option(formats: Iterable[str]) -> Callable[[Function], Function]:
    """Returns the option --format of a command whose report has these formats."""
    return click.option("--format", "style", type=click.Choice(tuple(formats)), default="terminal")


def signing_options(command: Function) -> Function:
    """Adds the options of commands that sign a decision: --as, --key, --yes and --json."""
    for option in (ACTOR, KEY, YES, JSON):
        command = option(command)
    return command


class DefaultGroup(click.Group):
    """A group whose first command can be omitted: `terrace drift prod` is `terrace drift look prod`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


def parse_interval(text: str) -> timedelta:
    """Returns a duration written as in terrace.yaml, such as 30m. Raises BadInput."""
    from terrace.config.kinds import Duration, parse_duration
    from terrace.errors import BadInput

    interval = parse_duration(text)
    if not interval:
        raise BadInput(f"{text!r} is not {Duration(zero=False).description}", hint="for example: --every 30m")
    return interval


def parse_day(text: str) -> date:
    """Returns a date written as 2026-12-31. Raises BadInput."""
    from datetime import date, timedelta

    from terrace.apps.wiring.project import now
    from terrace.errors import BadInput

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        example = now().date() + timedelta(days=90)
        raise BadInput(f"{text!r} is not a date", hint=f"write it as {example}") from error
