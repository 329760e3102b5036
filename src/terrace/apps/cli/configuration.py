"""`config` and `completion`: help for whoever writes terrace.yaml and types commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from terrace.apps.cli.console import emit, show
from terrace.errors import BadInput, NotReady
from terrace.stacks.config import ApprovalRule, Config
from terrace.stacks.load import BadConfig, load
from terrace.stacks.schema import json_schema

CONFIG_FILE = "terrace.yaml"


def config_schema() -> int:
    """The JSON Schema on stdout."""
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
    return 0


def config_check(folder: str, *, as_json: bool) -> int:
    """terrace.yaml of the working tree: exit 0, or 2 with everything that is wrong."""
    path = _found(Path(folder))
    try:
        config = load(path.read_bytes(), CONFIG_FILE)
    except BadConfig as error:
        if not as_json:
            raise
        problems = [
            {
                "file": p.place.path,
                "line": p.place.line,
                "column": p.place.column,
                "message": p.message,
                "hint": p.hint,
            }
            for p in error.problems
        ]
        emit({"schema": "terrace/config-check@1", "ok": False, "problems": problems})
        return error.exit_code
    if as_json:
        emit({"schema": "terrace/config-check@1", "ok": True, "problems": []})
    else:
        _summary(config)
    return 0


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
