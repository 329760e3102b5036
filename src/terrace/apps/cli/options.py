"""Arguments and options that several commands have."""

from __future__ import annotations

import click

ENVIRONMENT = "ENV"

FORMATS = ("terminal", "markdown", "html", "sarif", "junit", "json")
"""What `terrace check` can be told as; `terrace.apps.cli.reports` knows how."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/json.md).")
WAIT = click.option("--wait", is_flag=True, help="Sit through what mere time will do, such as a bake.")
ENV = click.argument("environment", metavar=ENVIRONMENT)
