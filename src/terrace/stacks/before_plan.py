"""The commands of `before_plan`: what runs before a stack is planned, which files it sees, and what it may write.

A command sees the files that `inputs` name, and what earlier commands of the stack wrote. All paths are from the root
of the repository. Terrace takes the commands of a stack from the trust root, never from the change that is planned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from terrace.config.before_plan import BeforePlan
from terrace.config.stack_patterns import fill_captures, match_captures
from terrace.hcl.layout import LOCK_FILE, is_configuration, is_written_by_terrace

if TYPE_CHECKING:
    from terrace.config.model import Config
    from terrace.stacks.model import Stack


def commands_of(config: Config, stack: Stack) -> tuple[BeforePlan, ...]:
    """Returns the commands that a configuration has for a stack: those for every stack, then those of its entry.

    The entry is found by environment and folder. Where a folder has several entries in one environment, the name
    decides; a name that none of them has gets the commands of all.
    """
    there = [one for one in config.stacks if (one.environment, one.path) == (stack.environment, stack.path)]
    entries = [(one.name, one.before_plan) for one in there] or list(_of_patterns(config, stack))
    mine = [entry for entry in entries if entry[0] == stack.name] or entries
    own = (command for _, commands in mine for command in commands)
    return tuple(dict.fromkeys(command.at(stack.path) for command in (*config.before_plan, *own)))


def _of_patterns(config: Config, stack: Stack) -> Iterator[tuple[str, tuple[BeforePlan, ...]]]:
    """The names that patterns give a stack's folder in its environment, with the commands."""
    for pattern in config.stack_patterns:
        values = match_captures(pattern.path, stack.path)
        if values is not None and fill_captures(pattern.environment, values) == stack.environment:
            name = fill_captures(pattern.name, values) or stack.path.rpartition("/")[2]
            yield name, tuple(command.fill_captures(values) for command in pattern.before_plan)


def has_commands(config: Config) -> bool:
    """Returns whether a configuration has a command for any stack."""
    named = any(one.before_plan for one in config.stacks)
    return bool(config.before_plan) or named or any(one.before_plan for one in config.stack_patterns)


def reserved(path: str, given: Collection[str] = ()) -> str | None:
    """Returns why no command may write a file of this path, or None. `given` are the files of variables and of settings
    of the backend that terrace.yaml names for the stack.

    What Terraform reads as configuration is judged as the commit has it, so that no command may add to it.
    """
    *folders, name = path.split("/")
    lowered = [folder.lower() for folder in folders]
    if any(folder in (".git", ".terraform", "terraform.d") for folder in lowered) or name.lower() in (
        ".git",
        ".terraform",
    ):
        return "Git or Terraform keeps that name for itself"
    if is_written_by_terrace(name):
        return "Terrace writes a file of that name"
    if is_configuration(name) or name.endswith((".tfvars", ".tfvars.json")) or path in given:
        return "Terraform reads it as configuration, which is judged as it is committed"
    if name == LOCK_FILE or name.startswith("terraform.tfstate"):
        return "Terraform keeps that name for itself"
    return None


def seen_by(commands: Iterable[BeforePlan], paths: Iterable[str]) -> Iterator[tuple[str, BeforePlan]]:
    """Yields each path that is an input of a command, with the first such command."""
    known = tuple(commands)
    for path in paths:
        first = next((command for command in known if command.sees(path)), None)
        if first is not None:
            yield path, first
