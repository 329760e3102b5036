"""The keys of one entry of `stacks`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from terrace.config.comparisons import Changed, Never, PartOf, Removed
from terrace.config.keys.before_plan import COMMANDS
from terrace.config.keys.values import FILE_OF_SETTINGS, FOLDERS, PATH, WORD_OF_PATTERN, WORKSPACE
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
            "Its folder (`.` is the root of the repository), or a pattern like `live/*/*` for many: each `*` matches "
            "inside of the name of one folder, and the other keys take what it matched as `{1}`, `{2}`. No pattern "
            "matches a folder that an entry names; no `*` matches `modules`, `examples`, `tests` or a hidden folder.",
            needed=True,
            looser=PartOf("stacks"),
        ),
        Key(
            "environment",
            Reference("environment", WORD_OF_PATTERN),
            "The environment that it belongs to.",
            needed=True,
            looser=PartOf("stacks"),
        ),
        Key(
            "name",
            WORD_OF_PATTERN,
            "What it is called.",
            "everything",
            default="the folder's name",
            looser=Changed(
                "{name} is called {new} instead of {old}, so that nothing recorded under the old name counts for it"
            ),
        ),
        Key(
            "after",
            ListOf(WORD_OF_PATTERN),
            "Stacks of the same environment that go first.",
            "deploy",
            looser=Removed("{name} no longer goes after {items}"),
        ),
        Key(
            "var_files",
            ListOf(PATH),
            "More files of variables.",
            "terraform",
            looser=Never("the plan shows what the variables change, and the plan is what people approve"),
        ),
        Key(
            "backend_config",
            MapOf(Text(), refuse=refuse_secrets(_SECRETS_HINT)),
            "Values for its backend block.",
            "terraform",
            looser=Changed("{name} gives its backend other values, such as the place of its state"),
        ),
        Key(
            "backend_files",
            ListOf(FILE_OF_SETTINGS),
            "Files with values for its backend block (`env/prod.tfbackend`); `backend_config` comes before them.",
            "terraform",
            looser=Changed("{name} takes the values of its backend from other files, such as the place of its state"),
        ),
        Key(
            "workspace",
            WORKSPACE,
            "The workspace of Terraform that it is planned and applied in: its state is where the backend keeps that of"
            " the workspace. The first deployment makes a workspace that does not exist yet.",
            "terraform",
            looser=Changed("{name} has its state in the workspace {new} instead of {old}"),
        ),
        Key(
            "before_plan",
            COMMANDS,
            "Commands that run before it is planned, after those for every stack.",
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
