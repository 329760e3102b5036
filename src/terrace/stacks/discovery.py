"""Which stacks a tree holds: by the house convention, and by `stacks:` of terrace.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from terrace.errors import BadInput, Place
from terrace.stacks.config import Config, StackSetting
from terrace.stacks.layout import Layout
from terrace.stacks.model import Stack
from terrace.stacks.naming import NAME, no_such
from terrace.stacks.tree import Tree

HOME = "environments"
"""The folder of the convention: `environments/<env>` and `environments/<env>/<stack>`."""


def environments(tree: Tree) -> tuple[str, ...]:
    """The environments that the convention finds, sorted."""
    return tuple(sorted({stack.environment for stack in _conventional(Layout(tree))}))


def discover(tree: Tree, config: Config) -> tuple[Stack, ...]:
    """Every stack, sorted; those that are refused too. Raises BadInput for names that cannot be used."""
    layout = Layout(tree)
    found = {(stack.environment, stack.path): stack for stack in _conventional(layout)}
    for setting in config.stacks:
        found[setting.environment, setting.path] = _set(setting, found)
    stacks = tuple(sorted(found.values()))
    _distinct(stacks)
    known = {environment.name for environment in config.environments}
    for stack in stacks:
        if stack.environment not in known:
            raise BadInput(
                f"{stack.path} belongs to the environment {stack.environment!r}, which terrace.yaml does not name",
                hint=f"add it: environments: {{{stack.environment}: {{}}}}",
                place=Place(config.source or stack.path),
            )
    return tuple(_with_keys(stack, stacks, config) for stack in stacks)


def _conventional(layout: Layout) -> Iterator[Stack]:
    linked = [link for link in layout.links if layout.configuration(link)]
    for folder in (*layout.folders, *linked):
        parts = folder.split("/")
        if parts[0] != HOME or len(parts) not in (2, 3):
            continue
        for part in parts[1:]:
            if not NAME.fullmatch(part):
                shown = folder.encode("unicode_escape", "backslashreplace").decode()
                raise BadInput(
                    f"the folder {shown!r} cannot name an environment or a stack",
                    hint="use letters, digits, `.`, `_` and `-`, 63 at most, and no leading dash",
                )
        yield Stack.conventional(parts[1], folder)


def _set(setting: StackSetting, found: dict[tuple[str, str], Stack]) -> Stack:
    stack = found.get((setting.environment, setting.path)) or Stack(setting.environment, setting.path, setting.name)
    return replace(
        stack,
        name=setting.name,
        after=setting.after,
        var_files=setting.var_files,
        backend_config=tuple(sorted(setting.backend_config.items())),
    )


def _distinct(stacks: tuple[Stack, ...]) -> None:
    seen: dict[str, Stack] = {}
    for stack in stacks:
        other = seen.setdefault(stack.key, stack)
        if other is not stack:
            raise BadInput(
                f"{other.path} and {stack.path} are both the stack {stack.key}",
                hint="give one of them another name: stacks: [{path: ..., environment: ..., name: ...}]",
            )


def _with_keys(stack: Stack, stacks: tuple[Stack, ...], config: Config) -> Stack:
    """`after` as keys; terrace.yaml says names within the environment, or keys."""
    if not stack.after:
        return stack
    named = {other.name: other.key for other in stacks if other.environment == stack.environment}
    keys = set(named.values())
    after = []
    for name in stack.after:
        if name not in named and name not in keys:
            wrong = no_such("stack", name, sorted(named))
            raise BadInput(f"{stack.key}: after: {wrong.message}", hint=wrong.hint, place=Place(config.source))
        after.append(named.get(name, name))
    return replace(stack, after=tuple(after))
