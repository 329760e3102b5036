"""The `before_plan` commands of a stack, the files that they can read, and the files that they must not write.

A command can read the files in its `inputs`, and those that earlier commands of the stack wrote. All paths are relative
to the root of the repository. The commands come from the trust root, never from the change that is planned.
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
    """Returns the commands for a stack: those for every stack, then those of its entry.

    Its entry is the one with its environment and folder. If a folder has several entries in one environment, it is the
    one with its name; without such an entry the stack gets the commands of all of them.
    """
    settings = [entry for entry in config.stacks if (entry.environment, entry.path) == (stack.environment, stack.path)]
    entries = [(setting.name, setting.before_plan) for setting in settings] or list(_of_patterns(config, stack))
    named = [entry for entry in entries if entry[0] == stack.name] or entries
    own = (command for _, commands in named for command in commands)
    return tuple(dict.fromkeys(command.at(stack.path) for command in (*config.before_plan, *own)))


def _of_patterns(config: Config, stack: Stack) -> Iterator[tuple[str, tuple[BeforePlan, ...]]]:
    """Yields the name and the commands from each pattern that matches a stack."""
    for pattern in config.stack_patterns:
        values = match_captures(pattern.path, stack.path)
        if values is not None and fill_captures(pattern.environment, values) == stack.environment:
            name = fill_captures(pattern.name, values) or stack.path.rpartition("/")[2]
            yield name, tuple(command.fill_captures(values) for command in pattern.before_plan)


def has_commands(config: Config) -> bool:
    """Returns whether a configuration has a command for any stack."""
    named = any(stack.before_plan for stack in config.stacks)
    return (
        bool(config.before_plan) or named or any(stack_pattern.before_plan for stack_pattern in config.stack_patterns)
    )


def reserved_reason(path: str, names: Collection[str] = ()) -> str | None:
    """Returns the reason why commands must not write a file; None where they can. `names` are the variable files and
    backend files of the stack in terrace.yaml.

    Checks evaluate the committed configuration, so commands must not add files that Terraform reads as configuration.
    """
    *folders, name = path.split("/")
    lowered = [folder.lower() for folder in folders]
    if any(folder in (".git", ".terraform", "terraform.d") for folder in lowered) or name.lower() in (
        ".git",
        ".terraform",
    ):
        return "Git or Terraform reserves that name"
    if is_written_by_terrace(name):
        return "Terrace writes a file with that name"
    if is_configuration(name) or name.endswith((".tfvars", ".tfvars.json")) or path in names:
        return "Terraform reads it as configuration, and only committed configuration is evaluated"
    if name == LOCK_FILE or name.startswith("terraform.tfstate"):
        return "Terraform reserves that name"
    return None


def find_inputs(commands: Iterable[BeforePlan], paths: Iterable[str]) -> Iterator[tuple[str, BeforePlan]]:
    """Yields each path that is an input of a command, with the first such command."""
    prepared = tuple(commands)
    for path in paths:
        first = next((command for command in prepared if command.sees(path)), None)
        if first is not None:
            yield path, first
