"""Discovers the stacks of a tree, by the conventional layout and by `stacks:` in terrace.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from terrace.config.model import Config, StackPattern, StackSetting
from terrace.config.naming import NAME, find_nearest, unknown_name_error
from terrace.config.stack_patterns import covers, fill_captures, find_matching
from terrace.errors import BadInput, Place
from terrace.hcl.layout import Layout
from terrace.hcl.tree import Tree, absent_submodules
from terrace.stacks.model import Stack

HOME = "environments"
"""The folder of the conventional layout: `environments/<env>` and `environments/<env>/<stack>`."""


def environments(tree: Tree) -> tuple[str, ...]:
    """Returns the environments of the conventional layout, sorted."""
    return tuple(sorted({stack.environment for stack in _conventional(Layout(tree))}))


def discover(tree: Tree, config: Config) -> tuple[Stack, ...]:
    """Returns all stacks, sorted, including refused ones. Raises BadInput for invalid names."""
    stacks, problems = find_stacks(tree, config)
    for problem in problems:
        raise problem
    return stacks


def find_stacks(tree: Tree, config: Config) -> tuple[tuple[Stack, ...], tuple[BadInput, ...]]:
    """Returns all valid stacks, sorted, and the problems of the others."""
    layout = Layout(tree)
    problems: list[BadInput] = []
    by_key: dict[tuple[str, str], Stack] = {}
    lines: dict[Stack, int] = {}
    for stack in _usable(_conventional_or_problem(layout), problems):
        by_key[stack.environment, stack.path] = stack
    for stack, line in _of_patterns(layout, config, problems):
        by_key[stack.environment, stack.path] = stack
        lines[stack] = line
    # A folder can have several entries in one environment, such as one for each workspace.
    entries = [(_apply_entry(setting, by_key), setting.line) for setting in config.stacks]
    for stack, line in entries:
        by_key.pop((stack.environment, stack.path), None)
        lines[stack] = line
    usable = []
    names = {environment.name for environment in config.environments}
    for stack in sorted((*by_key.values(), *(stack for stack, _ in entries))):
        problem = _find_problem(stack, names, _place(config, lines.get(stack, 0), stack))
        if problem is not None:
            problems.append(problem)
        else:
            usable.append(stack)
    distinct = _distinct(usable, lines, config, problems)
    return tuple(_usable((_with_keys(stack, distinct, config) for stack in distinct), problems)), tuple(problems)


def find_unmatched_patterns(tree: Tree, config: Config) -> tuple[BadInput, ...]:
    """Returns a problem for each pattern that matches no folder."""
    layout = Layout(tree)
    folders = _folders(layout)
    return tuple(
        BadInput(
            f"no folder with configuration matches {pattern.path}",
            hint="a `*` matches within one folder name, except `modules`, `examples`, `tests` and hidden folders",
            place=Place(config.source, pattern.line),
        )
        for pattern in config.stack_patterns
        if not any(find_matching(pattern.path, folders))
    )


def find_absent_submodules(tree: Tree, config: Config) -> tuple[BadInput, ...]:
    """Returns a problem for each absent submodule that terrace.yaml names and that can have stacks by a pattern or by
    the conventional layout. Entries with a path are stacks anyway, and refused."""
    lost = []
    for path, why in absent_submodules(tree).items():
        parts = path.split("/")
        ways = [f"{HOME}/*/*", *(pattern.path for pattern in config.stack_patterns)]
        if any(len(parts) <= way.count("/") + 1 and _can_contain(way.split("/"), parts) for way in ways):
            message = (
                f"the stacks in the Git submodule {path} are unknown, because it is not checked out: {why.message}"
            )
            lost.append(BadInput(message, hint=why.hint, place=why.place))
    return tuple(lost)


def _can_contain(way: list[str], parts: list[str]) -> bool:
    return all("*" in pattern or pattern == part for pattern, part in zip(way, parts, strict=False))


def _usable(candidates: Iterable[Stack | BadInput], problems: list[BadInput]) -> Iterator[Stack]:
    for candidate in candidates:
        if isinstance(candidate, BadInput):
            problems.append(candidate)
        else:
            yield candidate


def _place(config: Config, line: int, stack: Stack) -> Place:
    return Place(config.source, line) if config.source else Place(stack.shown_path)


def _conventional(layout: Layout) -> Iterator[Stack]:
    for candidate in _conventional_or_problem(layout):
        if isinstance(candidate, BadInput):
            raise candidate
        yield candidate


def _conventional_or_problem(layout: Layout) -> Iterator[Stack | BadInput]:
    for folder in _folders(layout):
        parts = folder.split("/")
        if parts[0] != HOME or len(parts) not in (2, 3):
            continue
        if all(NAME.fullmatch(part) for part in parts[1:]):
            yield Stack.conventional(parts[1], folder)
        else:
            yield _bad_name(folder)


def _folders(layout: Layout) -> tuple[str, ...]:
    linked = [link for link in layout.links if layout.configuration(link)]
    return (*layout.folders, *linked)


def _bad_name(folder: str) -> BadInput:
    shown = folder.encode("unicode_escape", "backslashreplace").decode()
    return BadInput(
        f"the folder name {shown!r} is not valid for an environment or a stack",
        hint="use at most 63 letters, digits, `.`, `_` and `-`, without a leading dash",
    )


def _of_patterns(layout: Layout, config: Config, problems: list[BadInput]) -> Iterator[tuple[Stack, int]]:
    """Yields the stacks of every pattern, with its line. Folders that have their own entry are left out."""
    named = {setting.path for setting in config.stacks}
    every = sorted(set(_folders(layout)) - named) if config.stack_patterns else ()
    folders = [folder for folder in every if not any(covers(path, folder) for path in config.not_stacks)]
    taken: dict[tuple[str, str], StackPattern] = {}
    for pattern in config.stack_patterns:
        place = Place(config.source, pattern.line)
        for folder, values in find_matching(pattern.path, folders):
            match = _match(pattern, folder, values, config, place)
            if isinstance(match, BadInput):
                problems.append(match)
                continue
            first = taken.setdefault((match.environment, folder), pattern)
            if first is not pattern:
                problems.append(
                    BadInput(
                        f"two patterns match {folder} in {match.environment}: {first.path} and {pattern.path}",
                        hint="let them match different folders, or give the folder its own entry",
                        place=place,
                    )
                )
                continue
            yield match, pattern.line


def _match(
    pattern: StackPattern, folder: str, values: tuple[str, ...], config: Config, place: Place
) -> Stack | BadInput:
    environment = fill_captures(pattern.environment, values)
    name = fill_captures(pattern.name, values) if pattern.name else folder.rpartition("/")[2]
    names = [environment.name for environment in config.environments]
    if not NAME.fullmatch(environment) or not NAME.fullmatch(name):
        problem = _bad_name(folder)
        return BadInput(f"{problem.message} ({pattern.path})", hint=problem.hint, place=place)
    if environment not in names:
        near = find_nearest(environment, names)
        guess = f"did you mean {near!r}? " if near else ""
        return BadInput(
            f"{pattern.path} puts {folder} in the environment {environment!r}, which is not in terrace.yaml",
            hint=f"{guess}add it (environments: {{{environment}: {{}}}}), or give the folder its own entry",
            place=place,
        )
    return Stack(
        environment,
        folder,
        name,
        tuple(fill_captures(text, values) for text in pattern.after),
        tuple(fill_captures(var_file, values) for var_file in pattern.var_files),
        tuple(sorted((key, fill_captures(value, values)) for key, value in pattern.backend_config.items())),
        fill_captures(pattern.workspace, values),
        tuple(fill_captures(backend_file, values) for backend_file in pattern.backend_files),
    )


def _apply_entry(setting: StackSetting, by_key: dict[tuple[str, str], Stack]) -> Stack:
    stack = by_key.get((setting.environment, setting.path)) or Stack(setting.environment, setting.path, setting.name)
    return replace(
        stack,
        name=setting.name,
        after=setting.after,
        var_files=setting.var_files,
        backend_config=tuple(sorted(setting.backend_config.items())),
        workspace=setting.workspace,
        backend_files=setting.backend_files,
    )


def _find_problem(stack: Stack, environments: set[str], place: Place) -> BadInput | None:
    """Returns the problem of a stack in an unknown environment; None for others."""
    if stack.environment not in environments:
        return BadInput(
            f"{stack.shown_path} belongs to the environment {stack.environment!r}, which is not in terrace.yaml",
            hint=f"add it: environments: {{{stack.environment}: {{}}}}",
            place=place,
        )
    return None


def _distinct(
    stacks: Iterable[Stack], lines: dict[Stack, int], config: Config, problems: list[BadInput]
) -> tuple[Stack, ...]:
    """Returns the stacks without those whose key another stack has."""
    by_key: dict[str, Stack] = {}
    for stack in stacks:
        other = by_key.setdefault(stack.key, stack)
        if other is not stack:
            line = max(lines.get(conflicting, 0) for conflicting in (stack, other))
            problems.append(
                BadInput(
                    f"{other.shown_path} and {stack.shown_path} have the same stack name, {stack.key}",
                    hint="give one of them another name: stacks: [{path: ..., environment: ..., name: ...}]",
                    place=Place(config.source, line) if line else None,
                )
            )
    return tuple(by_key.values())


def _with_keys(stack: Stack, stacks: tuple[Stack, ...], config: Config) -> Stack | BadInput:
    """Returns the stack with keys in `after`, where terrace.yaml has keys or names within the environment."""
    if not stack.after:
        return stack
    named = {other.name: other.key for other in stacks if other.environment == stack.environment}
    keys = set(named.values())
    after = []
    for name in stack.after:
        if name not in named and name not in keys:
            wrong = unknown_name_error("stack", name, sorted(named))
            return BadInput(f"{stack.key}: after: {wrong.message}", hint=wrong.hint, place=Place(config.source))
        after.append(named.get(name, name))
    return replace(stack, after=tuple(after))
