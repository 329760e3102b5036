"""`init gitlab`: the pipeline of GitLab CI, and the settings that only a maintainer can make there."""

from __future__ import annotations

from pathlib import Path

from terrace import __version__
from terrace.adapters.files import write_new
from terrace.apps.cli.console import emit, show, show_lines
from terrace.apps.cli.init_github import nothing_to_deploy
from terrace.apps.wiring.project import Project
from terrace.apps.workflows.gitlab import FILE, pipeline, settings
from terrace.errors import BadInput


def init_gitlab(folder: str, *, dry_run: bool, as_json: bool) -> int:
    """Write the file; with `dry_run` only show it. Raises BadInput where there is one: it is not changed."""
    project = Project(Path(folder), fetch=False)
    root = project.repository.root
    config = project.survey(project.repository.snapshot()).config
    if not config.environments:
        raise nothing_to_deploy()
    text = pipeline(config, __version__)
    if not dry_run:
        try:
            write_new(root, FILE, text.encode())
        except FileExistsError as error:
            raise BadInput(
                f"{FILE} is there", hint="`terrace init gitlab --dry-run` shows what could be taken over into it"
            ) from error
    if as_json:
        asked = [{"what": one.what, "why": one.why, "where": one.where} for one in settings()]
        emit({"schema": "terrace/init-gitlab@1", "written": [] if dry_run else [FILE], "file": text, "settings": asked})
        return 0
    show_lines(text if dry_run else f"wrote {FILE}")
    show("")
    show("Only a maintainer of the project can do the rest:")
    for number, one in enumerate(settings(), 1):
        show("")
        show(f"{number}. {one.what}")
        show(f"   why: {one.why}")
        show(f"   where: {one.where}")
    return 0
