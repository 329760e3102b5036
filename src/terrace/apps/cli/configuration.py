"""`config` and `completion`: help for whoever writes terrace.yaml and types commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from terrace.apps.cli.console import emit, show
from terrace.apps.cli.init import environments_of
from terrace.errors import BadInput, NotReady
from terrace.stacks.config import ApprovalRule, Config
from terrace.stacks.load import BadConfig, load
from terrace.stacks.schema import json_schema
from terrace.stacks.yaml_nodes import Problem

CONFIG_FILE = "terrace.yaml"


def config_schema() -> int:
    """The JSON Schema on stdout."""
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
    return 0


def config_check(folder: str, *, as_json: bool) -> int:
    """terrace.yaml of the working tree: exit 0, or 2 with everything that is wrong."""
    path = _found(Path(folder))
    try:
        config = load(path.read_bytes(), CONFIG_FILE, discovered=environments_of(path.parent))
    except OSError as error:
        raise NotReady(f"{path} cannot be read: {error.strerror}", hint="make it yours to read") from error
    except BadConfig as error:
        if not as_json:
            raise
        emit({"schema": "terrace/config-check@1", "ok": False, "problems": [_told(p) for p in error.problems]})
        return error.exit_code
    if as_json:
        emit({"schema": "terrace/config-check@1", "ok": True, "problems": []})
    else:
        _summary(config)
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


def _summary(config: Config) -> None:
    show(f"{CONFIG_FILE} is right")
    for environment in config.environments:
        after = f" after {environment.after}" if environment.after else ""
        show(f"  {environment.name}{after}: {environment.deploy}, {_asked(environment.approvals)}")


def _asked(rule: ApprovalRule) -> str:
    asked = [f"{n} x {role}" for role, n in rule.roles.items()]
    if rule.count:
        asked.insert(0, f"{rule.count} {'person' if rule.count == 1 else 'people'}")
    return f"approved by {', '.join(asked)}" if asked else "no approvals"
