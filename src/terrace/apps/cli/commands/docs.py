"""`terrace docs`: the module docs in READMEs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

from terrace.apps.cli.options import JSON

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from terrace.apps.wiring.project import Project
    from terrace.checks.module_docs.readmes import Documented, ModulePages
    from terrace.report.json.checks import DocsState, DocumentedModule

FOLDERS = click.argument("folders", nargs=-1, metavar="[FOLDER]...")

_STATES = ("current", "written", "missing", "differs", "unknown")


@click.group()
def docs() -> None:
    """Write or check the module docs in READMEs."""


@docs.command("generate")
@FOLDERS
@JSON
@click.pass_obj
def docs_generate(folder: str, folders: tuple[str, ...], as_json: bool) -> int:
    """Write inputs, outputs, requirements, providers, resources and modules to the README of each module.

    The docs go between markers; those of terraform-docs work too. Text outside the markers is kept. A missing README is
    created. Without FOLDER, all modules are documented, and stacks, examples and tests whose README has markers.

    \b
    Examples:
      terrace docs generate
      terrace docs generate modules/network environments/dev
    """
    from terrace.checks.module_docs.readmes import Page, Unknown
    from terrace.errors import Place

    project, pages = _read_pages(folder, folders)
    conflicts = project.repository.conflicts()
    results: list[tuple[Documented, DocsState]] = []
    for page in pages:
        if isinstance(page, Page) and page.readme in conflicts:
            page = Unknown(page.folder, Place(page.readme), "the file has merge conflicts", "finish the merge first")
        results.append((page, _write(project, page)))
    _show("generate", results, as_json=as_json)
    return 2 if any(isinstance(page, Unknown) for page, _ in results) else 0


@docs.command("check")
@FOLDERS
@JSON
@click.pass_obj
def docs_check(folder: str, folders: tuple[str, ...], as_json: bool) -> int:
    """Show which module docs are out of date, with the diff. Exits with 1 if there are any.

    \b
    Examples:
      terrace docs check
      terrace docs check modules/network --json
    """
    _, pages = _read_pages(folder, folders)
    results = [(page, _state(page)) for page in pages]
    _show("check", results, as_json=as_json)
    states = {state for _, state in results}
    return 2 if "unknown" in states else 0 if states <= {"current"} else 1


def _read_pages(folder: str, names: tuple[str, ...]) -> tuple[Project, list[Documented]]:
    from pathlib import Path

    from terrace.adapters.files import read_plain
    from terrace.apps.wiring.project import Project
    from terrace.checks.module_docs.readmes import ModulePages
    from terrace.stacks.discovery import discover

    project = Project(Path(folder), fetch=False)
    head = project.repository.snapshot()
    tree = project.repository.tree(head)
    root = project.repository.root
    # The bytes of the working tree: Git may store other line endings.
    pages = ModulePages(tree, discover(tree, project.config_at(head)), lambda path: read_plain(root, path))
    folders = _folders_of(pages, root, Path(folder), names) if names else pages.modules()
    return project, list(pages.of(folders))


def _folders_of(pages: ModulePages, root: Path, start: Path, names: Iterable[str]) -> list[str]:
    """Returns the modules in these folders."""
    import os
    from pathlib import Path

    from terrace.errors import BadInput

    folders: set[str] = set()
    for name in names:
        real = Path(os.path.normpath(start.absolute() / name))
        if not real.is_relative_to(root):
            # The path to the repository may contain links; below its root they are not followed.
            real = real.resolve()
        if not real.is_relative_to(root):
            raise BadInput(f"{name} is outside the repository", hint=f"the repository is {root}")
        path = real.relative_to(root).as_posix().removeprefix(".")
        below = [module for module in pages.modules() if module.startswith(f"{path}/") or not path]
        modules = [path] if path in pages.layout.folders else below
        if not modules:
            raise BadInput(f"{name} contains no module", hint="name a folder with *.tf, *.tofu or *.tf.json files")
        folders.update(modules)
    return sorted(folders)


def _write(project: Project, documented: Documented) -> DocsState:
    from terrace.adapters.files import write_whole
    from terrace.checks.module_docs.readmes import Unknown

    if isinstance(documented, Unknown) or documented.current:
        return _state(documented)
    write_whole(project.repository.root, documented.readme, documented.after)
    return "written"


def _state(documented: Documented) -> DocsState:
    from terrace.checks.module_docs.readmes import Unknown

    if isinstance(documented, Unknown):
        return "unknown"
    if documented.current:
        return "current"
    return "missing" if documented.before is None else "differs"


def _show(command: Literal["generate", "check"], results: list[tuple[Documented, DocsState]], *, as_json: bool) -> None:
    from terrace.apps.output.console import emit, note, show_lines
    from terrace.checks.module_docs.readmes import Unknown
    from terrace.errors import BadInput
    from terrace.report.json.checks import DocsJson
    from terrace.text import visible

    if as_json:
        emit(
            DocsJson(
                command=command, modules=tuple(_documented_module(documented, state) for documented, state in results)
            )
        )
        return
    for documented, state in results:
        if isinstance(documented, Unknown):
            error = BadInput(documented.why, hint=documented.hint, place=documented.place)
            note(f"error: {error}")
            if documented.hint:
                note(f"  hint: {documented.hint}")
        elif state == "written":
            sys.stdout.write(f"wrote {visible(documented.readme)}\n")
        elif state != "current":
            where = f"{visible(documented.readme)}:{documented.line}" if documented.line else visible(documented.readme)
            problem = "there is no README" if state == "missing" else "the module docs are out of date"
            sys.stdout.write(f"{where}: {problem}\n")
            show_lines(documented.diff)
    counts = {state: sum(1 for _, each in results if each == state) for state in _STATES}
    summary = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    note(
        f"{len(results)} {'module' if len(results) == 1 else 'modules'}: {summary}"
        if results
        else "there are no modules"
    )
    if command == "check" and counts["missing"] + counts["differs"]:
        note("hint: terrace docs generate")


def _documented_module(documented: Documented, state: DocsState) -> DocumentedModule:
    from terrace.checks.module_docs.readmes import Unknown
    from terrace.report.json.checks import DocumentedModule

    if isinstance(documented, Unknown):
        path, line = documented.place.path, documented.place.line
        return DocumentedModule(
            folder=documented.folder, state=state, path=path, line=line, message=documented.why, diff=""
        )
    diff = "" if state == "written" else documented.diff
    return DocumentedModule(
        folder=documented.folder, state=state, path=documented.readme, line=documented.line, message="", diff=diff
    )
