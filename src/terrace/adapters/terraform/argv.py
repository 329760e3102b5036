"""Builds every command line of Terraform that Terrace runs. Pure: the caller adds the binary in front and sets the
folder. `files` are the options for the stack's variable files, from `variable_files`: they are passed to every command
that evaluates the configuration, or that can do so in OpenTofu.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from terrace.errors import BadInput
from terrace.plans.ports import Goal, Site
from terrace.plans.versions import Version

Argv = tuple[str, ...]

EPHEMERAL_SINCE = Version(1, 10, 0)
"""First version of Terraform that accepts variable values at `apply` (for ephemeral variables); earlier ones reject
them."""

EARLY_SINCE = Version(1, 8, 0)
"""First version of OpenTofu that evaluates variables in module sources, backends and encryption, in every command."""


def variable_files(site: Site, command: str, product: str, version: Version) -> Argv:
    """Returns the options that pass the stack's variable files to a command; none where the command has no such
    option."""
    if product == "tofu":
        taken = command == "plan" or version >= EARLY_SINCE
    else:
        taken = command == "plan" or (command == "apply" and version >= EPHEMERAL_SINCE)
    return tuple(f"-var-file={site.root / path}" for path in site.stack.var_files) if taken else ()


def init(site: Site, *, files: Argv, as_json: bool) -> Argv:
    """Returns the arguments that prepare the data folder: backend, modules, providers. `-reconfigure`, since the folder
    belongs to Terrace alone."""
    # A scratch state has a backend of its own, which does not accept the settings of the real one.
    stack = site.stack if site.scratch is None else replace(site.stack, backend_config=(), backend_files=())
    if stack.backend_files and "=" in str(site.root):
        raise BadInput(
            f"the path {site.root} contains a `=`, so Terraform would read a file of backend settings below it as a "
            "setting",
            hint="move Terrace's cache to a path without `=`: export TERRACE_HOME=PATH",
        )
    options = (
        *(f"-backend-config={site.root / path}" for path in stack.backend_files),
        *(f"-backend-config={name}={value}" for name, value in stack.backend_config),
    )
    return ("init", "-input=false", "-no-color", "-reconfigure", *(("-json",) if as_json else ()), *files, *options)


def plan(saved: Path, *, files: Argv, goal: Goal, wait: timedelta | None) -> Argv:
    """Returns the arguments that plan into `saved` with progress as JSON lines. `wait` is the maximum wait for the
    state lock; None plans without the lock."""
    towards = ("-destroy",) if goal is Goal.DESTROYED else ()
    locking = (_wait(wait),) if wait is not None else ("-lock=false",)
    return ("plan", "-input=false", "-json", *towards, *locking, f"-out={saved}", *files)


def show(saved: Path, *, files: Argv) -> Argv:
    """Returns the arguments that print the saved plan as one JSON document."""
    return ("show", "-json", *files, str(saved))


def apply(saved: Path, wait: timedelta, *, files: Argv) -> Argv:
    """Returns the arguments that apply exactly that plan, with progress as JSON lines."""
    return ("apply", "-input=false", "-json", _wait(wait), *files, str(saved))


def providers_schema(*, files: Argv) -> Argv:
    """Returns the arguments that print the schemas of all providers of the configuration as one JSON document."""
    return ("providers", "schema", "-json", *files)


def state_pull(*, files: Argv) -> Argv:
    """Returns the arguments that print the state as stored in the backend."""
    return ("state", "pull", *files)


def state_push(wait: timedelta, *, files: Argv) -> Argv:
    """Returns the arguments that replace the state in the backend by the one on stdin. Never `-force`: lineage and
    serial are checked."""
    return ("state", "push", _wait(wait), *files, "-")


def state_rm(address: str, wait: timedelta, *, files: Argv) -> Argv:
    """Returns the arguments that remove one resource from the state."""
    return ("state", "rm", _wait(wait), *files, _operand(address))


def workspace_list(*, files: Argv) -> Argv:
    """Returns the arguments that list the workspaces of the backend, one per line."""
    return ("workspace", "list", "-no-color", *files)


def workspace_new(name: str, wait: timedelta, *, files: Argv) -> Argv:
    """Returns the arguments that create a workspace with an empty state."""
    return ("workspace", "new", "-no-color", _wait(wait), *files, _operand(name))


def lock_probe(*, files: Argv) -> Argv:
    """Returns a command that takes the state lock and changes nothing: its resource does not exist, which is
    allowed."""
    target = "terraform_data.terrace_asks_for_the_lock"
    return ("untaint", "-allow-missing", "-no-color", "-lock-timeout=0s", *files, target)


def force_unlock(lock: str, *, files: Argv) -> Argv:
    """Returns the arguments that remove the lock with that id, and no other."""
    return ("force-unlock", "-no-color", "-force", *files, _operand(lock))


def _operand(text: str) -> str:
    """Addresses and ids come from states, backends and the command line: none can be an option."""
    if not text or text.startswith("-") or "\0" in text:
        raise BadInput(
            f"{text!r} is not a valid address or id", hint="it starts with `-`: Terraform would read it as an option"
        )
    return text


def _wait(wait: timedelta) -> str:
    """Returns the option that limits the wait for the state lock. After it, the command reports who holds the lock."""
    return f"-lock-timeout={wait // timedelta(seconds=1)}s"


def fmt_check(paths: Sequence[str]) -> Argv:
    """Returns the arguments that check the format of files; exit code 3 where one differs. Nothing is written."""
    return ("fmt", "-check", "-list=false", *(f"./{path}" for path in paths))


def fmt_diff(path: str) -> Argv:
    """Returns the arguments that print the formatting changes of one file."""
    return ("fmt", "-write=false", "-diff", "-list=false", "-no-color", f"./{path}")


def fmt_write(paths: Sequence[str]) -> Argv:
    """Returns the arguments that format files in place."""
    return ("fmt", "-list=false", "-no-color", *(f"./{path}" for path in paths))


def version() -> Argv:
    """Returns the arguments that print product and version."""
    return ("version", "-json")
