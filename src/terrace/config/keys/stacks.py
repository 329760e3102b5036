"""The keys of one entry of `stacks`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from terrace.config.comparisons import Changed, Never, PartOf, Removed
from terrace.config.keys.before_plan import COMMANDS
from terrace.config.keys.values import FILE_OF_SETTINGS, FOLDERS, PATH, PATHS_DESCRIPTION, WORD_OF_PATTERN, WORKSPACE
from terrace.config.kinds import ListOf, MapOf, Reference, Text
from terrace.config.model import Config, StackPattern, StackSetting
from terrace.config.records import Key, Record, Spread
from terrace.config.rules import check_captures, check_stack_name, refuse_secrets
from terrace.config.section_comparisons import Commands
from terrace.config.stack_comparisons import ByPlace, Entries
from terrace.config.stack_patterns import is_pattern

_SECRETS_HINT = "leave it out: backends read secrets from variables, which `credentials` of the environment names"

STACK = Record(
    "a stack",
    (
        Key(
            "path",
            FOLDERS,
            "Directory of the stack (`.` is the root of the repository), or a pattern like `live/*/*` for several. "
            "Each "
            "`*` matches within one directory name, and the other keys can use the match as `{1}`, `{2}`. A pattern "
            "skips directories with an entry of their own; a `*` does not match `modules`, `examples`, `tests` or a "
            "hidden directory.",
            needed=True,
            looser=PartOf("stacks"),
        ),
        Key(
            "environment",
            Reference("environment", WORD_OF_PATTERN),
            "Environment of the stack.",
            needed=True,
            looser=PartOf("stacks"),
        ),
        Key(
            "name",
            WORD_OF_PATTERN,
            "Name of the stack.",
            "everything",
            default="the directory name",
            looser=Changed(
                "{name} is called {new} instead of {old}, so that nothing recorded under the old name counts for it"
            ),
        ),
        Key(
            "after",
            ListOf(WORD_OF_PATTERN, items="names, with captures like `{1}` where the path has a `*`"),
            "Stacks of the same environment that are deployed first.",
            "deploy",
            looser=Removed("{name} is no longer deployed after {items}"),
        ),
        Key(
            "var_files",
            ListOf(PATH, items=PATHS_DESCRIPTION),
            "Additional variable files.",
            "terraform",
            looser=Never("the plan shows the effect of the variables, and people approve the plan"),
        ),
        Key(
            "backend_config",
            MapOf(Text(), refuse=refuse_secrets(_SECRETS_HINT), items="texts"),
            "Values for the backend block.",
            "terraform",
            looser=Changed("{name} has other backend settings, such as the location of its state"),
        ),
        Key(
            "backend_files",
            ListOf(FILE_OF_SETTINGS, items=f"{PATHS_DESCRIPTION} without `=`"),
            "Files with values for the backend block (`env/prod.tfbackend`). Values in `backend_config` take "
            "precedence.",
            "terraform",
            looser=Changed("{name} has other backend files, which can set the location of its state"),
        ),
        Key(
            "workspace",
            WORKSPACE,
            "Terraform workspace in which the stack is planned and applied. The first deployment creates the workspace "
            "if "
            "it does not exist.",
            "terraform",
            looser=Changed("{name} has its state in the workspace {new} instead of {old}"),
        ),
        Key(
            "before_plan",
            COMMANDS,
            "Commands that run before this stack is planned, after the commands for every stack.",
            "terraform, impact",
            looser=Commands(),
        ),
    ),
    makes=StackPattern,
    rules=(check_captures, check_stack_name),
)


def _split(entries: Iterable[StackPattern]) -> dict[str, Any]:
    """Returns the entries of one folder each, and those with a pattern."""
    settings = (_setting(entry) for entry in entries if not is_pattern(entry.path))
    return {"stacks": tuple(settings), "stack_patterns": tuple(entry for entry in entries if is_pattern(entry.path))}


def _setting(entry: StackPattern) -> StackSetting:
    """Returns the entry of one folder, with the name that the stack has without one."""
    path = "" if entry.path == "." else entry.path
    return StackSetting(
        path=path,
        environment=entry.environment,
        name=entry.name or PurePosixPath(path).name or entry.environment,
        after=entry.after,
        var_files=entry.var_files,
        backend_config=entry.backend_config,
        workspace=entry.workspace,
        backend_files=entry.backend_files,
        before_plan=entry.before_plan,
        line=entry.line,
    )


def _join(config: Config) -> ByPlace:
    """Returns all entries by environment and folder."""
    places: dict[tuple[str, str], Entries] = {}
    entries: Entries = (*config.stacks, *config.stack_patterns)
    for entry in entries:
        place = (entry.environment, entry.path)
        places[place] = (*places.get(place, ()), entry)
    return places


STACK_ENTRIES = Spread(_split, _join)
"""The fields of `Config` for the entries of `stacks`."""
