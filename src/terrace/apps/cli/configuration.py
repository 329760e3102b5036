"""`config` and `completion`: help for whoever writes terrace.yaml and types commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from terrace.apps.cli.console import emit, note, show, show_lines
from terrace.apps.wiring.working_tree import working_tree
from terrace.checks.all import CHECKS
from terrace.config.load import load
from terrace.config.model import ApprovalRule, Config
from terrace.config.problems import BadConfig, Problem
from terrace.config.schema import json_schema
from terrace.errors import BadInput, NotReady
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.stacks.config_problems import examine
from terrace.stacks.discovery import environments
from terrace.stacks.inventory import Inventory
from terrace.stacks.root_modules import in_no_stack

CONFIG_FILE = "terrace.yaml"


def config_schema() -> int:
    """The JSON Schema on stdout."""
    sys.stdout.write(json.dumps(json_schema(CHECKS), indent=2) + "\n")
    return 0


def config_check(folder: str, *, as_json: bool) -> int:
    """terrace.yaml of the working tree, with the stacks that it makes of the folders there: exit 0, or 2 with all that
    is wrong. Stacks that are refused, and root modules in no stack, are told and are no fault of the file."""
    path = _found(Path(folder))
    try:
        text = path.read_bytes()
        tree, store = working_tree(path.parent)
        config = load(text, CONFIG_FILE, discovered=environments(tree), checks=CHECKS)
        examined = examine(tree, config, store)
        if examined.problems:
            raise BadConfig(examined.problems)
    except OSError as error:
        raise NotReady(f"{path} cannot be read: {error.strerror}", hint="make it yours to read") from error
    except BadConfig as error:
        if not as_json:
            raise
        emit({"schema": "terrace/config-check@1", "ok": False, "problems": [_told(p) for p in error.problems]})
        return error.exit_code
    inventory = examined.inventory
    if as_json:
        emit(
            {
                "schema": "terrace/config-check@1",
                "ok": True,
                "problems": [],
                "stacks": len(inventory.stacks),
                "refused": refusals_json(inventory.refusals),
                "in_no_stack": [root.shown_path for root in inventory.outside],
            }
        )
    else:
        _summary(config, inventory)
    return 0


def _told(problem: Problem) -> dict[str, Any]:
    place = problem.place
    said = {"message": problem.message, "hint": problem.hint}
    return {"file": place.path, "line": place.line, "column": place.column, **said}


def completion(cli: click.Command, shell: str) -> int:
    """The completion script for a shell, on stdout."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise BadInput(f"there is no completion for {shell}", hint="bash, zsh and fish have one")
    sys.stdout.write(kind(cli, {}, "terrace", "_TERRACE_COMPLETE").source() + "\n")
    return 0


def _found(folder: Path) -> Path:
    """terrace.yaml of this folder or of one above, no further than the root of the repository."""
    here = folder.absolute()
    for candidate in (here, *here.parents):
        if (candidate / CONFIG_FILE).is_file():
            return candidate / CONFIG_FILE
        if (candidate / ".git").exists():
            break
    raise NotReady(f"there is no {CONFIG_FILE} here", hint="`terrace init` writes one that fits this repository")


def _summary(config: Config, inventory: Inventory) -> None:
    show(f"{CONFIG_FILE} is right")
    for environment in config.environments:
        after = f" after {environment.after}" if environment.after else ""
        number = len(inventory.of(environment.name))
        stacks = "1 stack" if number == 1 else f"{number or 'no'} stacks"
        show(f"  {environment.name}{after}: {environment.deploy}, {_asked(environment.approvals)}, {stacks}")
    if inventory.refusals:
        show_lines(refusal_lines(inventory.refusals))
    if inventory.outside:
        notice = in_no_stack(inventory.outside)
        note(f"note: {notice.message}")
        note(f"hint: {notice.hint}")


def _asked(rule: ApprovalRule) -> str:
    asked = [f"{n} x {role}" for role, n in rule.roles.items()]
    if rule.count:
        asked.insert(0, f"{rule.count} {'person' if rule.count == 1 else 'people'}")
    return f"approved by {', '.join(asked)}" if asked else "no approvals"
