"""`init github`: the files that GitHub needs, and the settings that only an administrator can make there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terrace import __version__
from terrace.apps.cli.console import emit, show, show_lines
from terrace.apps.wiring.project import Project
from terrace.apps.workflows.generating import generated
from terrace.apps.workflows.pins import pins
from terrace.apps.workflows.premises import Premises, clouds_of
from terrace.apps.workflows.record import LOCK, Record
from terrace.apps.workflows.settings import Setting, settings
from terrace.apps.workflows.upgrading import Upgrade, diff, upgrade
from terrace.apps.workflows.writing import elsewhere, perform, recorded, there
from terrace.errors import BadInput
from terrace.hcl.facts import provider_sources
from terrace.text import visible


def init_github(folder: str, clouds: tuple[str, ...], *, renew: bool, dry_run: bool, as_json: bool) -> int:
    """Write what is missing, or with `renew` bring everything up to date; with `dry_run` only tell."""
    project = Project(Path(folder), fetch=False)
    root = project.repository.root
    before = recorded(root)
    if before is not None and not renew:
        raise BadInput(
            f"the files were written already, by Terrace {visible(before.terrace)}: {LOCK} says so",
            hint="terrace init github --upgrade   (with --dry-run it only shows what would change)",
        )
    premises = premises_of(project, (*clouds, *(before.clouds if before else ())))
    files = generated(premises)
    others = elsewhere(root, files)
    files = {path: text for path, text in files.items() if path not in others}
    now = there(root, {*files, *(before.files if before else ())})
    after = Record(__version__, pins(), clouds=tuple(sorted({*clouds, *(before.clouds if before else ())})))
    todo = upgrade(files, now, before or Record(), after)
    if not dry_run:
        perform(root, todo)
    asked = settings(premises)
    if as_json:
        emit({**_as_json(todo, now, asked), "elsewhere": [{"path": p, "theirs": t} for p, t in others.items()]})
    else:
        for path, theirs in others.items():
            show(f"left away: {path}, since {theirs} is there")
        _tell(todo, now, asked, dry_run=dry_run, renew=renew)
    return 0


def premises_of(project: Project, clouds: tuple[str, ...] = ()) -> Premises:
    """What the working tree says, committed or not: whoever begins has not merged anything yet."""
    from terrace.adapters.github.connecting import place

    here = project.survey(project.repository.snapshot())
    config = here.config
    if not config.environments:
        raise nothing_to_deploy()
    sources = {source for one in here.graph.folders.values() for source in provider_sources(one.facts)}
    found = clouds_of(sources)
    where = place({}, config.forge.repository, config.forge.api, project.repository.remote_url)
    repository = f"{where.owner}/{where.name}" if where is not None else ""
    local = tuple(stack.key for stack in here.stacks if here.graph.backend(stack) in ("", "local"))
    return Premises(config, tuple(sorted({*clouds, *found})), repository, __version__, local)


def nothing_to_deploy() -> BadInput:
    """The error of whoever asks for the files of a forge before there is an environment."""
    return BadInput(
        "there is no environment yet, so there is nothing to write files for", hint="`terrace init` writes terrace.yaml"
    )


def _tell(todo: Upgrade, now: Mapping[str, str], asked: tuple[Setting, ...], *, dry_run: bool, renew: bool) -> None:
    would = "would " if dry_run else ""
    for path, text in todo.writes.items():
        show(f"{would}{'write' if dry_run else 'wrote'} {path}")
        if renew and path in now:
            show_lines(diff(path, now[path], text))
    for path in todo.gone:
        show(f"{would}{'take' if dry_run else 'took'} away {path}")
    for path, text in todo.kept.items():
        show(f"left as it is: {path} is yours; Terrace would change:")
        show_lines(diff(path, now[path], text))
    for path in todo.missed:
        show(f"left away: {path} was taken away by somebody")
    if not (todo.writes or todo.gone or todo.kept or todo.missed):
        show("everything is up to date")
    if todo.writes and not dry_run:
        show("")
        show("next: git add .github && git commit -m 'Have GitHub run Terrace'")
    show("")
    show("No file can do the rest; most of it only an administrator of the repository can:")
    for number, setting in enumerate(asked, 1):
        show("")
        show(f"{number}. {setting.what}")
        show(f"   why: {setting.why}")
        show(f"   where: {setting.where}")
        for command in setting.commands:
            show(f"   $ {command}")


def _as_json(todo: Upgrade, now: Mapping[str, str], asked: tuple[Setting, ...]) -> dict[str, Any]:
    return {
        "schema": "terrace/init-github@1",
        "written": sorted(todo.writes),
        "removed": list(todo.gone),
        "kept": [{"path": path, "diff": diff(path, now[path], text)} for path, text in todo.kept.items()],
        "missed": list(todo.missed),
        "settings": [
            {"what": one.what, "why": one.why, "where": one.where, "commands": list(one.commands)} for one in asked
        ],
    }
