"""`terrace config`: the schema of terrace.yaml, and its validation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import JSON

if TYPE_CHECKING:
    from pathlib import Path

    from terrace.config.model import ApprovalRule, Config
    from terrace.config.problems import Problem
    from terrace.report.json.setup import ConfigProblem
    from terrace.stacks.inventory import Inventory

CONFIG_FILE = "terrace.yaml"


@click.group()
def config() -> None:
    """Validate terrace.yaml, or print its JSON Schema."""


@config.command("schema")
def config_schema() -> int:
    """Print the JSON Schema of terrace.yaml, for editors."""
    import json

    from terrace.checks.all import CHECKS
    from terrace.config.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(CHECKS), indent=2) + "\n")
    return 0


@config.command("check")
@JSON
@click.pass_obj
def config_check(folder: str, as_json: bool) -> int:
    """Validate terrace.yaml of the working tree, and list all problems."""
    from pathlib import Path

    from terrace.apps.output.console import emit
    from terrace.apps.wiring.working_tree import working_tree
    from terrace.checks.all import CHECKS
    from terrace.config.load import load
    from terrace.config.problems import BadConfig
    from terrace.errors import NotReady
    from terrace.report.json.parts import refused_stacks
    from terrace.report.json.setup import ConfigCheckJson
    from terrace.stacks.config_problems import examine
    from terrace.stacks.discovery import environments

    path = _find_config(Path(folder))
    try:
        text = path.read_bytes()
        tree, store = working_tree(path.parent)
        config = load(text, CONFIG_FILE, discovered=environments(tree), checks=CHECKS)
        examined = examine(tree, config, store)
        if examined.problems:
            raise BadConfig(examined.problems)
    except OSError as error:
        raise NotReady(f"{path} cannot be read: {error.strerror}", hint=f"chmod u+r {CONFIG_FILE}") from error
    except BadConfig as error:
        if not as_json:
            raise
        emit(ConfigCheckJson(ok=False, problems=tuple(map(_problem_part, error.problems))))
        return error.exit_code
    # Refused stacks, and root modules outside stacks, are not errors of the file.
    inventory = examined.inventory
    if as_json:
        emit(
            ConfigCheckJson(
                ok=True,
                problems=(),
                stacks=len(inventory.stacks),
                refused=refused_stacks(inventory.refusals),
                in_no_stack=tuple(root.shown_path for root in inventory.outside),
            )
        )
    else:
        _show_summary(config, inventory)
    return 0


def _find_config(folder: Path) -> Path:
    """Returns the path of terrace.yaml in this folder or a parent folder, up to the root of the repository."""
    from terrace.errors import NotReady

    start = folder.absolute()
    for candidate in (start, *start.parents):
        if (candidate / CONFIG_FILE).is_file():
            return candidate / CONFIG_FILE
        if (candidate / ".git").exists():
            break
    raise NotReady(f"there is no {CONFIG_FILE} here", hint="`terrace init` writes one that fits this repository")


def _problem_part(problem: Problem) -> ConfigProblem:
    from terrace.report.json.setup import ConfigProblem

    place = problem.place
    return ConfigProblem(
        file=place.path, line=place.line, column=place.column, message=problem.message, hint=problem.hint
    )


def _show_summary(config: Config, inventory: Inventory) -> None:
    from terrace.apps.output.console import note, show, show_lines
    from terrace.report.terminal.rules import refusal_lines
    from terrace.stacks.root_modules import roots_without_stack_notice

    show(f"{CONFIG_FILE} is valid")
    for environment in config.environments:
        after = f" after {environment.after}" if environment.after else ""
        number = len(inventory.of(environment.name))
        stacks = "1 stack" if number == 1 else f"{number or 'no'} stacks"
        show(f"  {environment.name}{after}: {environment.deploy}, {_approvals_text(environment.approvals)}, {stacks}")
    if inventory.refusals:
        show_lines(refusal_lines(inventory.refusals))
    if inventory.outside:
        notice = roots_without_stack_notice(inventory.outside)
        note(f"note: {notice.message}")
        note(f"hint: {notice.hint}")


def _approvals_text(rule: ApprovalRule) -> str:
    parts = [f"{n} x {role}" for role, n in rule.roles.items()]
    if rule.count:
        parts.insert(0, f"{rule.count} {'person' if rule.count == 1 else 'people'}")
    return f"approved by {', '.join(parts)}" if parts else "no approvals"
