"""The modules and files that a change touches, for the checks that read only those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from terrace.hcl.layout import Layout, is_configuration, parent
from terrace.hcl.tree import Tree, read_many

if TYPE_CHECKING:
    from terrace.checks.base import CheckContext


def head_of(context: CheckContext) -> Tree:
    """Returns the tree of the change's head."""
    return context.adapters.repository.tree(context.change_set.head)


def touched_modules(context: CheckContext) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields every folder that has a changed file and holds configuration, with its configuration files.

    Links are followed.
    """
    tree = head_of(context)
    layout = Layout(tree)
    for folder in sorted({parent(path) for path in context.change_set.changed} & layout.folders.keys()):
        files = [layout.resolve(f"{folder}/{name}" if folder else name).real for name in layout.folders[folder]]
        yield folder, tuple(sorted({path for path in files if path is not None and path in tree.entries}))


def changed_configuration(context: CheckContext) -> Mapping[str, bytes]:
    """Returns the changed configuration files of either syntax that still exist, with their contents."""
    tree = head_of(context)
    names = (path for path in context.change_set.changed if is_configuration(path.rpartition("/")[2]))
    return read_many(tree, sorted(path for path in names if path in tree.entries and not tree.entries[path].is_link))


def root_folders(context: CheckContext) -> frozenset[str]:
    """Returns the folders of root modules that are stacks."""
    return frozenset(stack.path for stack in context.inventory.stacks)
