"""`terrace init`: set up a repository, GitHub, or GitLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import JSON, DefaultGroup
from terrace.clouds.all import WITH_IDENTITY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terrace.apps.wiring.project import Project
    from terrace.apps.workflows.repository_facts import RepositoryFacts
    from terrace.apps.workflows.settings import Setting
    from terrace.apps.workflows.upgrading import Upgrade
    from terrace.errors import BadInput
    from terrace.report.json.setup import InitGithubJson


@click.group(cls=DefaultGroup)
def init() -> None:
    """Write terrace.yaml for this repository, or the files for GitHub or GitLab.

    `repository` is the default command: `terrace init` is `terrace init repository`.
    """


@init.command("repository")
@click.option("--yes", is_flag=True, help="Accept the proposal without asking.")
@click.option("--print", "show_only", is_flag=True, help="Print the proposed terrace.yaml; write nothing.")
@click.option("--dry-run", is_flag=True, help="Show which files would be written.")
@click.option(
    "--layout",
    type=click.Choice(["full"]),
    help="Write a whole repository: dev, staging, prod, modules with tests, a smoke test, policies, code owners.",
)
@click.pass_obj
def init_repository(folder: str, yes: bool, show_only: bool, dry_run: bool, layout: str | None) -> int:
    """Write terrace.yaml for this repository, or a whole repository in an empty folder.

    Terrace finds root modules by the content of their folders, in any layout. It proposes environments, their order and
    stack patterns from the names of folders and variable files, and asks about the rest or lists it. Existing files are
    not changed. Exits with 1 if no root module is found, or if you decline the proposal.

    \b
    Examples:
      terrace init                  ask, then write
      terrace init --print          only print; works with an existing terrace.yaml too
      terrace init --yes            accept the proposal
      terrace init --layout full    a whole repository, as in an empty folder
    """
    from terrace.apps.cli.first_files import write_first_files

    return write_first_files(folder, dry_run=dry_run, yes=yes, show_only=show_only, whole=layout is not None)


@init.command("github")
@click.option("--upgrade", "renew", is_flag=True, help="Update the generated files; files that you changed are kept.")
@click.option(
    "--oidc",
    "clouds",
    multiple=True,
    type=click.Choice(WITH_IDENTITY),
    help="Also write trust policies for this cloud.",
)
@click.option("--dry-run", is_flag=True, help="Show which files would be written.")
@JSON
@click.pass_obj
def init_github(folder: str, renew: bool, clouds: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Write workflows, actions, forms and CODEOWNERS for GitHub.

    The command also lists the settings that an administrator of the repository must make.

    .github/terrace.lock.json records the generated files. --upgrade shows the changes, and keeps files that you
    changed: it only shows their diff. Trust policies are written for the clouds whose providers the stacks use.

    \b
    Examples:
      terrace init github --dry-run
      terrace init github --upgrade
      terrace init github --oidc aws
    """
    from pathlib import Path

    from terrace import __version__
    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.project import Project
    from terrace.apps.workflows.generating import generate
    from terrace.apps.workflows.pins import pins
    from terrace.apps.workflows.record import LOCK, Record
    from terrace.apps.workflows.settings import settings
    from terrace.apps.workflows.upgrading import upgrade
    from terrace.apps.workflows.writing import find_namesakes, perform, read_existing, read_lock_file
    from terrace.errors import BadInput
    from terrace.text import visible

    project = Project(Path(folder), fetch=False)
    root = project.repository.root
    before = read_lock_file(root)
    if before is not None and not renew:
        raise BadInput(
            f"Terrace {visible(before.terrace)} has already written the files, according to {LOCK}",
            hint="terrace init github --upgrade   (add --dry-run to see the changes first)",
        )
    facts = _repository_facts(project, (*clouds, *(before.clouds if before else ())))
    files = generate(facts)
    others = find_namesakes(root, files)
    files = {path: text for path, text in files.items() if path not in others}
    now = read_existing(root, {*files, *(before.files if before else ())})
    after = Record(__version__, pins(), clouds=tuple(sorted({*clouds, *(before.clouds if before else ())})))
    todo = upgrade(files, now, before or Record(), after)
    if not dry_run:
        perform(root, todo)
    required = settings(facts)
    if as_json:
        emit(_github_json(todo, now, required, others))
    else:
        for path, other in others.items():
            show(f"not written: {path}, because {other} exists")
        _show_github(todo, now, required, dry_run=dry_run, renew=renew)
    return 0


def _repository_facts(project: Project, clouds: tuple[str, ...]) -> RepositoryFacts:
    """Returns the inputs of the files, read from the working tree: nothing is merged during a setup."""
    from terrace import __version__
    from terrace.adapters.github.connecting import place
    from terrace.apps.workflows.repository_facts import RepositoryFacts, clouds_of
    from terrace.hcl.facts import provider_sources

    inventory = project.survey(project.repository.snapshot())
    config = inventory.config
    if not config.environments:
        raise _nothing_to_deploy()
    sources = {source for folder in inventory.graph.folders.values() for source in provider_sources(folder.facts)}
    where = place({}, config.forge.repository, config.forge.api, project.repository.remote_url)
    repository = f"{where.owner}/{where.name}" if where is not None else ""
    local = tuple(stack.key for stack in inventory.stacks if inventory.graph.backend(stack) in ("", "local"))
    return RepositoryFacts(config, tuple(sorted({*clouds, *clouds_of(sources)})), repository, __version__, local)


def _nothing_to_deploy() -> BadInput:
    """Returns the error for a repository without environments."""
    from terrace.errors import BadInput

    return BadInput(
        "there are no environments yet, so there is nothing to write files for",
        hint="`terrace init` writes terrace.yaml",
    )


def _show_github(
    todo: Upgrade, now: Mapping[str, str], required: tuple[Setting, ...], *, dry_run: bool, renew: bool
) -> None:
    from terrace.apps.output.console import show, show_lines
    from terrace.apps.workflows.upgrading import diff

    would = "would " if dry_run else ""
    for path, text in todo.writes.items():
        show(f"{would}{'write' if dry_run else 'wrote'} {path}")
        if renew and path in now:
            show_lines(diff(path, now[path], text))
    for path in todo.gone:
        show(f"{would}{'remove' if dry_run else 'removed'} {path}")
    for path, text in todo.kept.items():
        show(f"not changed: {path}, because you edited it. Terrace would change:")
        show_lines(diff(path, now[path], text))
    for path in todo.missed:
        show(f"not written: {path}, because it was deleted")
    if not (todo.writes or todo.gone or todo.kept or todo.missed):
        show("everything is up to date")
    if todo.writes and not dry_run:
        show("")
        show("next: git add .github && git commit -m 'Have GitHub run Terrace'")
    show("")
    show("The following settings are not part of any file. Most of them need an administrator of the repository:")
    for number, setting in enumerate(required, 1):
        show("")
        show(f"{number}. {setting.what}")
        show(f"   why: {setting.why}")
        show(f"   where: {setting.where}")
        for command in setting.commands:
            show(f"   $ {command}")


def _github_json(
    todo: Upgrade, now: Mapping[str, str], required: tuple[Setting, ...], others: Mapping[str, str]
) -> InitGithubJson:
    from terrace.apps.workflows.upgrading import diff
    from terrace.report.json.setup import GithubSetting, InitGithubJson, KeptFile, OtherFile

    return InitGithubJson(
        written=tuple(sorted(todo.writes)),
        removed=tuple(todo.gone),
        kept=tuple(KeptFile(path=path, diff=diff(path, now[path], text)) for path, text in todo.kept.items()),
        missed=tuple(todo.missed),
        settings=tuple(
            GithubSetting(what=s.what, why=s.why, where=s.where, commands=tuple(s.commands)) for s in required
        ),
        elsewhere=tuple(OtherFile(path=path, theirs=other) for path, other in others.items()),
    )


@init.command("gitlab")
@click.option("--dry-run", is_flag=True, help="Print the file; write nothing.")
@JSON
@click.pass_obj
def init_gitlab(folder: str, dry_run: bool, as_json: bool) -> int:
    """Write .gitlab-ci.yml for GitLab.

    The command also lists the settings that a maintainer must make. An existing file is not changed.

    \b
    Examples:
      terrace init gitlab --dry-run
      terrace init gitlab
    """
    from pathlib import Path

    from terrace import __version__
    from terrace.adapters.files import write_new
    from terrace.apps.output.console import emit, show, show_lines
    from terrace.apps.wiring.project import Project
    from terrace.apps.workflows.gitlab import FILE, pipeline, settings
    from terrace.errors import BadInput
    from terrace.report.json.setup import GitlabSetting, InitGitlabJson

    project = Project(Path(folder), fetch=False)
    config = project.survey(project.repository.snapshot()).config
    if not config.environments:
        raise _nothing_to_deploy()
    text = pipeline(config, __version__)
    if not dry_run:
        try:
            write_new(project.repository.root, FILE, text.encode())
        except FileExistsError as error:
            raise BadInput(
                f"{FILE} exists", hint="`terrace init gitlab --dry-run` prints what you can copy to it"
            ) from error
    if as_json:
        required = tuple(GitlabSetting(what=s.what, why=s.why, where=s.where) for s in settings())
        emit(InitGitlabJson(written=() if dry_run else (FILE,), file=text, settings=required))
        return 0
    show_lines(text if dry_run else f"wrote {FILE}")
    show("")
    show("The following settings need a maintainer of the project:")
    for number, setting in enumerate(settings(), 1):
        show("")
        show(f"{number}. {setting.what}")
        show(f"   why: {setting.why}")
        show(f"   where: {setting.where}")
    return 0
