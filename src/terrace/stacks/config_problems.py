"""Finds all problems of terrace.yaml that depend on the files of the repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from terrace.config.before_plan import BeforePlan
from terrace.config.file_patterns import matches
from terrace.config.model import EVERY, Config
from terrace.config.naming import find_nearest, quote_word
from terrace.config.problems import Problem
from terrace.errors import BadInput, Place
from terrace.hcl.facts_store import FactsStore
from terrace.hcl.layout import Layout, join, parent
from terrace.hcl.tree import Tree, submodule_of, submodules
from terrace.stacks.backends import backend_locations, find_shared_states
from terrace.stacks.before_plan import commands_of
from terrace.stacks.discovery import find_stacks, find_unmatched_patterns
from terrace.stacks.graph import Graph
from terrace.stacks.inventory import Inventory
from terrace.stacks.refusals import refused_stacks
from terrace.stacks.root_modules import find_roots_without_stack
from terrace.words import join_some

BACKEND_FILE = ".tfbackend"
"""The suffix of files with backend settings."""

_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Examination:
    """The stacks that a configuration gives for a tree, and its problems."""

    inventory: Inventory
    problems: tuple[Problem, ...]


def examine(tree: Tree, config: Config, store: FactsStore, commit: str = "") -> Examination:
    """Returns the stacks that a configuration gives for a tree, and all problems. Never raises for a problem."""
    stacks, errors = find_stacks(tree, config)
    graph = Graph.of(tree, stacks, store, config.environments)
    refused = dict(refused_stacks(stacks, graph, tree, config))
    outside = find_roots_without_stack(tree, stacks, graph, store, config.not_stacks)
    inventory = Inventory(commit, config, stacks, graph, refused, outside)
    problems = [
        *(_problem(error, config) for error in (*errors, *find_unmatched_patterns(tree, config))),
        *_missing_folders(tree, config),
        *_missing_files(tree, inventory),
        *_unnamed_backend_files(tree, inventory),
        *_commands_without_files(tree, inventory),
        *_no_submodules(tree, config),
        *(
            Problem(
                sharing.address.place or Place(config.source or sharing.stack.shown_path),
                f"{sharing.stack.key} and {sharing.other.key} have the same state: {sharing.address}",
                "give each its own backend location, in its backend block or with `backend_config`, `backend_files` or "
                "`workspace` in its entry",
            )
            for sharing in find_shared_states(inventory)
        ),
    ]
    return Examination(
        inventory, tuple(sorted(dict.fromkeys(problems), key=lambda problem: (problem.place.path, problem.place.line)))
    )


def _problem(error: BadInput, config: Config) -> Problem:
    return Problem(error.place or Place(config.source), error.message, error.hint)


def _missing_folders(tree: Tree, config: Config) -> Iterator[Problem]:
    layout = Layout(tree)
    for setting in config.stacks:
        if not layout.configuration(setting.path):
            near = find_nearest(setting.path, layout.folders)
            hint = f"did you mean {near!r}?" if near else "a stack is a folder with *.tf, *.tofu or *.tf.json files"
            message = f"the stack {setting.path or '.'} has no configuration"
            yield Problem(Place(config.source, setting.line), message, hint)


def _no_submodules(tree: Tree, config: Config) -> Iterator[Problem]:
    """Yields a problem for each path in `submodules` that is not a submodule of the commit."""
    known = submodules(tree)
    for path in config.submodules:
        # A submodule that is checked out is a folder of files here, and one within another is possibly unknown.
        within = path == EVERY or submodule_of(path, known) is not None
        if not within and not any(entry.startswith(f"{path}/") for entry in tree.entries):
            near = find_nearest(path, known)
            hint = f"did you mean {near!r}?" if near else "`git submodule status` lists the submodules"
            yield Problem(
                Place(config.source), f"`submodules` lists {path}, but the commit has no submodule there", hint
            )


def _commands_without_files(tree: Tree, inventory: Inventory) -> Iterator[Problem]:
    """Yields a problem for each `before_plan` command whose script is missing, not executable or not an input, and for
    each input that matches no file. A problem of several stacks is reported for the first one."""
    reported: set[tuple[int, str]] = set()
    for stack in inventory.stacks:
        written: list[BeforePlan] = []
        for command in commands_of(inventory.config, stack):
            for message, hint in _missing_for_command(tree, command, written):
                if (command.line, message) not in reported:
                    reported.add((command.line, message))
                    shown = f"{stack.key}: the command `{command.shown}`: {message}"
                    yield Problem(Place(inventory.config.source, command.line), shown, hint)
            written.append(command)


def _missing_for_command(tree: Tree, command: BeforePlan, earlier: Iterable[BeforePlan]) -> Iterator[tuple[str, str]]:
    """Yields what is missing for a command, with a hint. The files that earlier commands write are unknown."""
    for glob in command.inputs:
        if not any(matches(glob, path) for path in tree.entries) and not any(
            earlier_command.outputs for earlier_command in earlier
        ):
            yield f"no file matches its input {glob or '.'}", "paths are relative to the root of the repository"
    name = command.argv[0]
    path = join(command.folder or "", name) if "/" in name else None
    if path is None or any(earlier_command.may_write(path) for earlier_command in earlier):
        return
    entry = tree.entries.get(path)
    if entry is None:
        yield f"the file {path} does not exist", "correct the path, which is relative to its folder, or commit the file"
    elif not command.sees(path):
        yield f"{path} is not among its inputs", f"add it: inputs: [..., {path}]"
    elif entry.mode != "100755":
        yield f"{path} is not executable", f"git update-index --chmod=+x {quote_word(path)}"


def _unnamed_backend_files(tree: Tree, inventory: Inventory) -> Iterator[Problem]:
    """Yields a problem for each stack whose backend block is incomplete and that has files with backend settings in its
    folder which no entry lists: Terraform was probably initialized with them."""
    files: dict[str, list[str]] = {}
    folders = {stack.path for stack in inventory.stacks}
    for path in tree.entries:
        if path.endswith(BACKEND_FILE):
            # They can be in a folder directly below that of the stack.
            above = parent(path)
            owner = above if above in folders else parent(above)
            if owner in folders:
                files.setdefault(owner, []).append(path)
    if not files:
        return
    named = {path for stack in inventory.stacks for path in stack.backend_files}
    lines = {stack.path: stack.line for stack in inventory.config.stacks}
    for stack in inventory.stacks:
        others = sorted(path for path in files.get(stack.path, ()) if path not in named)
        locations = backend_locations(stack, inventory.graph)
        if not others or stack.backend_files or not any(location.unknown for location in locations):
            continue
        missing = ", ".join(dict.fromkeys(name for location in locations for name in location.unknown))
        yield Problem(
            Place(inventory.config.source or stack.shown_path, lines.get(stack.path, 0)),
            f"{stack.key}: its backend block does not set {missing}. Files that possibly set it: "
            f"{join_some(others, _MOST_SHOWN)}. No entry lists them",
            f"if it needs `terraform init -backend-config={others[0]}`, set `backend_files: [{others[0]}]` in its "
            "entry",
        )


def _missing_files(tree: Tree, inventory: Inventory) -> Iterator[Problem]:
    """Yields a problem for each file that an entry of `stacks:` lists and that does not exist."""
    layout = Layout(tree)
    lines = {stack.path: stack.line for stack in inventory.config.stacks}
    for stack in inventory.stacks:
        kinds = [*((path, "variable") for path in stack.var_files), *((p, "backend") for p in stack.backend_files)]
        for path, kind in kinds:
            real = layout.resolve(path).real
            if real is None or real not in tree.entries:
                place = Place(inventory.config.source, lines.get(stack.path, 0))
                hint = "the path is relative to the root of the repository; files that Git ignores are not deployed"
                yield Problem(place, f"{stack.key}: the {kind} file {path} does not exist", hint)
