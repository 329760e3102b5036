"""`check --fix`: applies automatic fixes to the working tree before the check."""

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

_DOCS = "module docs"


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix of one file in the working tree. `why_not` is empty if the file was written."""

    path: str
    what: str
    why_not: str = ""


def apply_fixes(project: Project, change_set: ChangeSet) -> tuple[Fix, ...]:
    """Formats the files of a change, then updates the module docs that the check `docs` would report.

    Files with merge conflicts, links, and files outside the repository are not changed. Disabled checks are skipped.
    """
    config = project.trust.config
    conflicts = project.repository.conflicts()
    changed = tuple(path for path in change_set.changed if path not in conflicts)
    done = [Fix(path, "", "it has merge conflicts") for path in change_set.changed if path in conflicts]
    if config.level("format") != "off":
        done += _format(project, changed)
    if config.level("docs") != "off":
        # Formatting can change how a type or a default is written.
        done += _document(project, changed, conflicts)
    return tuple(done)


def _format(project: Project, changed: tuple[str, ...]) -> Iterator[Fix]:
    root = project.repository.root
    contents: dict[str, bytes] = {}
    for path in changed:
        if path.endswith(FORMATTED):
            try:
                content = read_plain(root, path)
            except BadInput as error:
                yield Fix(path, "formatting", error.message)
                continue
            if content is not None:
                contents[path] = content
    for path, after in project.terraform.format(contents).items():
        if after is None:
            yield Fix(path, "formatting", "it cannot be read")
        elif after != contents[path]:
            yield _write(project, path, after, "formatting")


def _document(project: Project, changed: tuple[str, ...], conflicts: frozenset[str]) -> Iterator[Fix]:
    from terrace.stacks.discovery import discover

    root = project.repository.root
    head = project.repository.snapshot()
    tree = project.repository.tree(head)
    pages = ModulePages(tree, discover(tree, project.config_at(head)), lambda path: read_plain(root, path))
    every_module = project.trust.config.setting(SETTINGS).modules == "all"
    for documented in pages.of(pages.find_required(map(parent, changed), every_module=every_module)):
        if isinstance(documented, Unknown):
            yield Fix(str(documented.place), _DOCS, documented.why)
        elif documented.readme in conflicts:
            yield Fix(documented.readme, _DOCS, "it has merge conflicts")
        elif not documented.current:
            yield _write(project, documented.readme, documented.after, _DOCS)


def _write(project: Project, path: str, content: bytes, description: str) -> Fix:
    root = project.repository.root
    if any((root / above / ".git").exists() for above in PurePosixPath(path).parents if str(above) != "."):
        return Fix(path, description, "it is in a Git submodule; fix it in the repository of the submodule")
    try:
        write_whole(project.repository.root, path, content)
    except TerraceError as error:
        return Fix(path, description, error.message)
    return Fix(path, description)
