"""Every command line of Terraform that Terrace runs. Pure: the binary's own argv comes before, the folder is cwd."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from terrace.plans.terraform import Goal, Site
from terrace.stacks.model import Stack

LOCK_SECONDS = 20
"""How long a command waits for somebody else's state lock before it says who holds it."""

Argv = tuple[str, ...]


def init(site: Site, *, as_json: bool) -> Argv:
    """Prepare the data folder: backend, modules, providers. `-reconfigure` because that folder is ours alone."""
    # A scratch state has a backend of its own, which knows nothing of what the real one is told.
    config = site.stack.backend_config if site.scratch is None else ()
    given = tuple(f"-backend-config={name}={value}" for name, value in config)
    return ("init", "-input=false", "-no-color", "-reconfigure", *(("-json",) if as_json else ()), *given)


def plan(stack: Stack, root: Path, saved: Path, *, goal: Goal, lock: bool) -> Argv:
    """Plan into `saved`, telling progress as JSON lines."""
    towards = ("-destroy",) if goal is Goal.DESTROYED else ()
    files = tuple(f"-var-file={root / path}" for path in stack.var_files)
    locking = (f"-lock-timeout={LOCK_SECONDS}s",) if lock else ("-lock=false",)
    return ("plan", "-input=false", "-json", *towards, *locking, f"-out={saved}", *files)


def show(saved: Path) -> Argv:
    """The saved plan as one JSON document."""
    return ("show", "-json", str(saved))


def apply(saved: Path) -> Argv:
    """Apply exactly that plan, telling progress as JSON lines."""
    return ("apply", "-input=false", "-json", f"-lock-timeout={LOCK_SECONDS}s", str(saved))


def state_pull() -> Argv:
    """The state as the backend holds it."""
    return ("state", "pull")


def state_push() -> Argv:
    """Put the state on stdin in the place of the backend's. Never `-force`: lineage and serial are checked."""
    return ("state", "push", f"-lock-timeout={LOCK_SECONDS}s", "-")


def state_rm(address: str) -> Argv:
    """Take one object out of the state."""
    return ("state", "rm", f"-lock-timeout={LOCK_SECONDS}s", address)


def lock_probe() -> Argv:
    """A command that takes the state's lock and does nothing: there is no such resource, and it may be missing."""
    return ("untaint", "-allow-missing", "-no-color", "-lock-timeout=0s", "terraform_data.terrace_asks_for_the_lock")


def force_unlock(lock: str) -> Argv:
    """Take away the lock of that id, and no other."""
    return ("force-unlock", "-no-color", "-force", lock)


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
