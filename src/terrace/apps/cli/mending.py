"""`check --fix`: what can be mended without anybody's judgement is mended in the working tree, before it is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from terrace.adapters.files import read_plain, write_whole
from terrace.apps.wiring.project import Project
from terrace.checks.formatting import FORMATTED
from terrace.checks.module_docs.check import SETTINGS
from terrace.checks.module_docs.readmes import ModulePages, Unknown
from terrace.errors import BadInput, TerraceError
from terrace.hcl.layout import parent
from terrace.stacks.model import ChangeSet

_PAGE = "page of the module"


@dataclass(frozen=True, slots=True)
class Mended:
    """One file of the working tree. `why_not` is empty where it was written."""

    path: str
    what: str
    why_not: str = ""


def mend(project: Project, change_set: ChangeSet) -> tuple[Mended, ...]:
    """Format the files of a change, then write the pages of its modules that the check `docs` would name.

    Files in conflict, links, and what lies outside of the repository are left alone. What a check that is off would
    name is not mended.
    """
    config = project.trust.config
    conflicts = project.repository.conflicts()
    changed = tuple(path for path in change_set.changed if path not in conflicts)
    done = [Mended(path, "", "it is in conflict") for path in change_set.changed if path in conflicts]
    if config.level("format") != "off":
        done += _formatted(project, changed)
    if config.level("docs") != "off":
        # Formatting may have changed how a type or a default is written.
        done += _documented(project, changed, conflicts)
    return tuple(done)


def _formatted(project: Project, changed: tuple[str, ...]) -> Iterator[Mended]:
    root = project.repository.root
    contents: dict[str, bytes] = {}
    for path in changed:
        if path.endswith(FORMATTED):
            try:
                content = read_plain(root, path)
            except BadInput as error:
                yield Mended(path, "formatting", error.message)
                continue
            if content is not None:
                contents[path] = content
    for path, after in project.terraform.formatted(contents).items():
        if after is None:
            yield Mended(path, "formatting", "it cannot be read")
        elif after != contents[path]:
            yield _put(project, path, after, "formatting")


def _documented(project: Project, changed: tuple[str, ...], conflicts: frozenset[str]) -> Iterator[Mended]:
    from terrace.stacks.discovery import discover

    root = project.repository.root
    head = project.repository.snapshot()
    tree = project.repository.tree(head)
    pages = ModulePages(tree, discover(tree, project.config_at(head)), lambda path: read_plain(root, path))
    every_module = project.trust.config.setting(SETTINGS).modules == "all"
    for one in pages.of(pages.required(map(parent, changed), every_module=every_module)):
        if isinstance(one, Unknown):
            yield Mended(str(one.place), _PAGE, one.why)
        elif one.readme in conflicts:
            yield Mended(one.readme, _PAGE, "it is in conflict")
        elif not one.current:
            yield _put(project, one.readme, one.after, _PAGE)


def _put(project: Project, path: str, content: bytes, what: str) -> Mended:
    root = project.repository.root
    if any((root / above / ".git").exists() for above in PurePosixPath(path).parents if str(above) != "."):
        return Mended(path, what, "it is in a Git submodule: fix it in its own repository")
    try:
        write_whole(project.repository.root, path, content)
    except TerraceError as error:
        return Mended(path, what, error.message)
    return Mended(path, what)
