"""Every command line of Terraform that Terrace runs. Pure: the binary's own argv comes before, the folder is cwd.

`files` are the options for the stack's variable files, by `variable_files`: every command takes them that evaluates
the configuration, or in OpenTofu may have to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from terrace.errors import BadInput
from terrace.plans.terraform import Goal, Site
from terrace.plans.versions import Version

Argv = tuple[str, ...]

EPHEMERAL_SINCE = Version(1, 10, 0)
"""Terraform asks for values of ephemeral variables at `apply` from here on; before, it refused all values there."""

EARLY_SINCE = Version(1, 8, 0)
"""OpenTofu evaluates variables in module sources, backends and encryption from here on, in every command."""


def variable_files(site: Site, command: str, product: str, version: Version) -> Argv:
    """Returns the options that give a command the variable files of the stack: none where it knows no such option."""
    if product == "tofu":
        taken = command == "plan" or version >= EARLY_SINCE
    else:
        taken = command == "plan" or (command == "apply" and version >= EPHEMERAL_SINCE)
    return tuple(f"-var-file={site.root / path}" for path in site.stack.var_files) if taken else ()


def init(site: Site, *, files: Argv, as_json: bool) -> Argv:
    """Prepare the data folder: backend, modules, providers. `-reconfigure` because that folder is ours alone."""
    # A scratch state has a backend of its own, which knows nothing of what the real one is told.
    stack = site.stack if site.scratch is None else replace(site.stack, backend_config=(), backend_files=())
    if stack.backend_files and "=" in str(site.root):
        raise BadInput(
            f"{site.root} has a `=`, and Terraform would take a file of settings there for a setting",
            hint="move Terrace's cache: export TERRACE_HOME=PATH",
        )
    given = (
        *(f"-backend-config={site.root / path}" for path in stack.backend_files),
        *(f"-backend-config={name}={value}" for name, value in stack.backend_config),
    )
    return ("init", "-input=false", "-no-color", "-reconfigure", *(("-json",) if as_json else ()), *files, *given)


def plan(saved: Path, *, files: Argv, goal: Goal, wait: timedelta | None) -> Argv:
    """Plan into `saved`, telling progress as JSON lines. `wait` for the state's lock that long; None: without it."""
    towards = ("-destroy",) if goal is Goal.DESTROYED else ()
    locking = (_wait(wait),) if wait is not None else ("-lock=false",)
    return ("plan", "-input=false", "-json", *towards, *locking, f"-out={saved}", *files)


def show(saved: Path, *, files: Argv) -> Argv:
    """The saved plan as one JSON document."""
    return ("show", "-json", *files, str(saved))


def apply(saved: Path, wait: timedelta, *, files: Argv) -> Argv:
    """Apply exactly that plan, telling progress as JSON lines."""
    return ("apply", "-input=false", "-json", _wait(wait), *files, str(saved))


def providers_schema(*, files: Argv) -> Argv:
    """The schemas of every provider of the configuration as one JSON document."""
    return ("providers", "schema", "-json", *files)


def state_pull(*, files: Argv) -> Argv:
    """The state as the backend holds it."""
    return ("state", "pull", *files)


def state_push(wait: timedelta, *, files: Argv) -> Argv:
    """Put the state on stdin in the place of the backend's. Never `-force`: lineage and serial are checked."""
    return ("state", "push", _wait(wait), *files, "-")


def state_rm(address: str, wait: timedelta, *, files: Argv) -> Argv:
    """Take one object out of the state."""
    return ("state", "rm", _wait(wait), *files, _operand(address))


def workspace_list(*, files: Argv) -> Argv:
    """The names of the workspaces of the backend, a line for each."""
    return ("workspace", "list", "-no-color", *files)


def workspace_new(name: str, wait: timedelta, *, files: Argv) -> Argv:
    """Make a workspace with an empty state."""
    return ("workspace", "new", "-no-color", _wait(wait), *files, _operand(name))


def lock_probe(*, files: Argv) -> Argv:
    """A command that takes the state's lock and does nothing: there is no such resource, and it may be missing."""
    target = "terraform_data.terrace_asks_for_the_lock"
    return ("untaint", "-allow-missing", "-no-color", "-lock-timeout=0s", *files, target)


def force_unlock(lock: str, *, files: Argv) -> Argv:
    """Take away the lock of that id, and no other."""
    return ("force-unlock", "-no-color", "-force", *files, _operand(lock))


def _operand(text: str) -> str:
    """Addresses and ids come from states, backends and the command line: none is an option."""
    if not text or text.startswith("-") or "\0" in text:
        raise BadInput(f"{text!r} is neither an address nor an id", hint="Terraform would take it for an option")
    return text


def _wait(wait: timedelta) -> str:
    """After that long without the state's lock the command says who holds it."""
    return f"-lock-timeout={wait // timedelta(seconds=1)}s"


def fmt_check(paths: Sequence[str]) -> Argv:
    """Whether these files are formatted; exit 3 when one is not. Nothing is written."""
    return ("fmt", "-check", "-list=false", *(f"./{path}" for path in paths))


def fmt_diff(path: str) -> Argv:
    """What formatting would change in one file."""
    return ("fmt", "-write=false", "-diff", "-list=false", "-no-color", f"./{path}")


def fmt_write(paths: Sequence[str]) -> Argv:
    """Formats these files where they are."""
    return ("fmt", "-list=false", "-no-color", *(f"./{path}" for path in paths))


def version() -> Argv:
    """Product and version."""
    return ("version", "-json")
