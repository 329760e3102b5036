"""Arguments and options that several commands have, and how their groups read."""

from __future__ import annotations

import click

ENVIRONMENT = "ENV"

FORMATS = ("terminal", "markdown", "html", "sarif", "junit", "json")
"""What `terrace check` can be told as; `terrace.apps.cli.reports` knows how."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/json.md).")
WAIT = click.option("--wait", is_flag=True, help="Sit through what mere time will do, such as a bake.")
REACH = click.option(
    "--no-apply",
    "reach",
    flag_value="plan",
    default="apply",
    help="Plan it, ask people, and leave the apply to a `resume` elsewhere.",
)
ENV = click.argument("environment", metavar=ENVIRONMENT)


class Spoken(click.Group):
    """A group whose first command goes without saying: `terrace drift prod` is `terrace drift look prod`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)
