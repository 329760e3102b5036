"""`docs generate` and `docs check`: the pages of modules in their READMEs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from terrace.adapters.files import read_plain, write_whole
from terrace.apps.cli.console import emit, note, show_lines
from terrace.apps.wiring.project import Project
from terrace.checks.module_docs.readmes import Documented, ModulePages, Page, Unknown
from terrace.errors import BadInput, Place
from terrace.text import visible

STATES = ("current", "written", "missing", "differs", "unknown")


def generate(folder: str, wanted: tuple[str, ...], *, as_json: bool) -> int:
    """Write the pages; exit 2 when one could not be told, the others are written."""
    project, found = _documented(folder, wanted)
    conflicts = project.repository.conflicts()
    told: list[tuple[Documented, str]] = []
    for one in found:
        if isinstance(one, Page) and one.readme in conflicts:
            one = Unknown(one.folder, Place(one.readme), "it is in conflict", "end the merge first")
        told.append((one, _written(project, one)))
    _tell("generate", told, as_json=as_json)
    return 2 if any(isinstance(one, Unknown) for one, _ in told) else 0


def check(folder: str, wanted: tuple[str, ...], *, as_json: bool) -> int:
    """Tell which pages `generate` would write, with the diff; exit 1 when there is one, 2 when one cannot be told."""
    _, found = _documented(folder, wanted)
    told = [(one, _state(one)) for one in found]
    _tell("check", told, as_json=as_json)
    states = {state for _, state in told}
    return 2 if "unknown" in states else 0 if states <= {"current"} else 1


def _documented(folder: str, wanted: tuple[str, ...]) -> tuple[Project, list[Documented]]:
    from terrace.stacks.discovery import discover

    project = Project(Path(folder), fetch=False)
    head = project.repository.snapshot()
    tree = project.repository.tree(head)
    root = project.repository.root
    # The working tree's own bytes: Git may keep other line ends than stand there.
    pages = ModulePages(tree, discover(tree, project.config_at(head)), lambda path: read_plain(root, path))
    folders = _named(pages, root, Path(folder), wanted) if wanted else pages.modules()
    return project, list(pages.of(folders))


def _named(pages: ModulePages, root: Path, start: Path, wanted: Iterable[str]) -> list[str]:
    """The modules that these folders are or hold."""
    found: set[str] = set()
    for name in wanted:
        real = Path(os.path.normpath(start.absolute() / name))
        if not real.is_relative_to(root):
            # The way to the repository may lead through links; below its root they are not followed.
            real = real.resolve()
        if not real.is_relative_to(root):
            raise BadInput(f"{name} is outside of the repository", hint=f"the repository is {root}")
        path = real.relative_to(root).as_posix().removeprefix(".")
        below = [one for one in pages.modules() if one.startswith(f"{path}/") or not path]
        mine = [path] if path in pages.layout.folders else below
        if not mine:
            raise BadInput(f"no module is in {name}", hint="name a folder with *.tf, *.tofu or *.tf.json files")
        found.update(mine)
    return sorted(found)


def _written(project: Project, one: Documented) -> str:
    if isinstance(one, Unknown) or one.current:
        return _state(one)
    write_whole(project.repository.root, one.readme, one.after)
    return "written"


def _state(one: Documented) -> str:
    if isinstance(one, Unknown):
        return "unknown"
    if one.current:
        return "current"
    return "missing" if one.before is None else "differs"


def say(text: str) -> None:
    """Print a line on stdout, whatever its width."""
    sys.stdout.write(text + "\n")


def _tell(command: str, told: list[tuple[Documented, str]], *, as_json: bool) -> None:
    if as_json:
        emit({"schema": "terrace/docs@1", "command": command, "modules": [_record(one, state) for one, state in told]})
        return
    for one, state in told:
        if isinstance(one, Unknown):
            error = BadInput(one.why, hint=one.hint, place=one.place)
            note(f"error: {error}")
            if one.hint:
                note(f"  hint: {one.hint}")
        elif state == "written":
            say(f"wrote {visible(one.readme)}")
        elif state != "current":
            where = f"{visible(one.readme)}:{one.line}" if one.line else visible(one.readme)
            say(f"{where}: {'there is no README' if state == 'missing' else 'the page is not what the module is'}")
            show_lines(one.diff)
    counts = {state: sum(1 for _, each in told if each == state) for state in STATES}
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    note(f"{len(told)} {'module' if len(told) == 1 else 'modules'}: {said}" if told else "there is no module")
    if command == "check" and counts["missing"] + counts["differs"]:
        note("hint: terrace docs generate")


def _record(one: Documented, state: str) -> dict[str, Any]:
    if isinstance(one, Unknown):
        place = {"path": one.place.path, "line": one.place.line}
        return {"folder": one.folder, "state": state, **place, "message": one.why, "diff": ""}
    return {
        "folder": one.folder,
        "state": state,
        "path": one.readme,
        "line": one.line,
        "message": "",
        "diff": "" if state == "written" else one.diff,
    }
